package stack

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"sonde/fingerprint/stack"
	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

func TestOrder(t *testing.T) {
	for _, c := range []struct {
		options string
		want    string
	}{
		{"", "none"},
		{"\x02\x04\x05\xb4\x04\x02\x08\x0a\x00\x00\x00\x01\x00\x00\x00\x02\x01\x03\x03\x07", "MSTNW"},
		{"\x02\x04\x05\xb4\x01\x03\x03\x06\x01\x01\x08\x0a\x00\x00\x00\x01\x00\x00\x00\x02\x04\x02\x00\x00", "MNWNNTSLL"},
		{"\x02\x04\x05\xb4\xfe\x04\x00\x00", "M?"},
		{"\x02", "M!"}, {"\x02\x01", "M!"}, {"\x08\xff\x00", "T!"},
	} {
		if got := Order([]byte(c.options)); got != c.want {
			t.Errorf("%q: %q, want %q", c.options, got, c.want)
		}
	}
}

// synAck is one with the options of Linux.
func synAck(flow int, at time.Duration, isn, ts uint32) *scan.Result {
	r := &scan.Result{Probe: probe.Probe{Flow: uint16(flow)}, Reply: probe.Reply{Event: probe.Answer, At: at, Layer: wire.LayerTCP,
		IP:  wire.IP{Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("192.0.2.2"), TTL: 60, DF: true},
		TCP: wire.TCP{Seq: isn, Flags: wire.SYN | wire.ACK, Window: 65160}}}
	r.Reply.TCP.OptLen = uint8(copy(r.Reply.TCP.Opt[:], []byte{2, 4, 5, 0xb4, 4, 2, 8, 10, byte(ts >> 24), byte(ts >> 16), byte(ts >> 8), byte(ts), 0, 0, 0, 0, 1, 3, 3, 7}))
	return r
}

// linuxClock is the answers of a Linux to the connections whose clocks are looked at.
func linuxClock(a *Answers) {
	for _, c := range []struct {
		flow    int
		at      time.Duration
		isn, ts uint32
	}{{1, 1e6, 0xf0000000, 77}, {0, 2e6, 4711, 800000}, {0, 622e6, 4711 + 9687500, 800620}, {1, 621e6, 0xf0000000 + 9687500, 697}} {
		a.clock(synAck(c.flow, c.at, c.isn, c.ts))
	}
}

func TestClocks(t *testing.T) {
	a := &Answers{}
	linuxClock(a)
	f := a.Features()
	for name, want := range map[string]string{stack.ClockISN: "15.6M", stack.ClockTS: "1000", stack.ClockScope: "connection", stack.SynOptions: "MSTNW",
		stack.SynWindow: "fill", stack.SynScale: "7", stack.IPTTL: "64", stack.IPDF: "yes", stack.IPID: "zero"} {
		if f[name] != want {
			t.Errorf("%s %q, want %q", name, f[name], want)
		}
	}
	a.guarded = true
	if got, told := a.Features()[stack.ClockISN]; told {
		t.Errorf("with half-open connections at the target its ISNs are %q", got)
	}
}

// took is what became of a question: a RST of this TTL, or silence.
func reset(flags uint8, window uint16) *scan.Result {
	return &scan.Result{Reply: probe.Reply{Event: probe.Answer, Layer: wire.LayerTCP, IP: wire.IP{TTL: 60, DF: true}, TCP: wire.TCP{Flags: wire.RST | flags, Window: window}}}
}

var silence = &scan.Result{Reply: probe.Reply{Event: probe.Silence}}

