package main

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sonde/output"
	"sonde/probe/wire"
	"sonde/scan"
)

// TestTapOrder: packets are shown in the order in which they passed, whoever
// came to tell first, and all of them by the end.
func TestTapOrder(t *testing.T) {
	var out bytes.Buffer
	tap := &tap{trace: output.NewStream(&out)}
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	ask := wire.AppendTCP(nil, &wire.IP{Src: a, Dst: b, Proto: wire.ProtoTCP, TTL: 64}, &wire.TCP{Src: 1, Dst: 2, Flags: wire.SYN}, nil)
	answer := wire.AppendTCP(nil, &wire.IP{Src: b, Dst: a, Proto: wire.ProtoTCP, TTL: 64}, &wire.TCP{Src: 2, Dst: 1, Flags: wire.RST | wire.ACK}, nil)
	const packets = 1000
	for i := range packets / 2 {
		at := time.Duration(i) * time.Millisecond // more than all that wait at a time
		tap.Received(scan.Passed{At: at + 100*time.Microsecond, EtherType: wire.TypeIPv4, Bytes: answer})
		tap.Sent(scan.Passed{At: at, EtherType: wire.TypeIPv4, Bytes: ask})
	}
	if err := tap.close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != packets {
		t.Fatalf("%d lines, want %d", len(lines), packets)
	}
	for i, line := range lines {
		if want := []string{"SENT", "RCVD"}[i%2]; !strings.HasPrefix(line, want) {
			t.Fatalf("line %d is no %s: %s", i, want, line)
		}
	}
}
