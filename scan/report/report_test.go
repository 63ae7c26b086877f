package report

import (
	"math"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
)

var here, there = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")

// What is rounded twice is the same, and what is no number is not known.
func TestRounding(t *testing.T) {
	for _, v := range []float64{0, 1, 0.1, 0.0123456789, 1.0 / 3, 1e-9, 123456.7891, 1 << 53, 1e300, math.MaxFloat64} {
		if once := Loss(v); once != Loss(once) || math.Abs(once-v) > 5e-7 && v < 1<<53 {
			t.Errorf("Loss(%v) is %v, then %v", v, once, Loss(once))
		}
		if once := Missed(v); once != Missed(once) || math.Abs(once-v) > 5e-4 && v < 1<<53 || math.IsInf(once, 0) {
			t.Errorf("Missed(%v) is %v, then %v", v, once, Missed(once))
		}
	}
	for _, v := range []float64{-1, -0.1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		if Loss(v) != -1 || Missed(v) != -1 {
			t.Errorf("%v: %v, %v", v, Loss(v), Missed(v))
		}
	}
	at := time.Date(2026, 11, 23, 2, 30, 0, 5, time.FixedZone("", 3600))
	if got, want := Time(at), time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if now := time.Now(); Time(now) != Time(Time(now)) || Time(now).Sub(now) > 0 {
		t.Error(Time(now))
	}
	if got := RTT(1499 * time.Nanosecond); got != time.Microsecond {
		t.Error(got)
	}
}

// A clone is the same, and stays it whatever becomes of what it was made of.
func TestClone(t *testing.T) {
	names := Names{Forward: []string{"a", "b"}, PTR: "a"}
	verdict := Verdict{State: probe.Open, Reply: &Packet{Try: 1}, Repeat: &Repeat{Sent: 2}}
	records := func() []Record {
		return []Record{
			&Scan{Args: []string{"a"}, Methods: []string{"raw"}, Notes: []string{"n"}, Trace: &Trace{Proto: "tcp"}, Asked: &Asked{Kind: "syn"}},
			&Host{Verdict: verdict, Names: names, Local: []LocalName{{"a", "mdns"}}}, &Port{Verdict: verdict},
			&Service{CPE: []string{"a"}, HTTP: &HTTP{Status: 200}, TLS: &TLS{Names: []string{"a"}}}, &Service{},
			&OS{Matches: []OSMatch{{Hints: []OSHint{{Name: "a"}}}}, For: []string{"a"}, Against: []string{"a"}, Said: []OSWord{{Port: 1}}, Apart: []OSPorts{{Ports: "1"}}, Features: []string{"a"}},
			&Hop{AS: &AS{Numbers: []uint32{1}}, Counted: &Counted{Begins: &LossBegin{After: 1}}, Others: []netip.Addr{here}, Changes: []Change{{"a", "b", "c"}}, Unseen: []string{"mss"},
				Extension: Extension{Labels: []wire.Label{1}, Interfaces: []wire.Interface{{Index: 1}}, Objects: []Object{{Class: 1}}},
				Echoes:    Echoes{Came: []string{"ts"}, Unanswered: []string{"sackok"}}, Reply: &Packet{Try: 1}, Names: names},
			&Rewrite{Field: "mss", Between: []uint8{1}},
			&Finding{Ports: []uint16{1}, Routers: []netip.Addr{here}}, &Privilege{Name: "a"}, &Limit{Name: "a"},
			&Interface{Addrs: []netip.Prefix{netip.PrefixFrom(here, 24)}}, &Route{Kind: "a"}, &Way{Pings: []string{"a"}},
			&Pair{Changes: []Change{{"a", "b", "c"}}, Back: []Change{{"a", "b", "c"}}, Flow: &PairFlow{Sent: 1}},
			&Comparison{Questions: []FateCount{{What: "SYN"}}, There: Passage{Changes: []ChangeCount{{Packets: 1}}}, Back: Passage{Changes: []ChangeCount{{Packets: 1}}}},
			&Unmet{Want: []probe.State{probe.Open}}, &Then{Argv: []string{"a"}}, &Difference{Old: "a"}, &Differences{Old: Side{Flags: []string{"a"}}, New: Side{Flags: []string{"b"}}},
			&End{Sent: 1},
		}
	}
	want := records()
	for i, r := range records() {
		c := Clone(r)
		if !reflect.DeepEqual(c, r) {
			t.Errorf("%T: %+v is %+v", r, r, c)
		}
		if shared := common(reflect.ValueOf(c), reflect.ValueOf(r)); shared != "" {
			t.Errorf("%T: %s is not its own", r, shared)
		}
		if !reflect.DeepEqual(r, want[i]) {
			t.Errorf("%T has changed", r)
		}
	}
}

