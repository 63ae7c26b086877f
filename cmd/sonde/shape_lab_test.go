package main

import (
	"strings"
	"testing"

	"sonde/probe/wire"
	"sonde/scan/lab"
)

// TestShapeAtReceiver: TOS byte and source port are what was asked for when the
// SYN arrives, its options those of a Linux client, and the reply is shown field
// by field.
func TestShapeAtReceiver(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.server.TCP(80)
	for _, f := range families() {
		t.Run(f.name, func(t *testing.T) {
			arriving := n.server.Capture("eth0")
			o := ask(t, n.client, "tcp -p 80 --tos 184 -g 4025 -v", f.server)
			o.wantPort(t, 80, "open (syn-ack)")
			o.wantExit(t, 0)

			packets := arriving.Packets()
			syns := packets.In().Find(func(p *lab.Packet) bool { return p.TCP() != nil && p.TCP().SYN })
			if len(syns) != 1 {
				t.Fatalf("%d SYNs arrived, want 1:\n%v", len(syns), packets)
			}
			var tos, ttl uint8
			if ip := syns[0].IPv4(); ip != nil {
				tos, ttl = ip.TOS, ip.TTL
			} else {
				tos, ttl = syns[0].IPv6().TrafficClass, syns[0].IPv6().HopLimit
			}
			if tos != 0xb8 || ttl != 63 || syns[0].TCP().SrcPort != 4025 {
				t.Errorf("TOS %#x, TTL %d, source port %d", tos, ttl, syns[0].TCP().SrcPort)
			}
			if got := optionNames(syns[0]); got != "MSS SACKPermitted Timestamps NOP WindowScale" {
				t.Errorf("options %q are not a Linux client's", got)
			}

			o.wantText(t, "80/tcp, the reply", f.server, "4025", "window ", "seq ", "flags ", "mss=")
			reply := o.ports[80].Reply
			if reply == nil {
				t.Fatal("no reply is shown")
			}
			answers := packets.Out().Find(func(p *lab.Packet) bool { return p.TCP() != nil && p.TCP().SYN && p.TCP().ACK })
			sent := answers[0].TCP()
			if reply.IP.Src.String() != f.server || reply.IP.Dst.String() != f.client || reply.TCP.Flags != wire.SYN|wire.ACK || reply.TCP.Seq != sent.Seq ||
				reply.TCP.Ack != syns[0].TCP().Seq+1 || reply.TCP.Window != sent.Window || !strings.HasPrefix(string(wire.AppendOptions(nil, reply.TCP.Options())), "mss=") {
				t.Errorf("the reply is shown as %+v, but was\n%v", reply, answers[0])
			}
		})
	}
}

// optionNames lists the kinds of a SYN's options, in order.
func optionNames(p *lab.Packet) string {
	var names []string
	for _, o := range p.TCP().Options {
		names = append(names, strings.ReplaceAll(o.OptionType.String(), " ", ""))
	}
	return strings.Join(names, " ")
}

// TestEchoShown: the echo reply, field by field.
func TestEchoShown(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	for _, f := range families() {
		t.Run(f.name, func(t *testing.T) {
			o := ask(t, n.client, "sweep -PE -v", f.server)
			o.wantText(t, f.server, "up, echo-reply", "source ", "ttl ", "icmp.type", "icmp.id", "icmp.seq")
			o.wantExit(t, 0)
		})
	}
}
