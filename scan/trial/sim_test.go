package trial

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// world is a simulated path: what becomes of a packet, by its variant and by when it
// is sent. Packets leave at 100 a second, the variants of each block in an order drawn by
// lot, as a trial sends them.
type world struct {
	d      *Design
	rate   func(variant int, at time.Duration) float64 // of being answered
	kind   func(variant int, r *rand.Rand) string      // of an answer; nil: all alike
	blocks int
}

func (w world) run(seed uint64) []Observation {
	r := rand.New(rand.NewPCG(seed, 7))
	var obs []Observation
	at := time.Duration(r.Int64N(int64(2 * time.Second)))
	for b := range w.blocks {
		for _, v := range r.Perm(w.d.Variants()) {
			at += 10 * time.Millisecond
			o := Observation{Variant: v, Block: b}
			if r.Float64() < w.rate(v, at) {
				o.Kind, o.RTT = "syn-ack", 20*time.Millisecond
				if w.kind != nil {
					o.Kind = w.kind(v, r)
				}
			}
			obs = append(obs, o)
		}
	}
	return obs
}

// options makes the factor tcp-options of lists as users write them.
func options(lists ...string) Factor {
	f := Factor{Name: "tcp-options"}
	for _, l := range lists {
		v := Value{Text: l, Elements: []string{}}
		switch l {
		case "none":
		case "linux":
			v.Elements = []string{"mss", "sackok", "ts", "nop", "wscale=7"}
		default:
			v.Elements = strings.Split(l, ",")
		}
		f.Values = append(f.Values, v)
	}
	return f
}

// factor makes a factor that is no list.
func factor(name string, values ...string) Factor {
	f := Factor{Name: name}
	for _, v := range values {
		f.Values = append(f.Values, Value{Text: v})
	}
	return f
}

func design(f ...Factor) *Design { return &Design{Factors: f} }

// six are the variants of the story of the FTP server.
func six() *Design {
	return design(options("none", "mss", "mss,sackok", "mss,wscale=7", "mss,ts", "linux"))
}

// holds tells whether a variant has what is written, as "sackok", "no mss", "tos=184",
// "ts<wscale": before.
func (d *Design) holds(variant int, what string) bool {
	for i, l := range d.Levels(variant) {
		f := &d.Factors[i]
		if name, value, ok := strings.Cut(what, "="); ok && name == f.Name {
			return f.Values[l].Text == value
		}
		if !f.list() {
			continue
		}
		at := func(e string) int {
			return slices.IndexFunc(f.Values[l].Elements, func(x string) bool { return x == e || strings.HasPrefix(x, e+"=") })
		}
		if a, b, ok := strings.Cut(what, "<"); ok {
			return at(a) >= 0 && at(b) >= 0 && at(a) < at(b)
		}
		if none, ok := strings.CutPrefix(what, "no "); ok {
			return at(none) < 0
		}
		if at(what) >= 0 {
			return true
		}
	}
	return false
}

// rule is a filter that lets through a share of the packets that have all of what is
// written, parted by "&".
type rule struct {
	what string
	lets float64
}

// rules is the rate of a path with rules, and what is lost at random.
func rules(d *Design, loss float64, list ...rule) func(int, time.Duration) float64 {
	rates := make([]float64, d.Variants())
	for v := range rates {
		rates[v] = 1 - loss
		for _, r := range list {
			all := true
			for _, what := range strings.Split(r.what, "&") {
				all = all && d.holds(v, what)
			}
			if all {
				rates[v] *= r.lets
			}
		}
	}
	return func(v int, _ time.Duration) float64 { return rates[v] }
}

// badSeconds loses half of the packets in every other second, beside what else is lost.
func badSeconds(rate func(int, time.Duration) float64) func(int, time.Duration) float64 {
	return func(v int, at time.Duration) float64 {
		if at/time.Second%2 == 0 {
			return rate(v, at) / 2
		}
		return rate(v, at)
	}
}

// named is what a verdict names, sorted.
func named(v *Verdict) string {
	var list []string
	for _, e := range v.Effects {
		text := words(e.Terms)
		if e.Kind != "" {
			text += ":" + e.Kind
		}
		list = append(list, text)
	}
	slices.Sort(list)
	return strings.Join(list, "; ")
}
