package output

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"sonde/scan/report"
)

// pairScenarios are comparisons of two captures: one with all that there can be to say,
// of IPv6 with all details, and one in which nothing was lost.
func pairScenarios() []scenario {
	place := netip.MustParseAddrPort
	at := func(ms int) time.Time { return time.Date(2026, 11, 23, 2, 30, 0, ms*1e6+123456, time.UTC) }
	end := report.End{Complete: true, Loss: -1, ExpectedMissed: -1, ExitReason: "compared", Elapsed: 1200 * time.Millisecond}
	scan := report.Scan{Command: "compare", Args: []string{"compare", "near.pcap", "far.pcap"}, Captures: true}
	syn := func(ms int, fate report.Fate, set func(*report.Pair)) *report.Pair {
		p := &report.Pair{Near: report.Seen{Time: at(ms), Src: place("10.1.0.1:61003"), Dst: place("198.51.100.10:443")}, Proto: "tcp", What: "SYN", Number: 1, Verdict: fate}
		if fate != report.LostThere {
			p.Far = report.Seen{Time: at(ms + 3012), Src: place("203.0.113.7:2000"), Dst: place("198.51.100.10:443")}
			p.Changes = []report.Change{change("src", "10.1.0.1", "203.0.113.7"), change("sport", "61003", "2000"), change("ttl", "64", "59"), change("dscp", "ef", "cs0"), change("mss", "1460", "1300"), change("ts", "7", ""), change("payload", "", "")}
			p.Delay, p.HasDelay = 12100*time.Microsecond, true
		}
		set(p)
		return p
	}
	six := func(p *report.Pair) {
		p.Near.Src, p.Near.Dst = place("[2001:db8:100:0:1234:5678:9abc:1]:61003"), place("[2001:db8:200:0:1234:5678:9abc:10]:443")
	}
	records := []report.Record{
		syn(1, report.Answered, func(p *report.Pair) {
			p.Answer, p.Copies = "syn-ack", 1
			p.Back, p.BackDelay, p.HasBack = []report.Change{change("dst", "203.0.113.7", "10.1.0.1")}, 11*time.Millisecond, true
			p.Flow = &report.PairFlow{Sent: 1, Answered: 1, Packets: 2, Arrived: 2, Answers: 1, Returned: 1}
		}),
		syn(2, report.LostThere, func(p *report.Pair) {}),
		syn(1002, report.Unanswered, func(p *report.Pair) { p.Number = 2 }),
		syn(3, report.LostBack, func(p *report.Pair) { p.Answer = "syn-ack" }),
		syn(4, report.LostThere, func(p *report.Pair) {
			p.Why, p.Answer, p.By = "answered-on-way", "admin-prohibited", netip.MustParseAddr("10.1.0.2")
		}),
		syn(5, report.LostThere, func(p *report.Pair) { p.Why, p.Answer = "answered-on-way", "reset" }),
		syn(6, report.Unsure, func(p *report.Pair) { p.Why = "several-alike" }),
		syn(7, report.Unsure, func(p *report.Pair) { p.Why = "not-recorded" }),
		syn(8, report.Unsure, func(p *report.Pair) { p.Why = "near-ends"; six(p) }),
		&report.Pair{Near: report.Seen{Time: at(9), Src: netip.AddrPortFrom(netip.MustParseAddr("10.1.0.1"), 0), Dst: netip.AddrPortFrom(netip.MustParseAddr("198.51.100.10"), 0)}, Proto: "icmp", What: "echo request", Number: 7, Verdict: report.LostThere},
	}
	all := &report.Comparison{
		Near: report.Capture{File: "/tmp/near.pcap", Packets: 16790, First: at(0), Last: at(10_000)},
		Far:  report.Capture{File: hostile, Packets: 16440, NotRead: 12, First: at(3010), Last: at(13_000), Cut: "ends in the middle of a packet"},
		Clock: report.ClockDifference{Offset: 3000974 * time.Microsecond, Error: 21 * time.Microsecond, HasDrift: true, Drift: 101.201, DriftError: 3.386,
			Asymmetry: 10141 * time.Microsecond, Pairs: 1312},
		Questions: []report.FateCount{{What: "SYN", N: [report.Fates]uint64{3, 1508, 991, 1025, 6473}}, {What: "echo request", N: [report.Fates]uint64{0, 1, 0, 0, 4}}},
		Flows:     [report.Fates]uint64{3, 1507, 990, 1025, 6473},
		There: report.Passage{Sent: 10_005, Arrived: 8493, Copies: 453, Min: 9980 * time.Microsecond, Median: 10500 * time.Microsecond, Max: 116 * time.Millisecond,
			Changes: []report.ChangeCount{{Change: report.Change{Field: "src", Sent: "10.1.0.1", Seen: "203.0.113.7"}, Packets: 8493, Various: false}, {Change: report.Change{Field: "sport", Sent: "61003", Seen: "2000"}, Packets: 8493, Various: true},
				{Change: report.Change{Field: "sackok", Sent: "yes"}, Packets: 7, Various: false}, {Change: report.Change{Field: "mss", Seen: "1300"}, Packets: 6, Various: false}, {Change: report.Change{Field: "payload"}, Packets: 5, Various: false}}},
		Back:      report.Passage{Sent: 7498, Arrived: 6473, Stray: 2, Min: 1, Median: 2 * time.Microsecond, Max: 3 * time.Microsecond},
		Backwards: 1, Outside: 2, Early: 3,
	}
	all.Back.Min = 0
	quiet := &report.Comparison{Near: report.Capture{File: "a", Packets: 2, First: at(0), Last: at(1)}, Far: report.Capture{File: "b", Packets: 2, First: at(0), Last: at(1)},
		Clock:     report.ClockDifference{Offset: -1500 * time.Microsecond, OneWay: true, Pairs: 1},
		Questions: []report.FateCount{{What: "datagram", N: [report.Fates]uint64{report.Answered: 1}}}, Flows: [report.Fates]uint64{report.Answered: 1},
		There: report.Passage{Sent: 1, Arrived: 1}, Back: report.Passage{Sent: 1, Arrived: 1}}
	many := make([]report.Record, 0, 40)
	for i := range 30 {
		many = append(many, syn(i, report.LostThere, func(*report.Pair) {}))
	}
	many = append(many, syn(31, report.Answered, func(*report.Pair) {}), quiet)
	cut := end
	cut.Complete, cut.Interrupted = false, true
	noted := scan
	noted.Notes = []string{"far.pcap ends in the middle of a packet: what stands before that is compared, 16440 packets"}
	return []scenario{
		{name: "compare", opts: Options{Color: true}, scan: noted, records: append(records[:len(records):len(records)], all), end: end},
		{name: "compare-verbose", opts: Options{Verbose: true}, scan: scan, records: append(records[:len(records):len(records)], all), end: end},
		{name: "compare-many", scan: scan, records: many, end: cut},
	}
}

