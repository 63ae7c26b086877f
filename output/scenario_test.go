package output

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

// scenario is one run as a Sink sees it.
type scenario struct {
	name    string
	meta    Meta
	records []Record
	end     End
}

var (
	web  = netip.MustParseAddr("10.77.2.10")
	gate = netip.MustParseAddr("10.0.0.1")
	six  = netip.MustParseAddr("2001:db8::10")
	link = netip.MustParseAddr("fe80::1%eth0")
)

// hostile has everything that a terminal, a page or a JSON reader trips over.
const hostile = "\x1b[31mred\x1b]0;title\a\r\n\xff\xc3(\u202e\u2028\u200b\u009b2J\U000e0001\"\\</script>\x00é"

func scenarios() []scenario {
	at := time.Date(2026, 11, 23, 2, 30, 0, 0, time.FixedZone("", 3600))
	meta := func(m Meta) Meta {
		m.Version, m.Time = "0.1.0", at
		if m.Methods == nil {
			m.Methods = []string{"raw"}
		}
		return m
	}
	unknown := scan.Stats{Complete: true, Loss: -1, ExpectedMissed: -1}
	stats := func(sent, received uint64, elapsed time.Duration) scan.Stats {
		s := unknown
		s.Sent, s.Received, s.Elapsed = sent, received, elapsed
		return s
	}
	synAck := probe.Reply{
		Event: probe.Answer, From: web, Try: 1, Layer: wire.LayerTCP,
		IP: wire.IP{Src: web, Dst: gate, Proto: 6, TTL: 62, TOS: 0xb8, DF: true, Len: 60},
		TCP: wire.TCP{Src: 80, Dst: 4025, Seq: 4294967295, Ack: 12346, Flags: wire.SYN | wire.ACK, Window: 64240,
			Sum: 0xbeef, OptLen: 8, Opt: [40]byte{2, 4, 5, 180, 4, 2, 3, 7}},
	}
	quoted := probe.Reply{
		Event: probe.ICMPError, Who: probe.Other, From: gate, Try: 2, Layer: wire.LayerICMP,
		IP:   wire.IP{Src: gate, Dst: web, Proto: 1, TTL: 64, Len: 56},
		ICMP: wire.ICMP{Msg: wire.AdminProhibited, Type: 3, Code: 13},
		Quote: wire.Quote{Len: 28, IP: wire.IP{Src: gate, Dst: web, Proto: 6, TTL: 63, ID: 7, Len: 60},
			HasPorts: true, Src: 40000, Dst: 443, HasSeq: true, Seq: 99},
	}
	echo6 := probe.Reply{
		Event: probe.Answer, From: six, Layer: wire.LayerICMP,
		IP:   wire.IP{Src: six, Dst: link.WithZone(""), Proto: 58, TTL: 255, Flow: 0xabcde, Len: 64},
		ICMP: wire.ICMP{Msg: wire.EchoReply, Type: 129, ID: 77, Seq: 3},
	}
	udp := probe.Reply{
		Event: probe.Answer, From: web, Try: 1, Layer: wire.LayerUDP, Size: 48, Match: true,
		IP:  wire.IP{Src: web, Dst: gate, Proto: 17, TTL: 62, Len: 76},
		UDP: wire.UDP{Src: 123, Dst: 40001, Len: 56, Sum: 0x1234},
	}
	arp := probe.Reply{Event: probe.Answer, From: web, MAC: wire.MAC{0, 0, 0x5e, 0, 0x53, 1}}

	port := func(addr netip.Addr, n uint16, s probe.State, why probe.Reason) Record {
		r := Record{Type: Port, Addr: addr, Proto: "tcp", Port: n, State: s, Reason: why, Tries: 1, Asked: "SYN"}
		switch why {
		case probe.NoResponse:
			r.Tries = 3
		case probe.ReasonLocalError, probe.SpoofedSource, probe.ReasonDeadline:
		default:
			r.From, r.TTL, r.HasTTL, r.RTT, r.HasRTT = addr, 62, true, 210*time.Microsecond, true
		}
		return r
	}
	up := func(addr netip.Addr, why probe.Reason, ports uint32) Record {
		return Record{Type: Host, Addr: addr, State: probe.Up, Reason: why, From: addr, TTL: 62, HasTTL: true,
			RTT: 210 * time.Microsecond, HasRTT: true, Tries: 1, Named: true, Ports: ports}
	}
	with := func(r Record, f func(r *Record)) Record { f(&r); return r }
	service := func(name string) func(*Record) { return func(r *Record) { r.Service = name } }
	answer := func(reply *probe.Reply) func(*Record) { return func(r *Record) { r.Reply = reply } }

	var all []scenario
	add := func(s scenario) {
		for i := range s.records {
			s.end.Tally.Add(&s.records[i])
		}
		s.meta = meta(s.meta)
		all = append(all, s)
	}

	fw := netip.MustParseAddr("12.92.96.37")
	add(scenario{
		name: "silent",
		meta: Meta{Command: "tcp", Args: []string{"-PN", "-p", "445,28080,28443", "12.92.96.37"}, Seed: 7, Probes: 3, Ports: 3, NoPing: true},
		records: []Record{
			port(fw, 28443, probe.Filtered, probe.NoResponse),
			with(port(fw, 445, probe.Filtered, probe.NoResponse), service("microsoft-ds")),
			port(fw, 28080, probe.Filtered, probe.NoResponse),
			{Type: Host, Addr: fw, State: probe.NotTested, Named: true, Ports: 3},
		},
		end: End{Stats: stats(9, 0, 2*time.Second), Exit: 3, ExitReason: "silence"},
	})

	many := []Record{up(web, probe.SynAck, 1000)}
	for n := uint16(1); n <= 1000; n++ {
		switch {
		case n == 22 || n == 80:
			many = append(many, port(web, n, probe.Open, probe.SynAck))
		case n >= 100 && n < 105:
			many = append(many, port(web, n, probe.Filtered, probe.NoResponse))
		case n >= 200 && n < 212:
			many = append(many, with(port(web, n, probe.Closed, probe.PortUnreach), func(r *Record) { r.From = gate }))
		default:
			many = append(many, port(web, n, probe.Closed, probe.Reset))
		}
	}
	add(scenario{
		name:    "folded",
		meta:    Meta{Command: "tcp", Args: []string{"10.77.2.10"}, Seed: 9007199254740991, Probes: 1000, Ports: 1000},
		records: many,
		end: End{Stats: scan.Stats{Complete: true, Elapsed: 31 * time.Millisecond, Sent: 1010, Received: 995, Duplicates: 1,
			Unsolicited: 4, SendErrors: 2, ReceiveDrops: 1, Loss: 0.0123, ExpectedMissed: 0.5}, Exit: 0, ExitReason: "open"},
	})

	other := netip.MustParseAddr("10.77.2.11")
	add(scenario{
		name: "hosts",
		meta: Meta{Command: "tcp", Ports: 2, Methods: []string{"raw", "connect"}, Notes: []string{"asked by connect where raw is not permitted"}},
		records: []Record{
			up(web, probe.EchoReply, 2),
			port(other, 80, probe.Closed, probe.Reset),
			port(link, 80, probe.Filtered, probe.NoResponse),
			port(web, 443, probe.Closed, probe.Reset),
			{Type: Host, Addr: netip.MustParseAddr("10.77.2.12"), State: probe.Down, Reason: probe.ReasonNoNeighbour},
			{Type: Host, Addr: netip.MustParseAddr("10.77.2.13"), State: probe.Down, Reason: probe.ReasonNoNeighbour, Named: true},
			with(port(other, 443, probe.Filtered, probe.AdminProhibited), func(r *Record) { r.From = gate; r.TTL = 64 }),
			up(other, probe.Reset, 2),
			port(web, 80, probe.Open, probe.SynAck),
			with(port(link, 443, probe.Filtered, probe.NoRoute), func(r *Record) { r.From = six; r.HasRTT = false }),
			{Type: Host, Addr: link, State: probe.NotTested, Named: true, Ports: 2},
		},
		end: End{Stats: stats(12, 5, 1310*time.Millisecond), ExitReason: "open"},
	})

	add(scenario{
		name: "sweep",
		meta: Meta{Command: "sweep", Args: []string{"10.77.2.0/29"}, Probes: 8},
		records: []Record{
			with(up(web, probe.ARPReply, 0), func(r *Record) {
				r.MAC, r.Vendor, r.HasTTL, r.Named, r.PTR, r.Looked = arp.MAC, "Vendor & Sons", false, false, "gw.example", true
			}),
			{Type: Host, Addr: netip.MustParseAddr("10.77.2.9"), State: probe.Down, Reason: probe.HostUnreach, From: gate},
			{Type: Host, Addr: netip.MustParseAddr("10.77.2.8"), State: probe.Unknown, Reason: probe.NoResponse, Tries: 4},
			{Type: Host, Addr: netip.MustParseAddr("10.77.3.8"), State: probe.Unknown, Reason: probe.NoResponse, Tries: 2, Asked: "echo request", Named: true},
			up(six, probe.EchoReply, 0),
		},
		end: End{Stats: stats(520, 12, 900*time.Millisecond), ExitReason: "up"},
	})

	add(scenario{
		name: "verbose",
		meta: Meta{Command: "tcp", Ports: 4, Verbose: true},
		records: []Record{
			with(up(web, probe.SynAck, 4), func(r *Record) {
				r.Names, r.PTR, r.Looked, r.Differ = []string{"www.example", "example"}, "host7.isp.example", true, true
			}),
			with(port(web, 80, probe.Open, probe.SynAck), answer(&synAck)),
			with(port(web, 443, probe.Filtered, probe.AdminProhibited), func(r *Record) { r.From, r.Reply = gate, &quoted }),
			with(port(web, 123, probe.Open, probe.UDPResponse), func(r *Record) { r.Proto, r.Reply = "udp", &udp }),
			with(port(web, 81, probe.Filtered, probe.NoResponse), answer(&probe.Reply{})),
		},
		end: End{Stats: stats(5, 3, time.Second), ExitReason: "open"},
	})
	add(scenario{
		name: "verbose-sweep",
		meta: Meta{Command: "sweep", Verbose: true},
		records: []Record{
			with(up(six, probe.EchoReply, 0), answer(&echo6)),
			with(up(web, probe.ARPReply, 0), func(r *Record) { r.MAC, r.Reply, r.Looked = arp.MAC, &arp, true }),
			{Type: Host, Addr: gate, State: probe.Unknown, Reason: probe.NoResponse, Tries: 2, Asked: "echo request"},
		},
		end: End{Stats: stats(4, 2, time.Second), ExitReason: "up"},
	})

	spoof := netip.MustParseAddr("10.42.48.1")
	foreign := netip.MustParseAddr("10.1.145.10")
	add(scenario{
		name: "spoofed",
		meta: Meta{Command: "tcp", Ports: 1, Source: spoof, NoPing: true},
		records: []Record{
			with(port(foreign, 8081, probe.Unknown, probe.SpoofedSource), func(r *Record) { r.Source = spoof }),
			{Type: Host, Addr: foreign, State: probe.NotTested, Named: true, Ports: 1},
		},
		end: End{Stats: stats(2, 1, 3*time.Millisecond), ExitReason: "sent"},
	})
	add(scenario{
		name: "spoofed-sweep",
		meta: Meta{Command: "sweep", Source: spoof},
		records: []Record{{Type: Host, Addr: foreign, State: probe.Unknown, Reason: probe.SpoofedSource, Tries: 1,
			Asked: "echo request", Source: spoof, Named: true}},
		end: End{Stats: stats(2, 1, 3*time.Millisecond), ExitReason: "sent"},
	})

	quiet := netip.MustParseAddr("10.77.2.20")
	add(scenario{
		name: "open",
		meta: Meta{Command: "tcp", Ports: 3, OpenOnly: true},
		records: []Record{
			up(web, probe.SynAck, 3), port(web, 22, probe.Open, probe.SynAck), port(web, 23, probe.Closed, probe.Reset),
			with(port(web, 53, probe.OpenFiltered, probe.NoResponse), func(r *Record) { r.Proto = "udp"; r.Asked = "UDP packet" }),
			with(up(quiet, probe.Reset, 1), func(r *Record) { r.Named = false }), port(quiet, 22, probe.Closed, probe.Reset),
		},
		end: End{Stats: stats(8, 4, time.Second), ExitReason: "open"},
	})

	add(scenario{
		name: "hostile",
		meta: Meta{Command: "tcp", Args: []string{hostile}, Ports: 1, Verbose: true, Notes: []string{hostile}},
		records: []Record{
			with(up(web, probe.SynAck, 1), func(r *Record) {
				r.Names, r.PTR, r.Looked, r.Vendor, r.MAC = []string{"a", hostile}, hostile, true, hostile, arp.MAC
			}),
			with(port(web, 80, probe.Open, probe.SynAck), service(hostile)),
		},
		end: End{Stats: stats(1, 1, time.Second), ExitReason: hostile},
	})

	add(scenario{
		name: "repeat",
		meta: Meta{Command: "tcp", Ports: 2},
		records: []Record{
			up(web, probe.SynAck, 2),
			with(port(web, 80, probe.Open, probe.SynAck), func(r *Record) {
				r.Repeat = &Repeat{Sent: 100, Answered: 98, Min: 100 * time.Microsecond, Avg: 210 * time.Microsecond, Max: 123456789}
			}),
			with(port(web, 81, probe.Filtered, probe.NoResponse), func(r *Record) { r.Repeat = &Repeat{Sent: 100} }),
		},
		end: End{Stats: stats(200, 98, 10*time.Second), ExitReason: "open"},
	})

	add(scenario{
		name: "interrupted",
		meta: Meta{Command: "tcp", Ports: 100},
		records: []Record{
			up(web, probe.SynAck, 100), port(web, 80, probe.Open, probe.SynAck),
			with(port(quiet, 80, probe.Unknown, probe.ReasonLocalError), func(r *Record) { r.Errno = 113; r.Tries = 0 }),
			port(quiet, 81, probe.Unknown, probe.ReasonDeadline),
		},
		end: End{Stats: scan.Stats{Interrupted: true, Elapsed: 200 * time.Second, Sent: 1, Received: 1, Loss: -1, ExpectedMissed: -1},
			Exit: 130, ExitReason: "interrupted"},
	})

	add(scenario{
		name: "color",
		meta: Meta{Command: "tcp", Ports: 4, Color: true},
		records: []Record{
			up(web, probe.SynAck, 4), port(web, 80, probe.Open, probe.SynAck), port(web, 81, probe.Closed, probe.Reset),
			port(web, 82, probe.Filtered, probe.NoResponse), port(web, 83, probe.Unfiltered, probe.Reset),
		},
		end: End{Stats: stats(6, 3, time.Second), ExitReason: "open"},
	})

	// Every state and every reason, one record each.
	whole := scenario{name: "enums", meta: Meta{Command: "tcp", Ports: uint32(len(probe.Reasons()))},
		end: End{Stats: unknown, ExitReason: "open"}}
	for i := range probe.Reasons() {
		whole.records = append(whole.records, port(web, uint16(i+1), portStates[i%len(portStates)], probe.Reason(i)))
	}
	for i, s := range []probe.State{probe.Up, probe.Down, probe.Unknown, probe.NotTested} {
		h := Record{Type: Host, Addr: web, State: s, Reason: probe.NoResponse, Named: true, Ports: uint32(len(probe.Reasons()))}
		for range i {
			h.Addr = h.Addr.Next()
			h.Ports = 0
		}
		whole.records = append(whole.records, h)
	}
	add(whole)
	doubtful := func(n uint16, s probe.State, why probe.Reason, d probe.Doubt) Record {
		return with(port(web, n, s, why), func(r *Record) { r.Doubt = d })
	}
	sure := func(r Record) Record { r.Confirmed = true; return r }
	about := func(d probe.Doubt, change func(*Record)) Record {
		return with(Record{Type: Finding, Addr: web, Doubt: d, Proto: "tcp"}, change)
	}
	add(scenario{
		name: "liars",
		meta: Meta{Command: "tcp", Ports: 6},
		records: []Record{
			doubtful(80, probe.Open, probe.SynAck, probe.Canary), doubtful(81, probe.Open, probe.SynAck, probe.ZeroWindow),
			doubtful(82, probe.Closed, probe.Reset, probe.Nearer), sure(doubtful(83, probe.Filtered, probe.NoResponse, probe.Tarpit)),
			sure(port(web, 84, probe.Open, probe.SynAck)), sure(port(web, 85, probe.Closed, probe.Reset)),
			about(probe.Canary, func(r *Record) { r.Port, r.Count, r.List = 61333, 1, []uint16{80} }),
			about(probe.ZeroWindow, func(r *Record) { r.Count, r.List = 1, []uint16{81} }),
			about(probe.Nearer, func(r *Record) { r.Count, r.List, r.Hop, r.Far = 1, []uint16{82}, 1, 3 }),
			about(probe.Tarpit, func(r *Record) { r.Count, r.List = 1, []uint16{83} }),
			about(probe.Contradiction, func(r *Record) {
				r.Count, r.List = 12, []uint16{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
			}),
			about(probe.ResetInPlace, func(r *Record) { r.By = gate }), about(probe.ResetUnplaced, func(r *Record) {}),
			with(up(web, probe.SynAck, 6), func(r *Record) { r.State, r.Doubt = probe.Unknown, probe.Canary }),
		},
		end: End{Stats: stats(9, 8, time.Second), ExitReason: "open"},
	})
	add(scenario{
		name: "liars-sweep",
		meta: Meta{Command: "sweep", Addresses: 256},
		records: []Record{
			with(up(web, probe.Reset, 0), func(r *Record) { r.State, r.Doubt, r.By, r.Named = probe.Unknown, probe.ResetInPlace, gate, true }),
			{Type: Finding, Doubt: probe.ResetInPlace, By: gate, Count: 254}, {Type: Finding, Doubt: probe.ResetUnplaced, Count: 1},
		},
		end: End{Stats: stats(4000, 700, time.Second), Exit: 3, ExitReason: "silence"},
	})
	called := func(last uint8, names []string, ptr string, differ bool) Record {
		return with(up(web, probe.EchoReply, 0), func(r *Record) {
			r.Addr = netip.AddrFrom4([4]byte{10, 77, 2, last})
			r.From, r.Names, r.PTR, r.Looked, r.Differ = r.Addr, names, ptr, true, differ
		})
	}
	add(scenario{
		name: "names",
		meta: Meta{Command: "sweep", Addresses: 6},
		records: []Record{
			called(1, nil, "", false), called(2, nil, "gw.example", false), called(3, nil, "gw.example", true),
			called(4, []string{"web.example"}, "web.example", false), called(5, []string{"www.example"}, "web.example", true),
			called(6, []string{"www.example"}, hostile, true),
		},
		end: End{Stats: stats(6, 6, time.Second), ExitReason: "up"},
	})
	silence := func(n uint16, s probe.State, why probe.Reason, d probe.Doubt) Record {
		return with(doubtful(n, s, why, d), func(r *Record) { r.Proto, r.Asked = "udp", "UDP packet" })
	}
	host := func(a netip.Addr) Record {
		return with(up(web, probe.UDPResponse, 1), func(r *Record) { r.Addr, r.From = a, a })
	}
	at2 := func(r Record, a netip.Addr) Record { r.Addr = a; return r }
	add(scenario{
		name: "udp-silence",
		meta: Meta{Command: "udp", Ports: 1},
		records: []Record{
			silence(53, probe.OpenFiltered, probe.NoResponse, probe.ICMPLimit),
			about(probe.ICMPLimit, func(r *Record) {
				r.Proto, r.Count, r.Every, r.Cost = "udp", 94, 1003*time.Millisecond, 94282*time.Millisecond
			}), host(web),
			at2(silence(53, probe.OpenFiltered, probe.NoResponse, probe.ICMPSilent), six), at2(about(probe.ICMPSilent, func(r *Record) {}), six), host(six),
			at2(silence(53, probe.OpenFiltered, probe.NoResponse, probe.ICMPAnswers), gate), at2(about(probe.ICMPAnswers, func(r *Record) {}), gate), host(gate),
		},
		end: End{Stats: stats(300, 20, 3*time.Second), Exit: 3, ExitReason: "silence"},
	})
	for _, s := range slices.Concat(routeScenarios(), serviceScenarios(), machineScenarios()) {
		add(s)
	}
	return all
}

var portStates = []probe.State{probe.Open, probe.Closed, probe.Filtered, probe.Unfiltered, probe.OpenFiltered,
	probe.ClosedFiltered, probe.Unknown}

// render is what the scenario writes in a format.
func (s *scenario) render(f Format) string {
	var b []byte
	b = f.AppendBegin(b, &s.meta)
	for i := range s.records {
		b = f.AppendRecord(b, &s.records[i])
	}
	return string(f.AppendEnd(b, &s.end))
}

// harmless is empty if out does nothing to a terminal but print and, where
// allowed, colour.
func harmless(out string) string {
	for _, code := range []string{"32", "31", "33", "0"} {
		out = strings.ReplaceAll(out, "\x1b["+code+"m", "")
	}
	for _, r := range out {
		if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || r == 0xfffd || r == 0x202e || r == 0x2028 || r == 0x200b) {
			return "contains " + Escape(string(r))
		}
	}
	return ""
}
