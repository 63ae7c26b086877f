package output

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sonde/probe"
	"sonde/scan/report"
)

// outline is a Pager that writes what it is given in a word each.
type outline struct{ keep Keep }

func (p *outline) Keep() Keep { return p.keep }

func (p *outline) AppendBegin(b []byte, s *report.Scan) []byte {
	return fmt.Appendf(b, "begin %s\n", s.Command)
}

func (p *outline) AppendFinding(b []byte, f *report.Finding) []byte {
	return fmt.Appendf(b, "finding %s\n", f.Doubt)
}

func (p *outline) AppendRound(b []byte, r *report.Round) []byte {
	return fmt.Appendf(b, "round %d\n", r.Number)
}

func (p *outline) AppendReroute(b []byte, r *report.Reroute) []byte {
	return fmt.Appendf(b, "reroute %d\n", r.Number)
}

func (p *outline) AppendPair(b []byte, r *report.Pair) []byte {
	return fmt.Appendf(b, "pair %s\n", r.What)
}
func (p *outline) AppendComparison(b []byte, c *report.Comparison) []byte {
	return fmt.Appendf(b, "comparison of %d questions\n", len(c.Questions))
}
func (p *outline) AppendUnmet(b []byte, u *report.Unmet) []byte {
	return fmt.Appendf(b, "unmet %v\n", u.Want)
}
func (p *outline) AppendDifference(b []byte, d *report.Difference) []byte {
	return fmt.Appendf(b, "difference %s\n", d.What)
}
func (p *outline) AppendDifferences(b []byte, d *report.Differences) []byte {
	return fmt.Appendf(b, "differences %d\n", d.Same)
}
func (p *outline) AppendTrial(b []byte, t *report.Trial) []byte {
	return fmt.Appendf(b, "trial %s\n", t.Variant)
}
func (p *outline) AppendEffect(b []byte, e *report.Effect) []byte {
	return fmt.Appendf(b, "effect %v\n", e.Properties)
}
func (p *outline) AppendConclusion(b []byte, c *report.Conclusion) []byte {
	return fmt.Appendf(b, "conclusion %s\n", c.Result)
}
func (p *outline) AppendMachine(b []byte, m *Machine) []byte {
	return fmt.Appendf(b, "machine %d %d %d %d %d\n", len(m.Privileges), len(m.Limits), len(m.Interfaces), len(m.Routes), len(m.Ways))
}

func (p *outline) AppendEnd(b []byte, e *report.End) []byte {
	return fmt.Appendf(b, "end %d\n", e.Exit)
}

func (p *outline) AppendHost(b []byte, h *Host) []byte {
	b = fmt.Appendf(b, "host %s %v", h.Addr, h.State)
	for _, said := range []struct {
		word string
		is   bool
	}{{"decided", h.Decided}, {"alone", h.Alone()}, {"route-only", h.RouteOnly()}} {
		if said.is {
			b = append(append(b, ' '), said.word...)
		}
	}
	for _, p := range h.Listed {
		b = fmt.Appendf(b, " %d/%s", p.Port.Port, p.Proto)
		if p.Service != nil {
			b = fmt.Appendf(b, "=%s+%d", p.Service.Product, p.MoreNames)
		}
	}
	for _, f := range h.Folds {
		b = fmt.Appendf(b, " %d×%v", f.N, f.State)
	}
	for _, hop := range h.Hops {
		b = fmt.Appendf(b, " hop%d", hop.TTL)
	}
	for _, f := range h.Findings {
		b = fmt.Appendf(b, " finding:%s", f.Doubt)
	}
	return fmt.Appendf(b, " %d undecided\n", h.Undecided())
}