// TestPairLines: whatever can be broken into lines of a terminal is, by columns and not
// by bytes, and colours take none.
func TestPairLines(t *testing.T) {
	place := netip.MustParseAddrPort
	for _, number := range []uint32{1, 7, 65535} {
		for _, what := range []string{"SYN", "echo request", "é" + strings.Repeat("?", 11)} {
			for fate := range report.Fate(report.Fates) {
				for n := range 8 {
					p := &report.Pair{Near: report.Seen{Time: time.Unix(1, 0), Src: place("192.168.100.10:1"), Dst: place("198.51.100.100:65535")}, Proto: "icmp", What: what, Number: number, Verdict: fate}
					p.Far = p.Near
					for i := range n {
						p.Changes = append(p.Changes, change("mss", strings.Repeat("→", i), "1"), change("payload", "", ""))
					}
					f := &text{Options: Options{Verbose: true, Color: true}}
					plain := strings.NewReplacer("\x1b[31m", "", "\x1b[32m", "", "\x1b[33m", "", "\x1b[0m", "").Replace(string(f.AppendPair(nil, p)))
					for line := range strings.Lines(plain) {
						if w := width([]byte(line)) - 1; w > lineWidth {
							t.Errorf("%d columns: %s", w, line)
						}
					}
					if short := "SYN 1  192.168.100.10:1 > 198.51.100.100:65535\n"; number == 1 && what == "SYN" && !strings.Contains(plain, short) {
						t.Errorf("a line was broken that is short enough: %s", plain)
					}
				}
			}
		}
	}
}

func change(field, sent, seen string) report.Change {
	return report.Change{Field: field, Sent: sent, Seen: seen}
}

// canonicalPair makes of what is random of two captures something that could be found.
func canonicalPair(rec report.Record) {
	switch r := rec.(type) {
	case *report.Pair:
		r.Near.Time = exact(r.Near.Time)
		if r.Near.Time.IsZero() {
			r.Near.Time = time.Unix(1, 5).UTC()
		}
		if r.Far.Time = exact(r.Far.Time); r.Far.Time.IsZero() {
			r.Far = report.Seen{}
		}
		r.Why = append(pairWhys, "")[len(r.Why)%(len(pairWhys)+1)]
		if r.Delay = r.Delay.Truncate(time.Microsecond); !r.HasDelay {
			r.Delay = 0
		}
		if r.BackDelay = r.BackDelay.Truncate(time.Microsecond); !r.HasBack {
			r.BackDelay = 0
		}
	case *report.Comparison:
		k := &r.Clock
		k.Offset, k.Error, k.Asymmetry = k.Offset.Truncate(time.Microsecond), k.Error.Truncate(time.Microsecond), k.Asymmetry.Truncate(time.Microsecond)
		if k.OneWay {
			k.Offset = -k.Offset
		}
		if k.Drift, k.DriftError = finite(k.Drift), max(0, finite(k.DriftError)); !k.HasDrift {
			k.Drift, k.DriftError = 0, 0
		}
		for _, c := range []*report.Capture{&r.Near, &r.Far} {
			c.First, c.Last = exact(c.First), exact(c.Last)
		}
		for _, p := range []*report.Passage{&r.There, &r.Back} {
			p.Min, p.Median, p.Max = p.Min.Truncate(time.Microsecond), p.Median.Truncate(time.Microsecond), p.Max.Truncate(time.Microsecond)
			if p.Max == 0 {
				p.Min, p.Median = 0, 0
			}
		}
	}
}

// exact is a time that RFC 3339 can write, to the nanosecond.
func exact(t time.Time) time.Time {
	if t = t.UTC(); t.Year() < 0 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// finite is v as a drift can be.
func finite(v float64) float64 {
	if !(v > -1e6 && v < 1e6) {
		return -0.125
	}
	return report.PPM(v)
}
