package output

import (
	"encoding/xml"
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"sonde/scan/report"
)

// randomRun is what a run would write that finds out whatever it can, about few targets,
// as often as not cut short.
func randomRun(r *rand.Rand, commands []string) scenario {
	s := scenario{opts: Options{Open: r.IntN(4) == 0, Verbose: r.IntN(2) == 0}}
	fill(r, reflect.ValueOf(&s.scan).Elem())
	fill(r, reflect.ValueOf(&s.end).Elem())
	canonical(&s.scan)
	canonical(&s.end)
	s.scan.Command, s.scan.Ports = commands[r.IntN(len(commands))], s.scan.Ports%3
	addrs := []netip.Addr{web, gate, six, link}
	for range r.IntN(30) {
		rec := randomRecord(r)
		if addr := reflect.ValueOf(rec).Elem().FieldByName("Addr"); addr.IsValid() && r.IntN(5) > 0 {
			addr.Set(reflect.ValueOf(addrs[r.IntN(len(addrs))]))
		}
		switch rec := rec.(type) {
		case *report.Scan, *report.End:
			continue // one of them is first, and one is last
		case *report.Port:
			rec.Proto = []string{"tcp", "udp"}[r.IntN(2)]
		}
		s.records = append(s.records, rec)
	}
	return s
}

// TestXMLIsWellFormed: whatever is found out, a parser takes it.
func TestXMLIsWellFormed(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for i := range 1500 {
		s := randomRun(r, routeCommands)
		out := s.render(format("xml"))
		d := xml.NewDecoder(strings.NewReader(out))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("run %d: %v\n%s", i, err, out)
			}
		}
	}
}

// TestXMLCounts: every port of a host is in its XML once, listed or counted, and those that are
// counted stand in the ranges.
func TestXMLCounts(t *testing.T) {
	for _, s := range scenarios() {
		f := format("xml")
		if !f.Fits(s.scan.Command) {
			continue
		}
		var got struct {
			Hosts []struct {
				Listed []struct{}  `xml:"ports>port"`
				Extra  []extraPort `xml:"ports>extraports>extrareasons"`
			} `xml:"host"`
		}
		if err := xml.Unmarshal([]byte(s.render(f)), &got); err != nil {
			t.Fatal(s.name, err)
		}
		want, n := 0, 0
		for _, rec := range s.records {
			if _, ok := rec.(*report.Port); ok {
				want++
			}
		}
		for _, h := range got.Hosts {
			n += len(h.Listed)
			for _, e := range h.Extra {
				n += e.Count
				if in := e.numbers(t); in != e.Count {
					t.Errorf("%s: %d ports in %q, counted %d", s.name, in, e.Ports, e.Count)
				}
			}
		}
		if n != want && !s.opts.Open {
			t.Errorf("%s: %d of %d ports", s.name, n, want)
		}
	}
}

type extraPort struct {
	Count int    `xml:"count,attr"`
	Ports string `xml:"ports,attr"`
}

// numbers is how many ports the ranges have.
func (e *extraPort) numbers(t *testing.T) (n int) {
	for part := range strings.SplitSeq(e.Ports, ",") {
		from, to, isRange := strings.Cut(part, "-")
		first, last := number(t, from), number(t, from)
		if isRange {
			last = number(t, to)
		}
		n += last - first + 1
	}
	return n
}

func number(t *testing.T, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