// TestSilence: silence says something only where an answer to another odd segment shows
// that the way lets such through; and what this machine could not ask is no silence.
func TestSilence(t *testing.T) {
	for _, c := range []struct {
		what                        string
		ack, fpu, none              *scan.Result // of the closed port
		openNone, every             *scan.Result // of the open port
		toACK, toNone, toEverything string
	}{
		{"nothing comes", silence, silence, silence, silence, silence, "", "", ""},
		{"closed ports answer", reset(0, 0), reset(wire.ACK, 0), reset(wire.ACK, 0), silence, silence, "R", stack.Silent, stack.Silent},
		{"all but one are let through", silence, reset(wire.ACK, 0), silence, silence, silence, stack.Silent, "", ""},
		{"the open port answers", reset(wire.ACK, 0), silence, silence, reset(wire.ACK, 0), reset(wire.ACK, 0), "RA", "rst", "rst"},
		{"not asked", reset(0, 0), reset(wire.ACK, 0), reset(wire.ACK, 0), &scan.Result{Reply: probe.Reply{Event: probe.LocalError}}, &scan.Result{Reply: probe.Reply{Event: probe.Deadline}}, "R", "", ""},
		{"replies without proof", reset(0, 0), reset(wire.ACK, 0), reset(wire.ACK, 0), &scan.Result{Reply: probe.Reply{Event: probe.Silence, Unproven: 2}}, silence, "R", "", stack.Silent},
	} {
		a := &Answers{}
		a.toACK.take(c.ack)
		a.toFPU.take(c.fpu)
		a.none.take(c.none)
		a.openNone.take(c.openNone)
		a.every.take(c.every)
		f := a.Features()
		if f[stack.ResetACK] != c.toACK || f[stack.OddNull] != c.toNone || f[stack.OddSFPU] != c.toEverything {
			t.Errorf("%s: to an ACK %q, to no flags %q, to all %q; want %q, %q, %q", c.what, f[stack.ResetACK], f[stack.OddNull], f[stack.OddSFPU], c.toACK, c.toNone, c.toEverything)
		}
	}
}

// FuzzFeatures: whatever packets are answers, features have names that are known, and
// values that are words.
func FuzzFeatures(f *testing.F) {
	header := wire.IP{Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("192.0.2.2"), TTL: 60}
	r := synAck(0, 0, 1, 2).Reply
	f.Add(wire.AppendTCP(nil, &header, &r.TCP, nil), uint32(0))
	f.Add(wire.AppendICMP(nil, &header, &wire.ICMP{Type: 0, Code: 9}, []byte("12345678")), uint32(7))
	f.Add(wire.AppendICMP(nil, &header, &wire.ICMP{Type: 3, Code: 3}, wire.AppendUDP(nil, &header, &wire.UDP{Src: 1, Dst: 2}, make([]byte, 20))), uint32(7))
	names := stack.Names()
	f.Fuzz(func(t *testing.T, packet []byte, isn uint32) {
		var pkt wire.Packet
		etherType := uint16(wire.TypeIPv4)
		if len(packet) > 0 && packet[0]>>4 == 6 {
			etherType = wire.TypeIPv6
		}
		if !pkt.Parse(packet, etherType) {
			return
		}
		event := probe.Answer
		if pkt.ICMP.Msg.IsError() {
			event = probe.ICMPError
		}
		a := &Answers{v6: etherType == wire.TypeIPv6}
		for i := range 4 {
			r := &scan.Result{Probe: probe.Probe{Flow: uint16(i % 2)}, Reply: probe.Reply{Event: event, Layer: pkt.Layer, IP: pkt.IP, TCP: pkt.TCP, ICMP: pkt.ICMP, Quote: pkt.Quote, At: time.Duration(i/2) * time.Second}}
			r.Reply.TCP.Seq += isn * uint32(i)
			a.clock(r)
			for _, one := range []*answer{&a.changed, &a.every, &a.closed, &a.toACK, &a.toFPU, &a.none, &a.openNone, &a.echoed, &a.closedUDP} {
				one.take(r)
			}
		}
		for name, value := range a.Features() {
			if !slices.Contains(names, name) {
				t.Errorf("%s is no feature", name)
			}
			for _, c := range []byte(value) {
				if c <= ' ' || c > '~' {
					t.Errorf("%s is %q", name, value)
				}
			}
			if value == "" || len(value) > 60 {
				t.Errorf("%s is %q", name, value)
			}
		}
		a.Judge(nil)
	})
}
