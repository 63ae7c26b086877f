package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sonde/probe/wire"
)

// TestFlagsTakeEffect: what flags make of the packets that leave, and of when
// they leave. Those about targets, states, output and interfaces have tests of
// their own.
func TestFlagsTakeEffect(t *testing.T) {
	type check func(o *simulated) (got, want any)
	first := func(field func(p *packet) any, want any) check {
		return func(o *simulated) (any, any) { return field(&o.sent[0]), want }
	}
	ttl := func(p *packet) any { return p.IP.TTL }
	tos := func(p *packet) any { return p.IP.TOS }
	source := func(p *packet) any { return p.TCP.Src }
	options := func(p *packet) any {
		text := string(wire.AppendOptions(nil, p.TCP.Options()))
		if i := strings.Index(text, "ts="); i >= 0 { // its value is the time
			text = text[:i] + text[i+strings.IndexByte(text[i:], ','):]
		}
		return text
	}
	kind := func(p *packet) any {
		switch p.Layer {
		case wire.LayerTCP:
			return fmt.Sprint(map[uint8]string{wire.SYN: "SYN ", wire.ACK: "ACK "}[p.TCP.Flags], p.TCP.Dst)
		case wire.LayerUDP:
			return fmt.Sprint("UDP ", p.UDP.Dst)
		case wire.LayerICMP:
			return fmt.Sprint(p.ICMP.Msg)
		}
		return fmt.Sprint("layer ", p.Layer)
	}
	tries := func(want int) check {
		return func(o *simulated) (any, any) { return len(o.sent), want }
	}
	took := func(want time.Duration) check {
		return func(o *simulated) (any, any) { return o.elapsed.Round(10 * time.Millisecond), want }
	}
	apart := func(want time.Duration) check {
		return func(o *simulated) (any, any) { return (o.sent[1].at - o.sent[0].at).Round(time.Millisecond), want }
	}
	distinct := func(want int) check {
		return func(o *simulated) (any, any) {
			var ports []uint16
			for _, p := range o.sent {
				ports = append(ports, p.TCP.Dst+p.UDP.Dst)
			}
			slices.Sort(ports)
			return len(slices.Compact(ports)), want
		}
	}
	for _, tt := range []struct {
		line  string
		check check
	}{
		{"tcp -p 80", first(ttl, uint8(64))},
		{"tcp -p 80 --ttl 7", first(ttl, uint8(7))},
		{"udp -p 53 --ttl 7", first(ttl, uint8(7))},
		{"sweep -PE --ttl 7", first(ttl, uint8(7))},
		{"sweep -PA --ttl 7", first(ttl, uint8(7))},
		{"tcp -p 80", first(tos, uint8(0))},
		{"tcp -p 80 --tos 0x10", first(tos, uint8(16))},
		{"tcp -p 80 --dscp ef", first(tos, uint8(46<<2))},
		{"udp -p 53 --dscp af11", first(tos, uint8(10<<2))},
		{"sweep -PE --dscp cs3", first(tos, uint8(24<<2))},
		{"tcp -p 80 -g 4025", first(source, uint16(4025))},
		{"tcp -p 80 --tcp-options none", first(options, "none")},
		{"tcp -p 80 --tcp-options mss=1200,nop,wscale=3", first(options, "mss=1200,nop,wscale=3")},
		{"sweep -PS80 --tcp-options mss=1200,nop,wscale=3", first(options, "mss=1200,nop,wscale=3")},

		{"sweep -PE", first(kind, fmt.Sprint(wire.EchoRequest))},
		{"sweep -PS81", first(kind, "SYN 81")},
		{"sweep -PA81", first(kind, "ACK 81")},
		{"sweep -PU54", first(kind, "UDP 54")},
		{"tcp -p 22 -PE", first(kind, fmt.Sprint(wire.EchoRequest))},
		{"tcp -p 22 -PN", first(kind, "SYN 22")},
		{"tcp -p 22 -sS", first(kind, "SYN 22")},

		{"tcp --max-retries 0", distinct(1000)},
		{"tcp --max-retries 0 --top 3", distinct(3)},
		{"udp --max-retries 0", distinct(100)},
		{"udp --max-retries 0 --top 3", distinct(3)},

		{"tcp -p 445", tries(3)},
		{"tcp -p 445 --max-retries 0", tries(1)},
		{"tcp -p 445 --max-retries 4", tries(5)},
		{"tcp -p 445 -T5", tries(2)},
		{"tcp -p 80,81", took(10 * time.Millisecond)}, // a round trip
		{"tcp -p 445", took(2 * time.Second)},
		{"tcp -p 445 -T4", took(time.Second)},
		{"tcp -p 445 -T insane", took(150 * time.Millisecond)},
		{"tcp -p 445 --timeout 300ms", took(600 * time.Millisecond)},
		{"tcp -p 445 --deadline 700ms", took(700 * time.Millisecond)},
		{"tcp -p 445 --host-timeout 300ms", tries(1)}, // and waits for the answer to that
		{"tcp -p 80,81 -T0", apart(300 * time.Second)},
		{"tcp -p 80,81 -T1", apart(15 * time.Second)},
		{"tcp -p 80,81 -T2", apart(400 * time.Millisecond)},
		{"tcp -p 80,81 --rate 2", apart(500 * time.Millisecond)},
	} {
		for _, target := range []string{"10.1.0.1", "2001:db8:1::1"} {
			o := on(exits, tt.line+" "+target).run(t)
			if len(o.sent) == 0 {
				t.Errorf("%s %s: nothing is sent\n%s", tt.line, target, o.stderr)
				continue
			}
			if got, want := tt.check(o); got != want {
				t.Errorf("%s %s: %v, want %v", tt.line, target, got, want)
			}
		}
	}
	// The default options are a Linux client's; the MSS leaves room for the header.
	for target, want := range map[string]string{"10.1.0.1": "mss=1460,sackok,,nop,wscale=7", "2001:db8:1::1": "mss=1440,sackok,,nop,wscale=7"} {
		if o := on(exits, "tcp -p 80 "+target).run(t); options(&o.sent[0]) != want {
			t.Errorf("%s: options %v, want %s", target, options(&o.sent[0]), want)
		}
	}
}
