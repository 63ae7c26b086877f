package output

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// largeRuns are what pages are for: a subnet that was swept, and one whose ports were
// asked, a host with a thousand open ports, 50,000 records, and a route with branches.
func largeRuns() []scenario {
	r := rand.New(rand.NewPCG(1, 5))
	at := time.Date(2026, 11, 30, 8, 15, 0, 0, time.UTC)
	answered := func(v *report.Verdict, addr netip.Addr) {
		v.From, v.TTL, v.HasTTL, v.Tries, v.HasRTT = addr, 62, true, 1, true
		v.RTT = report.RTT(time.Duration(float64(400*time.Microsecond) * (1 + r.ExpFloat64())))
	}
	begin := func(name, command, args string, addresses uint64, ports uint32) scenario {
		s := scenario{name: name, scan: report.Scan{Version: "0.1.0", Command: command, Args: append([]string{command}, args), Time: at,
			Methods: []string{"raw"}, Seed: 42, Addresses: addresses, Ports: ports, Probes: addresses * uint64(max(ports, 1))}}
		s.end = report.End{Complete: true, Elapsed: 4200 * time.Millisecond, Loss: -1, ExpectedMissed: -1}
		return s
	}
	end := func(s scenario) scenario {
		for _, rec := range s.records {
			s.end.Tally.Add(rec)
			s.end.Sent++
			s.end.Received++
		}
		return s
	}
	scan := func(s scenario, hosts int, ports []uint16) scenario {
		states := []probe.State{probe.Open, probe.Open, probe.Open, probe.Closed, probe.Filtered}
		reasons := []probe.Reason{probe.SynAck, probe.SynAck, probe.SynAck, probe.Reset, probe.NoResponse}
		for i := range hosts {
			addr := netip.AddrFrom4([4]byte{10, 77, byte(i >> 8), byte(i)})
			h := &report.Host{Addr: addr, Verdict: report.Verdict{State: probe.Up, Reason: probe.SynAck}, Ports: uint32(len(ports))}
			answered(&h.Verdict, addr)
			s.records = append(s.records, h)
			for _, n := range ports {
				k := r.IntN(len(states))
				p := &report.Port{Addr: addr, Proto: "tcp", Port: n, Verdict: report.Verdict{State: states[k], Reason: reasons[k], Asked: "SYN", Tries: 3}, Service: fmt.Sprint("service-", n%50)}
				if reasons[k] != probe.NoResponse {
					answered(&p.Verdict, addr)
				}
				s.records = append(s.records, p)
			}
		}
		return end(s)
	}
	sweep := begin("large-sweep", "sweep", "10.77.0.0/24", 256, 0)
	for i := range 180 {
		addr := netip.AddrFrom4([4]byte{10, 77, 0, byte(i + 1)})
		h := &report.Host{Addr: addr, Verdict: report.Verdict{State: probe.Up, Reason: probe.ARPReply}, MAC: wire.MAC{2, 0, 0, 0, 1, byte(i)}, Vendor: "Example Networks"}
		answered(&h.Verdict, addr)
		if i%3 == 0 {
			h.PTR, h.Looked = fmt.Sprintf("host-%d.example", i), true
		}
		sweep.records = append(sweep.records, h)
	}
	sweep.end.Tally.Omit(76, 0, probe.Unknown)
	many := make([]uint16, 1000)
	for i := range many {
		many[i] = uint16(i + 1)
	}
	thousand := begin("large-ports", "tcp", "-p 1-1000 10.77.0.0", 1, 1000)
	thousand = scan(thousand, 1, many)
	for _, rec := range thousand.records { // so that each is listed
		if p, ok := rec.(*report.Port); ok {
			thousand.end.Tally.Ports[p.State]--
			p.State, p.Reason = probe.Open, probe.SynAck
			thousand.end.Tally.Ports[p.State]++
		}
	}
	return []scenario{end(sweep), thousand,
		scan(begin("large-subnet", "tcp", "-p 21,22,23,25,53,80,110,143,443,445,993,3389,8080 10.77.0.0/26", 64, 13), 40, []uint16{21, 22, 23, 25, 53, 80, 110, 143, 443, 445, 993, 3389, 8080}),
		scan(begin("large-many", "tcp", "-p 1-10 10.77.0.0/16", 65536, 10), 5000, many[:10]), branches()}
}

// branches is a route on which packets are spread over several routers, and changed.
func branches() scenario {
	hop := func(n uint8, from string, micros int64, others ...string) *report.Hop {
		h := aHop(web, netip.MustParseAddr(from), n, micros, micros+20, 2*micros)
		for _, o := range others {
			h.Others = append(h.Others, netip.MustParseAddr(o))
		}
		return quoting(h, ef, ef)
	}
	last := reached(aHop(web, web, 7, 9000, 9200, 12000), probe.Open, probe.SynAck)
	last.Hops = 7
	return scenario{name: "trace-branches",
		scan: report.Scan{Version: "0.1.0", Command: "trace", Args: []string{"trace", "-p", "80", "--dscp", "ef", "10.77.2.10"}, Time: time.Date(2026, 11, 30, 8, 15, 0, 0, time.UTC),
			Methods: []string{"raw"}, Addresses: 1, Trace: &report.Trace{Proto: "tcp", Port: 80, MaxTTL: 30, TOS: ef}},
		records: []report.Record{
			&report.Rewrite{Addr: web, Field: "mss", From: "1460", To: "1300", After: report.HopAt{TTL: 1, From: gate}, By: report.HopAt{TTL: 2, From: netip.MustParseAddr("10.1.0.2")}},
			&report.Rewrite{Addr: web, Field: "dscp", From: "ef", To: "cs0", After: report.HopAt{TTL: 3, From: netip.MustParseAddr("10.1.1.1")}, By: report.HopAt{TTL: 6, From: netip.MustParseAddr("10.3.0.1")}, Between: []uint8{4, 5}},
			hop(1, "10.0.0.1", 120), hop(2, "10.1.0.2", 800, "10.1.0.3", "10.1.0.4"), hop(3, "10.1.1.1", 2100, "10.1.1.2"),
			aHop(web, netip.Addr{}, 4), aHop(web, netip.Addr{}, 5), quoting(hop(6, "10.3.0.1", 8200), ef, 0), last,
		},
		end: report.End{Complete: true, Sent: 21, Received: 15, Elapsed: 700 * time.Millisecond, Loss: -1, ExpectedMissed: -1, Exit: 0, ExitReason: "reached"}}
}
