package network

import (
	"fmt"
	"os"
	"time"

	"sonde/probe"
)

// sourcePorts is the block of source ports to take from: the given one, or
// what lies above the range from which the kernel serves its own sockets.
func sourcePorts(given uint16) probe.Ports {
	if given != 0 {
		return probe.Ports{First: given, N: 1}
	}
	first, _ := FreePorts()
	// The block begins anywhere in the first half of what is there, so that two
	// scans in a row do not meet each other's half-open connections.
	room := 65536 - first
	start := first + int(time.Now().UnixNano()/1000)%(room/2)
	return probe.Ports{First: uint16(start), N: uint16(room / 2)}
}

// FreePorts returns the first source port of those that blocks are taken from up
// to 65535, and whether the kernel takes some of them for its own sockets.
func FreePorts() (first int, shared bool) {
	_, last, ok := KernelPorts()
	if ok && last < 64000 {
		return last + 1, false
	}
	return 61000, ok
}

// KernelPorts returns the range from which the kernel serves its own sockets.
func KernelPorts() (first, last int, ok bool) {
	b, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 0, 0, false
	}
	n, _ := fmt.Sscan(string(b), &first, &last)
	return first, last, n == 2
}
