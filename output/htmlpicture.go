package output

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"sonde/output/page"
	"sonde/probe"
	"sonde/scan/report"
)

// Round-trip times are counted in steps of a tenth of a decade, from tripFirst on.
const (
	tripSteps = 70
	tripFirst = 10 * time.Microsecond
	tripsMin  = 10 // of fewer nothing is said: they stand in the table
	barsMin   = 3  // with fewer a picture says no more than its words
)

// trips counts round-trip times: of ports, or of hosts where there are no ports.
type trips struct {
	n           uint64
	steps       [tripSteps]uint64
	least, most time.Duration
}

// see counts what r tells, of a run that s is about.
func (t *trips) see(r report.Record, s *report.Scan) {
	switch r := r.(type) {
	case *report.Port:
		t.add(&r.Verdict)
	case *report.Host:
		if s != nil && s.Ports == 0 {
			t.add(&r.Verdict)
		}
	}
}

func (t *trips) add(v *report.Verdict) {
	d := v.RTT
	switch {
	case v.Repeat != nil && v.Repeat.Timed():
		d = v.Repeat.Avg
	case v.Repeat != nil || !v.HasRTT:
		return
	}
	if t.n == 0 || d < t.least {
		t.least = d
	}
	t.most = max(t.most, d)
	t.n++
	t.steps[tripStep(d)]++
}

// tripStep is the step that a time belongs to.
func tripStep(d time.Duration) int {
	step := math.Floor(10*math.Log10(float64(max(d, 1))/float64(tripFirst)) + 1e-9)
	return int(max(0, min(step, tripSteps-1)))
}

// tripEdge is where a step begins.
func tripEdge(step int) time.Duration {
	return time.Duration(float64(tripFirst) * math.Pow(10, float64(step)/10))
}

// append draws them.
func (t *trips) append(b []byte) []byte {
	if t.n < tripsMin {
		return b
	}
	first, last := tripStep(t.least), tripStep(t.most)
	var bars []page.Bar
	half, seen := t.most, uint64(0)
	for i := first; i <= last; i++ {
		if before := seen; before < (t.n+1)/2 && before+t.steps[i] >= (t.n+1)/2 {
			half = min(half, tripEdge(i+1))
		}
		seen += t.steps[i]
		from := tripEdge(i)
		if i == 0 { // where all are that took less
			from = 0
		}
		bars = append(bars, page.Bar{From: string(appendMillis(nil, from)), To: string(appendMillis(nil, tripEdge(i+1))), N: t.steps[i]})
	}
	words := appendCount([]byte("Round trips of "), t.n, "answer")
	words = appendMillis(append(words, ": "...), t.least)
	words = appendMillis(append(words, " at least, half of them within "...), half)
	said := string(append(appendMillis(append(words, ", "...), t.most), " at most"...))
	b = append(b, "<figure>\n"...)
	if len(bars) >= barsMin {
		b = page.Histogram(b, said, bars)
	}
	return append(page.Element(b, "figcaption", "", said), "</figure>\n"...)
}

// What a picture of many hosts shows at most.
const (
	mapHosts   = 256 // those with the lowest addresses
	mapColumns = 40  // the ports that are open most often
	mapPorts   = 64  // of a run that asks for more, only open ports are shown
)

// hostMap collects what a picture of hosts and their ports shows.
type hostMap struct {
	scan  *report.Scan
	hosts []mappedHost // in the order of their addresses
	total int          // how many there were
}

type mappedHost struct {
	addr  netip.Addr
	id    string
	cells []mappedPort
}

type mappedPort struct {
	proto string
	port  uint16
	state probe.State
}

// add takes what h has to show: all its ports, or of many those that are open.
func (m *hostMap) add(h *Host) {
	var cells []mappedPort
	all := m.scan != nil && m.scan.Ports <= mapPorts
	for i := range h.Listed {
		if p := &h.Listed[i]; all || p.State == probe.Open {
			cells = append(cells, mappedPort{p.Proto, p.Port.Port, p.State})
		}
	}
	for i := range h.Folds {
		for _, port := range h.Folds[i].Ports {
			if all {
				cells = append(cells, mappedPort{h.Folds[i].Proto, port, h.Folds[i].State})
			}
		}
	}
	if len(cells) == 0 {
		return
	}
	m.total++
	at, _ := slices.BinarySearchFunc(m.hosts, h.Addr, func(x mappedHost, a netip.Addr) int { return x.addr.Compare(a) })
	if at == mapHosts {
		return
	}
	if len(m.hosts) == mapHosts {
		m.hosts = m.hosts[:mapHosts-1]
	}
	if len(cells) > mapPorts {
		cells = slices.Clone(cells[:mapPorts])
	}
	m.hosts = slices.Insert(m.hosts, at, mappedHost{h.Addr, hostID(h), cells})
}

// columns are the ports to show: those that are open most often, by their numbers.
func (m *hostMap) columns() (shown []mappedPort, all int) {
	open := map[mappedPort]int{}
	for _, h := range m.hosts {
		for _, c := range h.cells {
			n := 0
			if c.state == probe.Open {
				n = 1
			}
			open[mappedPort{proto: c.proto, port: c.port}] += n
		}
	}
	for p := range open {
		shown = append(shown, p)
	}
	number := func(x, y mappedPort) int { return order(x.proto, x.port, y.proto, y.port) }
	slices.SortFunc(shown, func(x, y mappedPort) int { return cmp.Or(cmp.Compare(open[y], open[x]), number(x, y)) })
	all = len(shown)
	shown = shown[:min(all, mapColumns)]
	slices.SortFunc(shown, number)
	return shown, all
}

// append draws it, if there are several hosts.
func (m *hostMap) append(b []byte) []byte {
	if len(m.hosts) < 2 {
		return b
	}
	shown, all := m.columns()
	picture := page.Map{Label: "Ports by address"}
	at := map[mappedPort]int{}
	for i, p := range shown {
		at[p] = i
		picture.Columns = append(picture.Columns, string(appendPort(nil, p.proto, p.port)))
	}
	for _, h := range m.hosts {
		row := page.MapRow{Name: string(appendAddr(nil, h.addr)), Link: h.id, States: make([]string, len(shown))}
		for _, c := range h.cells {
			if i, ok := at[mappedPort{proto: c.proto, port: c.port}]; ok {
				row.States[i] = c.state.String()
			}
		}
		picture.Rows = append(picture.Rows, row)
	}
	what := "Ports"
	if m.scan.Ports > mapPorts {
		what = "Open ports"
	}
	said := fmt.Sprintf("%s of %d hosts", what, m.total)
	if m.total > len(m.hosts) {
		said = fmt.Sprintf("%s of %d of %d hosts, those with the lowest addresses", what, len(m.hosts), m.total)
	}
	if all > len(shown) {
		said += ": the " + strconv.Itoa(len(shown)) + " that are open most often"
	}
	b = page.Element(append(b, "<figure class=\"ports\">\n"...), "figcaption", "", said)
	return append(picture.Append(b), "</figure>\n"...)
}
