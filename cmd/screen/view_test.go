package screen

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sonde/output"
	"sonde/probe"
	"sonde/scan/report"
	"sonde/scan/watched"
)

var update = flag.Bool("update", false, "write the golden files anew")

// watch makes the records of a watched trace. The way of a round is who answers by TTL, "*"
// nobody; the last is the target.
type watch struct {
	model watched.Model
	rng   *rand.Rand
	ways  map[string][]netip.Addr
	names map[string]string // reverse ones, by address
}

func newWatch() *watch {
	w := &watch{rng: rand.New(rand.NewPCG(1, 2)), ways: map[string][]netip.Addr{}}
	w.model.Add(&report.Scan{Command: "trace", Time: time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC), Trace: &report.Trace{Proto: "icmp", MaxTTL: 30}})
	return w
}

func (w *watch) round(number int, target string, from ...string) {
	addr := netip.MustParseAddr(target)
	for i, f := range from {
		r := &report.Round{Addr: addr, Number: uint32(number), At: time.Duration(number-1) * time.Second, TTL: uint8(i + 1), Last: uint8(len(from))}
		if f != "*" {
			r.From, r.PTR = netip.MustParseAddr(f), w.names[f]
			r.RTT = time.Duration((float64(i+1)*3 + w.rng.ExpFloat64()) * float64(time.Millisecond))
			r.Reason, r.Reached = probe.TimeExceeded, r.From == addr
		}
		w.model.Add(r)
	}
}

var way = []string{"10.1.0.1", "10.2.0.1", "10.3.0.1", "10.9.0.9"}

func (w *watch) way(number int, silent func(hop int) bool) {
	from := append([]string(nil), way...)
	for i := range from {
		if silent(i + 1) {
			from[i] = "*"
		}
	}
	w.round(number, way[3], from...)
}

func never(int) bool { return false }

// scenes are what golden files show.
var scenes = map[string]func(w *watch, s *State){
	"empty": func(*watch, *State) {},
	"healthy": func(w *watch, s *State) {
		for n := range 200 {
			w.way(n+1, never)
		}
	},
	"limited": func(w *watch, s *State) {
		for n := range 200 {
			w.way(n+1, func(hop int) bool { return hop == 2 && n%3 > 0 })
		}
		s.hop = 1
	},
	"loss": func(w *watch, s *State) {
		for n := range 200 {
			lost := w.rng.Float64() < 0.05
			w.way(n+1, func(hop int) bool { return lost && hop >= 3 })
		}
		s.hop = 3
	},
	"flip":  func(w *watch, s *State) { flips(w, 100) },
	"named": func(w *watch, s *State) { named(w, 100) },
	"named-detail": func(w *watch, s *State) {
		named(w, 100)
		s.hop, s.page = 1, Detail
	},
	"events": func(w *watch, s *State) {
		flips(w, 100)
		for n := range 10 {
			w.way(n+101, func(hop int) bool { return hop == 4 && n < 8 })
		}
		s.page = Events
	},
	"many": func(w *watch, s *State) {
		for i := range 50 {
			many(w, i)
		}
		s.target = 17
	},
	"targets": func(w *watch, s *State) {
		for i := range 50 {
			many(w, i)
		}
		s.target, s.page = 40, Targets
	},
	"detail": func(w *watch, s *State) {
		flips(w, 150)
		s.hop, s.page = 1, Detail
	},
	"help":     func(w *watch, s *State) { s.page = Help },
	"replayed": func(w *watch, s *State) { w.way(1, never); s.Playing = true; s.page = Help },
	"silent": func(w *watch, s *State) {
		for n := range 12 {
			w.round(n+1, "10.9.0.9", "10.1.0.1", "*", "*", "*", "*")
		}
		s.hop = 2
	},
	"hostile": func(w *watch, s *State) {
		for n := range 9 {
			w.round(n+1, "fe80::1%\x1b[2J\n漢字", "fe80::2%漢字漢字漢字\x9b1m", "2001:db8:1234:5678:9abc:def0:1234:5678", "*", "fe80::1%\x1b[2J\n漢字")
		}
		for range 3 {
			w.model.Add(&report.Reroute{Addr: netip.MustParseAddr("fe80::1%\x1b[2J\n漢字"), Now: []netip.Addr{netip.MustParseAddr("fe80::3%\u202e")}})
		}
	},
	"paused": func(w *watch, s *State) {
		w.way(1, never)
		s.Press('p', &w.model)
		w.way(2, func(int) bool { return true })
	},
}

func flips(w *watch, rounds int) {
	was, now := addrs(way...), addrs(way[0], "10.2.9.1", way[2], way[3])
	for n := range rounds {
		if n > 0 && n%20 == 0 {
			was, now = now, was
			w.model.Add(&report.Reroute{Addr: was[3], Number: uint32(n + 1), At: time.Duration(n) * time.Second, Was: now, Now: was, Known: n > 20})
		}
		w.round(n+1, way[3], was[0].String(), was[1].String(), was[2].String(), was[3].String())
	}
}

func many(w *watch, i int) {
	target := fmt.Sprintf("10.9.0.%d", i+1)
	for n := range 20 {
		last := target
		if i == 18 && n > 10 || i == 19 {
			last = "*"
		}
		w.round(n+1, target, "10.1.0.1", "*", "10.3.0.1", last)
	}
}

func addrs(list ...string) (out []netip.Addr) {
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

// TestGolden: each scene as it looks in terminals of two sizes.
// named is a way that flips, where most hops have a name, of which some are long or hostile.
func named(w *watch, rounds int) {
	w.names = map[string]string{"10.1.0.1": "gw.example.net", "10.2.0.1": "ae-7-4001.core3.very-long-name.frankfurt.de.example.net",
		"10.3.0.1": "\x1b[2Jevil\u202e.example", "10.9.0.9": "www.example.org"}
	flips(w, rounds)
}

func TestGolden(t *testing.T) {
	for name, make := range scenes {
		for _, size := range [][2]int{{80, 24}, {132, 43}, {40, 10}, {20, 5}} {
			for _, ascii := range []bool{false, true} {
				w, s := newWatch(), &State{}
				make(w, s)
				v := &View{Model: &w.model, State: s, Width: size[0], Height: size[1], ASCII: ascii, Doing: "watching"}
				lines := v.Lines()
				text := sized(t, name, v, lines)
				if size[0] < 80 && !(name == "healthy") || ascii && (size[0] != 80 || name != "flip" && name != "hostile") {
					continue // held to the size, and not looked at
				}
				golden(t, fmt.Sprintf("%s-%dx%d%s.txt", name, size[0], size[1], map[bool]string{true: "-ascii"}[ascii]), text)
			}
		}
	}
}

// sized returns the text of a screen that is as large as it should be, and harmless.
func sized(t *testing.T, name string, v *View, lines []Line) string {
	t.Helper()
	if len(lines) != v.Height {
		t.Errorf("%s: %d lines of %d", name, len(lines), v.Height)
	}
	var b strings.Builder
	for _, l := range lines {
		text := l.Text()
		if n := output.Columns(text); n > v.Width {
			t.Errorf("%s: %d columns of %d: %q", name, n, v.Width, text)
		}
		for _, r := range text {
			if r < ' ' || r == 0x7f || r >= 0x80 && (r < 0xa0 || v.ASCII) || r == 0x202e {
				t.Errorf("%s: %q is shown: %q", name, r, text)
			}
		}
		if got := string(l.AppendTo(nil, false)); strings.TrimRight(got, " ") != text {
			t.Errorf("%s: without colours %q, text %q", name, got, text)
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%swant\n%s", name, got, want)
	}
}
