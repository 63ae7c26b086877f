package main

import (
	"os"
	"sync"
	"time"

	"sonde/output"
	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/capture"
)

// tap shows packets to --packet-trace and --pcap.
type tap struct {
	trace *output.Stream // nil: no --packet-trace
	file  *os.File       // nil: no --pcap
	data  *output.Stream
	pcap  *capture.Writer

	mu     sync.Mutex
	packet wire.Packet
	line   []byte
}

// openTap opens what --packet-trace and --pcap write to; nil if neither was
// given.
func (j *job) openTap() (*tap, error) {
	if !j.flags.trace && j.flags.pcap == "" {
		return nil, nil
	}
	t := &tap{}
	if j.flags.trace {
		t.trace = output.NewStream(j.app.stderr)
	}
	if j.flags.pcap != "" {
		var err error
		if t.file, err = os.Create(j.flags.pcap); err != nil {
			return nil, local(err)
		}
		t.data = output.NewStream(t.file)
		if t.pcap, err = capture.NewWriter(t.data, "sonde "+version, j.network.start); err != nil {
			return nil, local(err)
		}
	}
	return t, nil
}

func (t *tap) Sent(at time.Duration, etherType uint16, b []byte, p probe.Probe) {
	t.see(capture.Sent, at, etherType, b)
}

func (t *tap) Received(at time.Duration, etherType uint16, b []byte, p probe.Probe) {
	t.see(capture.Received, at, etherType, b)
}

func (t *tap) see(dir capture.Direction, at time.Duration, etherType uint16, b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.trace != nil {
		t.packet.Parse(b, etherType)
		t.line = append(capture.AppendLine(t.line[:0], &t.packet, dir, at, etherType, b), '\n')
		t.trace.Write(t.line)
	}
	if t.pcap != nil {
		t.pcap.Packet(dir, at, etherType, wire.MAC{}, b, nil)
	}
}

// close writes out what waits. It may be called on nil.
func (t *tap) close() error {
	if t == nil {
		return nil
	}
	var err error
	keep := func(e error) {
		if err == nil {
			err = e
		}
	}
	if t.trace != nil {
		t.trace.Close() // a terminal that is gone is no failure of the scan
	}
	if t.pcap != nil {
		keep(t.pcap.Close())
		keep(t.data.Close())
		keep(t.file.Close())
	}
	return err
}