// common is where a and b, which are alike, point to the same.
func common(a, b reflect.Value) string {
	switch a.Kind() {
	case reflect.Pointer:
		switch {
		case a.IsNil():
			return ""
		case a.Pointer() == b.Pointer():
			return "a " + a.Type().String()
		}
		return common(a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Len() > 0 && a.Pointer() == b.Pointer() {
			return "a " + a.Type().String()
		}
	case reflect.Struct:
		for i := range a.NumField() {
			if !a.Type().Field(i).IsExported() {
				continue // of time.Time and netip.Addr, which nobody changes
			}
			if shared := common(a.Field(i), b.Field(i)); shared != "" {
				return shared
			}
		}
	}
	return ""
}

func TestPacketOf(t *testing.T) {
	ip := wire.IP{Src: there, Dst: here, Proto: wire.ProtoTCP, TTL: 62, Flow: 7, DF: true, ID: 9, Len: 60}
	unseen := wire.IP{Src: there, Proto: wire.ProtoTCP, TTL: 62}
	shown := ip
	shown.Flow = 0 // IPv4 has none
	for _, test := range []struct {
		name  string
		reply probe.Reply
		want  *Packet
	}{
		{"nothing", probe.Reply{}, nil},
		{"a connect", probe.Reply{From: there}, nil},
		{"TCP", probe.Reply{IP: ip, Layer: wire.LayerTCP, TCP: wire.TCP{Src: 80}, UDP: wire.UDP{Src: 1}, Size: 3, Match: true},
			&Packet{IP: shown, Layer: wire.LayerTCP, TCP: wire.TCP{Src: 80}}},
		{"TCP that was not seen", probe.Reply{IP: unseen, Layer: wire.LayerTCP, TCP: wire.TCP{Src: 80}}, &Packet{IP: unseen}},
		{"UDP that was not seen", probe.Reply{IP: unseen, Layer: wire.LayerUDP, UDP: wire.UDP{Src: 53, Dst: 1, Sum: 3}, Size: 3, Match: true},
			&Packet{IP: unseen, Layer: wire.LayerUDP, UDP: wire.UDP{Src: 53}, Size: 3, Match: true}},
		{"an echo reply", probe.Reply{IP: ip, Layer: wire.LayerICMP, ICMP: wire.ICMP{Msg: wire.EchoReply, ID: 1, Seq: 2, Info: 0x10002}},
			&Packet{IP: shown, Layer: wire.LayerICMP, ICMP: wire.ICMP{Msg: wire.EchoReply, ID: 1, Seq: 2}}},
		{"an error", probe.Reply{IP: ip, Layer: wire.LayerICMP, ICMP: wire.ICMP{Msg: wire.PortUnreach, Type: 3, Code: 3, ID: 1, Info: 7}, Quote: wire.Quote{Len: 28, IP: ip}},
			&Packet{IP: shown, Layer: wire.LayerICMP, ICMP: wire.ICMP{Msg: wire.PortUnreach, Type: 3, Code: 3, Info: 7}, Quote: wire.Quote{Len: 28, IP: shown}}},
		{"ARP", probe.Reply{MAC: wire.MAC{2}, Layer: wire.LayerARP}, &Packet{MAC: wire.MAC{2}}},
	} {
		if got := PacketOf(&test.reply); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestTally(t *testing.T) {
	var a, b Tally
	for _, r := range []Record{&Host{Verdict: Verdict{State: probe.Up}}, &Port{Verdict: Verdict{State: probe.Open}}, &Service{Service: "ssh"}, &Service{}, &Hop{}} {
		a.Add(r)
	}
	b.Omit(3, 30, probe.Filtered)
	sum := a.Plus(b)
	if sum.Hosts[probe.Up] != 1 || sum.Hosts[probe.NotTested] != 3 || sum.Ports[probe.Open] != 1 || sum.Ports[probe.Filtered] != 30 || sum.Services != 1 {
		t.Errorf("%+v", sum)
	}
	if b.Ports[probe.Open] != 0 || States != len(probe.States()) {
		t.Errorf("%+v", b)
	}
}

func TestPortRanges(t *testing.T) {
	ports := []uint16{443, 22, 81, 80, 65535, 82, 80, 65534, 1}
	if got := PortRanges(ports); got != "1,22,80-82,443,65534-65535" || ports[0] != 443 || PortRanges(nil) != "" {
		t.Errorf("%s, %v", got, ports)
	}
}