// A Pager gets hosts that are whole, with what belongs to them, in the order in
// which they are complete, and the rest at the end.
func TestAssembler(t *testing.T) {
	mine, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	port := func(a netip.Addr, n uint16, s probe.State) *report.Port {
		return &report.Port{Addr: a, Proto: "tcp", Port: n, Verdict: report.Verdict{State: s}}
	}
	host := func(a netip.Addr, ports uint32, routed bool) *report.Host {
		return &report.Host{Addr: a, Verdict: report.Verdict{State: probe.Up}, Ports: ports, Routed: routed}
	}
	certificate := &report.TLS{Names: make([]string, 10)}
	var many []report.Record
	for n := range uint16(30) {
		many = append(many, port(mine, 100+n, probe.Closed))
	}
	for _, test := range []struct {
		name    string
		scan    report.Scan
		opts    Options
		keep    Keep
		records []report.Record
		want    string
	}{
		{
			name: "services and hops are joined, ports sorted", scan: report.Scan{Ports: 3, Services: true, Trace: &report.Trace{}}, keep: Keep{Brief: true},
			records: []report.Record{
				&report.Service{Addr: mine, Proto: "tcp", Port: 80, Product: strings.Repeat("x", 100), TLS: certificate},
				port(mine, 80, probe.Open), &report.Hop{Addr: mine, TTL: 2}, port(other, 9, probe.Open), port(mine, 22, probe.Open), host(mine, 3, true),
				&report.Finding{Addr: mine, Doubt: probe.Canary}, &report.Hop{Addr: mine, TTL: 1, Hops: 2}, port(mine, 23, probe.Closed),
				&report.Service{Addr: mine, Proto: "tcp", Port: 22, Product: "ssh"}, &report.Service{Addr: mine, Proto: "tcp", Port: 99},
			},
			want: "host 192.0.2.1 up decided 22/tcp=ssh+0 23/tcp 80/tcp=" + strings.Repeat("x", 64) + "+6 hop1 hop2 finding:canary 0 undecided\n" +
				"host 192.0.2.2 unknown 9/tcp 0 undecided\nhost 192.0.2.1 unknown 0 undecided\n",
		},
		{
			name: "folded where that is asked for", scan: report.Scan{Ports: 30}, keep: Keep{Fold: true}, records: append(many[:30:30], host(mine, 31, false)),
			want: "host 192.0.2.1 up decided 30×closed 1 undecided\n",
		},
		{
			name: "not folded", scan: report.Scan{Ports: 3}, records: append(many[:3:3], host(mine, 3, false)),
			want: "host 192.0.2.1 up decided 100/tcp 101/tcp 102/tcp 0 undecided\n",
		},
		{
			name: "not listed", scan: report.Scan{Ports: 2}, opts: Options{Open: true},
			records: []report.Record{port(mine, 1, probe.Open), port(mine, 2, probe.Closed), host(mine, 2, false), port(other, 1, probe.Closed), host(other, 1, false)},
			want:    "host 192.0.2.1 up decided 1/tcp 1×closed 0 undecided\n",
		},
		{
			name: "a sweep", opts: Options{},
			records: []report.Record{host(mine, 0, false), &report.Finding{Doubt: probe.ResetInPlace}, &report.Host{Addr: other}},
			want:    "host 192.0.2.1 up decided alone 0 undecided\nfinding reset-in-place\n",
		},
		{
			name: "a trace", scan: report.Scan{Trace: &report.Trace{}}, records: []report.Record{&report.Hop{Addr: mine, TTL: 1, Hops: 1}},
			want: "host 192.0.2.1 unknown route-only hop1 0 undecided\n",
		},
		{
			name:    "this machine",
			records: []report.Record{&report.Privilege{}, &report.Way{}, &report.Limit{}, &report.Way{}, &report.Interface{}, &report.Route{}},
			want:    "machine 1 1 1 1 2\n",
		},
	} {
		a := NewAssembler(&outline{test.keep}, test.opts)
		test.scan.Command = "x"
		b := a.AppendRecord(nil, &test.scan)
		for _, r := range test.records {
			b = a.AppendRecord(b, r)
		}
		b = a.AppendRecord(b, &report.End{Exit: 7})
		if diff := cmp.Diff("begin x\n"+test.want+"end 7\n", string(b)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", test.name, diff)
		}
	}
}

// What is held until a host is whole is the Assembler's own: whoever puts a record
// may use it again.
func TestAssemblerBorrowsNothing(t *testing.T) {
	all := scenarios()
	for _, f := range Formats() {
		for _, s := range all {
			want := s.render(f)
			w := f.New(s.opts)
			put := func(b []byte, r report.Record) []byte {
				r = report.Clone(r)
				b = w.AppendRecord(b, r)
				spoil(reflect.ValueOf(r).Elem())
				return b
			}
			b := put(nil, &s.scan)
			for _, r := range s.records {
				b = put(b, r)
			}
			if got := string(put(b, &s.end)); got != want {
				t.Errorf("%s, %s: %s", s.name, f.Name, cmp.Diff(want, got))
			}
		}
	}
}

// spoil changes everything that v holds and points to.
func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			spoil(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				spoil(v.Field(i))
			}
		}
	}
	if v.CanSet() && v.Kind() != reflect.Pointer && v.Kind() != reflect.Slice {
		v.SetZero()
	}
}

// TestRandomRecords: whatever is found out, and in whatever order, no format
// writes anything that does something to a terminal.
func TestRandomRecords(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 1500 {
		s := scenario{opts: Options{Open: i%7 == 0, Verbose: i%2 == 0, Color: i%3 == 0}}
		fill(r, reflect.ValueOf(&s.scan).Elem())
		fill(r, reflect.ValueOf(&s.end).Elem())
		canonical(&s.scan)
		canonical(&s.end)
		s.scan.Ports %= 3
		for range r.IntN(6) {
			rec := randomRecord(r)
			if addr := reflect.ValueOf(rec).Elem().FieldByName("Addr"); addr.IsValid() && r.IntN(2) == 0 {
				addr.Set(reflect.ValueOf(web))
			}
			s.records = append(s.records, rec)
		}
		for _, f := range Formats() {
			out := untabbed(f, s.render(f))
			if bad := harmless(strings.ReplaceAll(out, "\ufffd", "")); bad != "" { // but for the character itself, if it was sent
				t.Fatalf("run %d, %s: %s in %q", i, f.Name, bad, out)
			}
		}
	}
}

// The order of the formats does not depend on that of the files.
func TestFormatsInOrder(t *testing.T) {
	if names := Formats().Names(); !slices.Equal(names, []string{"text", "csv", "dot", "grep", "html", "json", "list", "nmap", "prom", "xml"}) {
		t.Error(names)
	}
}
