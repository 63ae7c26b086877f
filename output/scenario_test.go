package output

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// scenario is one run as a Sink sees it.
type scenario struct {
	name    string
	opts    Options
	scan    report.Scan
	records []report.Record
	end     report.End
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
	at := report.Time(time.Date(2026, 11, 23, 2, 30, 0, 0, time.FixedZone("", 3600)))
	end := func(sent, received uint64, elapsed time.Duration, exit int, why string) report.End {
		return report.End{Complete: true, Sent: sent, Received: received, Elapsed: elapsed, Loss: -1, ExpectedMissed: -1, Exit: exit, ExitReason: why}
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

	port := func(addr netip.Addr, n uint16, s probe.State, why probe.Reason) *report.Port {
		r := &report.Port{Addr: addr, Proto: "tcp", Port: n, Verdict: report.Verdict{State: s, Reason: why, Tries: 1, Asked: "SYN"}}
		switch why {
		case probe.NoResponse:
			r.Tries = 3
		case probe.ReasonLocalError, probe.SpoofedSource, probe.ReasonDeadline:
		default:
			r.From, r.TTL, r.HasTTL, r.RTT, r.HasRTT = addr, 62, true, 210*time.Microsecond, true
		}
		return r
	}
	up := func(addr netip.Addr, why probe.Reason, ports uint32) *report.Host {
		return &report.Host{Addr: addr, Verdict: report.Verdict{State: probe.Up, Reason: why, From: addr, TTL: 62, HasTTL: true,
			RTT: 210 * time.Microsecond, HasRTT: true, Tries: 1}, Named: true, Ports: ports}
	}
	service := func(name string) func(*report.Port) { return func(r *report.Port) { r.Service = name } }
	answer := func(reply *probe.Reply) func(*report.Port) {
		return func(r *report.Port) { r.Reply = report.PacketOf(reply) }
	}

	var all []scenario
	add := func(s scenario) {
		for i := range s.records {
			s.end.Tally.Add(s.records[i])
		}
		s.scan.Version, s.scan.Time = "0.1.0", at
		if s.scan.Methods == nil {
			s.scan.Methods = []string{"raw"}
		}
		all = append(all, s)
	}

	fw := netip.MustParseAddr("12.92.96.37")
	add(scenario{
		name: "silent",
		scan: report.Scan{Command: "tcp", Args: []string{"-PN", "-p", "445,28080,28443", "12.92.96.37"}, Seed: 7, Probes: 3, Ports: 3, NoPing: true},
		records: []report.Record{
			port(fw, 28443, probe.Filtered, probe.NoResponse),
			with(port(fw, 445, probe.Filtered, probe.NoResponse), service("microsoft-ds")),
			port(fw, 28080, probe.Filtered, probe.NoResponse),
			&report.Host{Addr: fw, Verdict: report.Verdict{State: probe.NotTested}, Named: true, Ports: 3},
		},
		end: end(9, 0, 2*time.Second, 3, "silence"),
	})

	many := []report.Record{up(web, probe.SynAck, 1000)}
	for n := uint16(1); n <= 1000; n++ {
		switch {
		case n == 22 || n == 80:
			many = append(many, port(web, n, probe.Open, probe.SynAck))
		case n >= 100 && n < 105:
			many = append(many, port(web, n, probe.Filtered, probe.NoResponse))
		case n >= 200 && n < 212:
			many = append(many, with(port(web, n, probe.Closed, probe.PortUnreach), func(r *report.Port) { r.From = gate }))
		default:
			many = append(many, port(web, n, probe.Closed, probe.Reset))
		}
	}
	add(scenario{
		name: "folded",
		scan: report.Scan{Command: "tcp", Args: []string{"10.77.2.10"}, Seed: 9007199254740991, Probes: 1000, Ports: 1000,
			Asked: &report.Asked{Kind: "syn", Proto: "tcp", Ports: "1-1000"}},
		records: many,
		end: report.End{Complete: true, Elapsed: 31 * time.Millisecond, Sent: 1010, Received: 995, Duplicates: 1,
			Unsolicited: 4, PortsReused: true, Unwatched: "recvfrom: bad file descriptor", SendErrors: 2, ReceiveDrops: 1, Loss: 0.0123, ExpectedMissed: 0.5, Exit: 0, ExitReason: "open"},
	})

	var unasked []report.Record
	for n := uint16(1); n <= 100; n++ {
		p := port(link, n, probe.Unknown, probe.ReasonLocalError)
		p.Tries = 0
		switch {
		case n <= 60:
			p.Errno = 113
		case n <= 80:
			p.Errno = uint16(probe.RouteChanged)
		case n <= 85:
			p.Errno = uint16(probe.AddressGone)
		case n <= 90:
			p.Errno = 0
		default:
			p.Reason, p.Tries = probe.ReasonDeadline, 1
		}
		unasked = append(unasked, p)
	}
	add(scenario{
		name:    "folded-unasked",
		scan:    report.Scan{Command: "tcp", Probes: 120, Ports: 120, NoPing: true},
		records: append(unasked, &report.Host{Addr: link, Verdict: report.Verdict{State: probe.NotTested}, Named: true, Ports: 120}),
		end:     report.End{Elapsed: time.Second, Sent: 10, SendErrors: 60, Unasked: 110, Loss: -1, ExpectedMissed: -1, Exit: 4, ExitReason: "local-error"},
	})

	add(scenario{
		name: "local",
		scan: report.Scan{Command: "sweep", Args: []string{"--local"}, Probes: 255, Addresses: 254, Notes: []string{"asked are 10.77.2.0/24 by ARP, ff02::1%eth0"}},
		records: []report.Record{
			&report.Host{Addr: web, Verdict: report.Verdict{State: probe.Up, Reason: probe.ARPReply, From: web, RTT: 210 * time.Microsecond, HasRTT: true, Tries: 1, Asked: "ARP or ND request"},
				MAC: wire.MAC{0, 0, 0x5e, 0, 0x53, 1}, Vendor: "ICANN", Local: []report.LocalName{{Name: "nas", Source: "llmnr"}, {Name: "nas.local", Source: "mdns"}, {Name: "=NAS \x1b[31m<b>,\"\xff", Source: "netbios"}}},
			&report.Host{Addr: netip.MustParseAddr("fe80::7%eth0"), Verdict: report.Verdict{State: probe.Up, Reason: probe.ParamProblem, From: netip.MustParseAddr("fe80::7"), TTL: 64, HasTTL: true, Tries: 1, Asked: "echo request to all nodes"}},
		},
		end: end(260, 3, 2*time.Second, 0, "up"),
	})

	other := netip.MustParseAddr("10.77.2.11")
	add(scenario{
		name: "hosts",
		scan: report.Scan{Command: "tcp", Ports: 2, Methods: []string{"raw", "connect"}, Notes: []string{"asked by connect where raw is not permitted"}},
		records: []report.Record{
			up(web, probe.EchoReply, 2),
			port(other, 80, probe.Closed, probe.Reset),
			port(link, 80, probe.Filtered, probe.NoResponse),
			port(web, 443, probe.Closed, probe.Reset),
			&report.Host{Addr: netip.MustParseAddr("10.77.2.12"), Verdict: report.Verdict{State: probe.Down, Reason: probe.ReasonNoNeighbour}},
			&report.Host{Addr: netip.MustParseAddr("10.77.2.13"), Verdict: report.Verdict{State: probe.Down, Reason: probe.ReasonNoNeighbour}, Named: true},
			with(port(other, 443, probe.Filtered, probe.AdminProhibited), func(r *report.Port) { r.From = gate; r.TTL = 64 }),
			up(other, probe.Reset, 2),
			port(web, 80, probe.Open, probe.SynAck),
			with(port(link, 443, probe.Filtered, probe.NoRoute), func(r *report.Port) { r.From = six; r.HasRTT = false }),
			&report.Host{Addr: link, Verdict: report.Verdict{State: probe.NotTested}, Named: true, Ports: 2},
		},
		end: end(12, 5, 1310*time.Millisecond, 0, "open"),
	})

	add(scenario{
		name: "sweep",
		scan: report.Scan{Command: "sweep", Args: []string{"10.77.2.0/29"}, Probes: 8},
		records: []report.Record{
			with(up(web, probe.ARPReply, 0), func(r *report.Host) {
				r.MAC, r.Vendor, r.HasTTL, r.Named, r.PTR, r.Looked = arp.MAC, "Vendor & Sons", false, false, "gw.example", true
			}),
			&report.Host{Addr: netip.MustParseAddr("10.77.2.9"), Verdict: report.Verdict{State: probe.Down, Reason: probe.HostUnreach, From: gate}},
			&report.Host{Addr: netip.MustParseAddr("10.77.2.8"), Verdict: report.Verdict{State: probe.Unknown, Reason: probe.NoResponse, Tries: 4}},
			&report.Host{Addr: netip.MustParseAddr("10.77.3.8"), Verdict: report.Verdict{State: probe.Unknown, Reason: probe.NoResponse, Tries: 2, Asked: "echo request"}, Named: true},
			up(six, probe.EchoReply, 0),
		},
		end: end(520, 12, 900*time.Millisecond, 0, "up"),
	})

	add(scenario{
		name: "verbose",
		opts: Options{Verbose: true},
		scan: report.Scan{Command: "tcp", Ports: 4, Asked: &report.Asked{Kind: "syn", Proto: "tcp", Ports: "80-81,123,443"}},
		records: []report.Record{
			with(up(web, probe.SynAck, 4), func(r *report.Host) {
				r.Forward, r.PTR, r.Looked, r.Differ = []string{"www.example", "example"}, "host7.isp.example", true, true
			}),
			with(port(web, 80, probe.Open, probe.SynAck), answer(&synAck)),
			with(port(web, 443, probe.Filtered, probe.AdminProhibited), func(r *report.Port) { r.From, r.Reply = gate, report.PacketOf(&quoted) }),
			with(port(web, 123, probe.Open, probe.UDPResponse), func(r *report.Port) { r.Proto, r.Reply = "udp", report.PacketOf(&udp) }),
			with(port(web, 81, probe.Filtered, probe.NoResponse), answer(&probe.Reply{})),
		},
		end: end(5, 3, time.Second, 0, "open"),
	})
	add(scenario{
		name: "verbose-sweep",
		opts: Options{Verbose: true}, scan: report.Scan{Command: "sweep"},
		records: []report.Record{
			with(up(six, probe.EchoReply, 0), func(r *report.Host) { r.Reply = report.PacketOf(&echo6) }),
			with(up(web, probe.ARPReply, 0), func(r *report.Host) { r.MAC, r.Reply, r.Looked = arp.MAC, report.PacketOf(&arp), true }),
			&report.Host{Addr: gate, Verdict: report.Verdict{State: probe.Unknown, Reason: probe.NoResponse, Tries: 2, Asked: "echo request"}},
		},
		end: end(4, 2, time.Second, 0, "up"),
	})

	spoof := netip.MustParseAddr("10.42.48.1")
	foreign := netip.MustParseAddr("10.1.145.10")
	add(scenario{
		name: "spoofed",
		scan: report.Scan{Command: "tcp", Ports: 1, Source: spoof, NoPing: true},
		records: []report.Record{
			with(port(foreign, 8081, probe.Unknown, probe.SpoofedSource), func(r *report.Port) { r.Source = spoof }),
			&report.Host{Addr: foreign, Verdict: report.Verdict{State: probe.NotTested}, Named: true, Ports: 1},
		},
		end: end(2, 1, 3*time.Millisecond, 0, "sent"),
	})
	add(scenario{
		name:    "spoofed-sweep",
		scan:    report.Scan{Command: "sweep", Source: spoof},
		records: []report.Record{&report.Host{Addr: foreign, Verdict: report.Verdict{State: probe.Unknown, Reason: probe.SpoofedSource, Tries: 1, Asked: "echo request", Source: spoof}, Named: true}},
		end:     end(2, 1, 3*time.Millisecond, 0, "sent"),
	})

	quiet := netip.MustParseAddr("10.77.2.20")
	add(scenario{
		name: "open",
		opts: Options{Open: true}, scan: report.Scan{Command: "tcp", Ports: 3},
		records: []report.Record{
			up(web, probe.SynAck, 3), port(web, 22, probe.Open, probe.SynAck), port(web, 23, probe.Closed, probe.Reset),
			with(port(web, 53, probe.OpenFiltered, probe.NoResponse), func(r *report.Port) { r.Proto = "udp"; r.Asked = "UDP packet" }),
			with(up(quiet, probe.Reset, 1), func(r *report.Host) { r.Named = false }), port(quiet, 22, probe.Closed, probe.Reset),
		},
		end: end(8, 4, time.Second, 0, "open"),
	})

	add(scenario{
		name: "hostile",
		opts: Options{Verbose: true}, scan: report.Scan{Command: "tcp", Args: []string{hostile}, Ports: 1, Notes: []string{hostile}},
		records: []report.Record{
			with(up(web, probe.SynAck, 1), func(r *report.Host) {
				r.Forward, r.PTR, r.Looked, r.Vendor, r.MAC = []string{"a", hostile}, hostile, true, hostile, arp.MAC
			}),
			with(port(web, 80, probe.Open, probe.SynAck), service(hostile)),
		},
		end: end(1, 1, time.Second, 0, hostile),
	})

	add(scenario{
		name: "repeat",
		scan: report.Scan{Command: "tcp", Ports: 3},
		records: []report.Record{
			up(web, probe.SynAck, 3),
			with(port(web, 80, probe.Open, probe.SynAck), func(r *report.Port) {
				r.Repeat = &report.Repeat{Sent: 100, Answered: 98, Min: 100 * time.Microsecond, Avg: 210 * time.Microsecond, Max: 123456789,
					Deviation: 50 * time.Microsecond, P50: 200 * time.Microsecond, P90: 310 * time.Microsecond, P99: 900 * time.Microsecond,
					Late: 1, Duplicates: 2, Reordered: 3, Unsent: 4,
					Answers: []report.Answers{{State: probe.Open, Reason: probe.SynAck, N: 96}, {State: probe.Closed, Reason: probe.Reset, Weak: true, N: 1},
						{State: probe.Filtered, Reason: probe.AdminProhibited, From: gate, N: 1}}}
			}),
			with(port(web, 81, probe.Filtered, probe.NoResponse), func(r *report.Port) { r.Repeat = &report.Repeat{Sent: 100, Late: 7} }),
			with(port(web, 82, probe.Closed, probe.Reset), func(r *report.Port) {
				r.Repeat = &report.Repeat{Sent: 1, Answered: 1, Min: 100 * time.Microsecond, Avg: 100 * time.Microsecond, Max: 100 * time.Microsecond,
					P50: 100 * time.Microsecond, P90: 100 * time.Microsecond, P99: 100 * time.Microsecond,
					Answers: []report.Answers{{State: probe.Closed, Reason: probe.Reset, N: 1}}}
			}),
		},
		end: end(200, 98, 10*time.Second, 0, "open"),
	})

	add(scenario{
		name: "interrupted",
		scan: report.Scan{Command: "tcp", Ports: 100},
		records: []report.Record{
			up(web, probe.SynAck, 100), port(web, 80, probe.Open, probe.SynAck),
			with(port(quiet, 80, probe.Unknown, probe.ReasonLocalError), func(r *report.Port) { r.Errno = 113; r.Tries = 0 }),
			port(quiet, 81, probe.Unknown, probe.ReasonDeadline),
		},
		end: report.End{Interrupted: true, Elapsed: 200 * time.Second, Sent: 1, Received: 1, Unasked: 98, Loss: -1, ExpectedMissed: -1,
			Exit: 130, ExitReason: "interrupted"},
	})

	add(scenario{
		name: "color",
		opts: Options{Color: true}, scan: report.Scan{Command: "tcp", Ports: 4},
		records: []report.Record{
			up(web, probe.SynAck, 4), port(web, 80, probe.Open, probe.SynAck), port(web, 81, probe.Closed, probe.Reset),
			port(web, 82, probe.Filtered, probe.NoResponse), port(web, 83, probe.Unfiltered, probe.Reset),
		},
		end: end(6, 3, time.Second, 0, "open"),
	})

	// Every state and every reason, one record each.
	whole := scenario{name: "enums", scan: report.Scan{Command: "tcp", Ports: uint32(len(probe.Reasons()))},
		end: end(0, 0, 0, 0, "open")}
	for i := range probe.Reasons() {
		whole.records = append(whole.records, port(web, uint16(i+1), portStates[i%len(portStates)], probe.Reason(i)))
	}
	for i, s := range []probe.State{probe.Up, probe.Down, probe.Unknown, probe.NotTested} {
		h := &report.Host{Addr: web, Verdict: report.Verdict{State: s, Reason: probe.NoResponse}, Named: true, Ports: uint32(len(probe.Reasons()))}
		for range i {
			h.Addr = h.Addr.Next()
			h.Ports = 0
		}
		whole.records = append(whole.records, h)
	}
	add(whole)
	doubtful := func(n uint16, s probe.State, why probe.Reason, d probe.Doubt) *report.Port {
		return with(port(web, n, s, why), func(r *report.Port) { r.Doubt = d })
	}
	sure := func(r *report.Port) *report.Port { r.Confirmed = true; return r }
	about := func(d probe.Doubt, change func(*report.Finding)) *report.Finding {
		return with(&report.Finding{Addr: web, Doubt: d, Proto: "tcp"}, change)
	}
	add(scenario{
		name: "middlebox",
		scan: report.Scan{Command: "tcp", Ports: 6},
		records: []report.Record{
			doubtful(80, probe.Open, probe.SynAck, probe.Canary), doubtful(81, probe.Open, probe.SynAck, probe.ZeroWindow),
			doubtful(82, probe.Closed, probe.Reset, probe.Nearer), sure(doubtful(83, probe.Filtered, probe.NoResponse, probe.Tarpit)),
			sure(port(web, 84, probe.Open, probe.SynAck)), sure(port(web, 85, probe.Closed, probe.Reset)),
			about(probe.Canary, func(r *report.Finding) { r.Canary, r.Count, r.Ports = 61333, 1, []uint16{80} }),
			about(probe.ZeroWindow, func(r *report.Finding) { r.Count, r.Ports = 1, []uint16{81} }),
			about(probe.Nearer, func(r *report.Finding) { r.Count, r.Ports, r.Hops, r.Others = 1, []uint16{82}, 1, 3 }),
			about(probe.Tarpit, func(r *report.Finding) { r.Count, r.Ports = 1, []uint16{83} }),
			about(probe.Contradiction, func(r *report.Finding) {
				r.Count, r.Ports = 12, []uint16{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
			}),
			about(probe.ResetInPlace, func(r *report.Finding) { r.By = gate }), about(probe.ResetUnplaced, func(r *report.Finding) {}),
			with(up(web, probe.SynAck, 6), func(r *report.Host) { r.State, r.Doubt = probe.Unknown, probe.Canary }),
		},
		end: end(9, 8, time.Second, 0, "open"),
	})
	weak := func(n uint16, s probe.State, why probe.Reason, count uint16, isWeak bool) *report.Port {
		return with(port(web, n, s, why), func(r *report.Port) { r.Weak, r.Unproven = isWeak, count })
	}
	weakPorts := []report.Record{
		weak(21, probe.Closed, probe.Reset, 3, true), weak(22, probe.Open, probe.SynAck, 2, true),
		weak(23, probe.Filtered, probe.NoResponse, 1, false), weak(25, probe.Filtered, probe.NoResponse, 40, false),
		with(weak(26, probe.Filtered, probe.AdminProhibited, 0, false), func(r *report.Port) { r.From, r.QuotedSrc, r.QuotedDst = gate, gate, web }),
	}
	for n := uint16(100); n < 130; n++ {
		weakPorts = append(weakPorts, weak(n, probe.Closed, probe.Reset, 3, n%2 == 0))
	}
	add(scenario{
		name:    "weak",
		scan:    report.Scan{Command: "tcp", Ports: 35},
		records: append(weakPorts, with(up(web, probe.EchoReply, 35), func(r *report.Host) { r.Data = probe.DataCut })),
		end:     end(105, 1, 2*time.Second, 0, "open"),
	})
	add(scenario{
		name: "middlebox-sweep",
		scan: report.Scan{Command: "sweep", Addresses: 256},
		records: []report.Record{
			with(up(web, probe.Reset, 0), func(r *report.Host) { r.State, r.Doubt, r.By, r.Named = probe.Unknown, probe.ResetInPlace, gate, true }),
			&report.Finding{Doubt: probe.ResetInPlace, By: gate, Count: 254}, &report.Finding{Doubt: probe.ResetUnplaced, Count: 1},
		},
		end: end(4000, 700, time.Second, 3, "silence"),
	})
	called := func(last uint8, names []string, ptr string, differ bool) *report.Host {
		return with(up(web, probe.EchoReply, 0), func(r *report.Host) {
			r.Addr = netip.AddrFrom4([4]byte{10, 77, 2, last})
			r.From, r.Forward, r.PTR, r.Looked, r.Differ = r.Addr, names, ptr, true, differ
		})
	}
	add(scenario{
		name: "names",
		scan: report.Scan{Command: "sweep", Addresses: 6},
		records: []report.Record{
			called(1, nil, "", false), called(2, nil, "gw.example", false), called(3, nil, "gw.example", true),
			called(4, []string{"web.example"}, "web.example", false), called(5, []string{"www.example"}, "web.example", true),
			called(6, []string{"www.example"}, hostile, true),
		},
		end: end(6, 6, time.Second, 0, "up"),
	})
	silence := func(n uint16, s probe.State, why probe.Reason, d probe.Doubt) *report.Port {
		return with(doubtful(n, s, why, d), func(r *report.Port) { r.Proto, r.Asked = "udp", "UDP packet" })
	}
	host := func(a netip.Addr) *report.Host {
		return with(up(web, probe.UDPResponse, 1), func(r *report.Host) { r.Addr, r.From = a, a })
	}
	portAt := func(r *report.Port, a netip.Addr) *report.Port { r.Addr = a; return r }
	aboutAt := func(r *report.Finding, a netip.Addr) *report.Finding { r.Addr = a; return r }
	add(scenario{
		name: "udp-silence",
		scan: report.Scan{Command: "udp", Ports: 1},
		records: []report.Record{
			silence(53, probe.OpenFiltered, probe.NoResponse, probe.ICMPLimit),
			about(probe.ICMPLimit, func(r *report.Finding) {
				r.Proto, r.Count, r.Every, r.Cost, r.Most = "udp", 94, 1003*time.Millisecond, 94300*time.Millisecond, 512*time.Second
			}), host(web),
			portAt(silence(53, probe.OpenFiltered, probe.NoResponse, probe.ICMPSilent), six), aboutAt(about(probe.ICMPSilent, func(r *report.Finding) {}), six), host(six),
			portAt(silence(53, probe.OpenFiltered, probe.NoResponse, probe.ICMPAnswers), gate), aboutAt(about(probe.ICMPAnswers, func(r *report.Finding) {}), gate), host(gate),
		},
		end: end(300, 20, 3*time.Second, 3, "silence"),
	})
	for _, s := range slices.Concat(routeScenarios(), serviceScenarios(), machineScenarios(), pairScenarios(), differenceScenarios(), unmetScenarios(), thenScenarios(), trialScenarios()) {
		add(s)
	}
	return all
}

// render is what the scenario writes in a format.
func (s *scenario) render(f Format) string {
	w := f.New(s.opts)
	b := w.AppendRecord(nil, &s.scan)
	for _, r := range s.records {
		b = w.AppendRecord(b, r)
	}
	return string(w.AppendRecord(b, &s.end))
}

// untabbed is what a format wrote, without the tabs that belong to it.
func untabbed(f Format, out string) string {
	if f.Name == "grep" {
		return strings.ReplaceAll(out, "\t", "")
	}
	return out
}

// with is r after a change.
func with[T any](r *T, change func(*T)) *T { change(r); return r }

// format is the one of that name.
func format(name string) Format {
	f, err := Formats().Find(name)
	if err != nil {
		panic(err)
	}
	return f
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
