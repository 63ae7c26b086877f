package stack

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// full is what a Linux of today with its defaults shows.
func full() Features {
	return Features{SynOptions: "MSTNW", SynWindow: "fill", SynScale: "7", SynReversed: "MNNTNW", SynECN: "yes", IPTTL: "64", IPDF: "yes", IPID: "zero",
		ClockISN: "15.6M", ClockTS: "1000", ClockScope: "connection", ResetWindow: "zero", ResetTTL: Alike, StrayTTL: Alike, ResetDF: "yes", ResetID: "zero", ResetACK: "R", ResetFPU: "rst",
		OddNull: Silent, OddSFPU: Silent, EchoCode: "same", EchoTTL: Alike, EchoDF: "no", UnreachSize: "all", UnreachTOS: "c0", UnreachTTL: Alike, UnreachDF: "no"}
}

// with is f with other values, name and value in turns; "" takes one out.
func with(f Features, changes ...string) Features {
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "" {
			delete(f, changes[i])
		} else {
			f[changes[i]] = changes[i+1]
		}
	}
	return f
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		what     string
		seen     Features
		name     string // "" for unknown
		at, most float64
	}{
		{"all of Linux", full(), "Linux 4.20 or newer", 0.98, 1},
		{"without timestamps", with(full(), SynOptions, "MNNSNW", SynReversed, "MNW", ClockTS, "", ClockScope, ""), "Linux 4.20 or newer", 0.9, 1},
		{"without SACK", with(full(), SynOptions, "MNNTNW"), "Linux 4.20 or newer", 0.9, 1},
		{"without window scaling", with(full(), SynOptions, "MSTNN", SynScale, "", SynReversed, "MNNT"), "Linux 4.20 or newer", 0.9, 1},
		{"a TTL of 128", with(full(), IPTTL, "128"), "Linux 4.20 or newer", 0.9, 1},
		{"an older one", with(full(), SynWindow, "20x"), "Linux 3.10 to 4.19", 0.8, 1},
		{"behind a proxy of the MSS, by SYN-ACKs alone", Features{SynOptions: "MSTNW", SynWindow: "fill", IPTTL: "64", IPDF: "yes"}, "Linux 4.20 or newer", 0.8, 1},
		{"a window that no kernel has", with(full(), SynWindow, "31337"), "Linux 4.20 or newer", 0.8, 1},
		{"Windows, which nobody has verified", Features{SynOptions: "MNWST", SynWindow: "65535", SynScale: "8", IPTTL: "128", IPDF: "yes"}, "Windows", 0.6, mostUnverified},
		{"nothing", Features{}, "", 0, 0},
		{"a TTL and no more", Features{IPTTL: "64"}, "", 0, 0},
		{"what is no feature", Features{"colour": "blue"}, "", 0, 0},
		{"a toy that answers the offer by an MSS", Features{SynOptions: "M", SynWindow: "5000", IPTTL: "64", IPDF: "no", IPID: "random", ClockISN: "random"}, "", 0, 0},
	} {
		v := Builtin().Judge(c.seen)
		switch {
		case c.name == "" && v.Match != nil:
			t.Errorf("%s: %+v, want unknown", c.what, v.Match)
		case c.name != "" && v.Match == nil:
			t.Errorf("%s: unknown (%.3f), others %v, against %v; want %s", c.what, v.Unknown, v.Others, v.Against, c.name)
		case c.name != "" && (v.Match.Name != c.name || v.Match.Confidence < c.at || v.Match.Confidence > c.most):
			t.Errorf("%s: %s at %.3f, want %s at %.2f to %.2f", c.what, v.Match.Name, v.Match.Confidence, c.name, c.at, c.most)
		}
	}
}

func TestHints(t *testing.T) {
	for _, c := range []struct {
		seen Features
		want string
	}{
		{full(), "CVE-2026-23247"},
		{with(full(), ClockScope, "host"), ""},
		{with(full(), ClockScope, ""), ""},
		{with(full(), ClockScope, "", SynScale, "10"), "32 MB"},
	} {
		m := Builtin().Judge(c.seen).Match
		if m == nil {
			t.Fatalf("%v: unknown", c.seen)
		}
		got := ""
		for _, h := range m.Hints {
			got += h.Name + ";"
			if h.Confidence < DeepEnough || h.Confidence > mostSure {
				t.Errorf("%s at %v", h.Name, h.Confidence)
			}
		}
		if c.want == "" && got != "" || !strings.Contains(got, c.want) || strings.Count(got, ";") > 1 {
			t.Errorf("scope %q, wscale %q: hints %q, want %q", c.seen[ClockScope], c.seen[SynScale], got, c.want)
		}
	}
}

func TestReasons(t *testing.T) {
	v := Builtin().Judge(with(full(), SynWindow, "31337", IPTTL, "32"))
	if len(v.For) != mostReasons || len(v.Against) != 2 {
		t.Fatalf("for %v, against %v", v.For, v.Against)
	}
	if w := v.Against[0]; w.Weight >= 0 || w.Feature != SynWindow && w.Feature != IPTTL {
		t.Errorf("against: %+v", w)
	}
	if !slices.IsSortedFunc(v.For, func(a, b Reason) int { return int(math.Copysign(1, b.Weight-a.Weight)) }) {
		t.Errorf("for: %v, not the strongest first", v.For)
	}
}

// TestEveryRow has a stack answer from each row and each generation: by its most probable
// values where the row is to be named, and by values that are drawn, most of which must
// not lead to another family.
func TestEveryRow(t *testing.T) {
	d := Builtin()
	dice := rand.New(rand.NewPCG(17, 4))
	leaves := d.leaves()
	for _, l := range leaves {
		name := l.row.Name
		if l.gen != nil {
			name += " " + l.gen.Name
		}
		usual := Features{}
		for _, feature := range Names() {
			if values := l.weights(feature)[feature]; len(values) > 0 {
				usual[feature] = mostProbable(values)
			}
		}
		switch v := d.Judge(usual); {
		case v.Match != nil && v.Match.Name == name:
		case l.row.Unverified && (v.Match == nil || v.Match.InFamily < 0.9): // the little that is known of it others have, too
			s := d.scoring(usual)
			for _, o := range leaves {
				if s.ratio(&o, 1) > s.ratio(&l, 1)+0.5 {
					t.Errorf("%s: its own answers %v speak more for %s", name, usual, o.row.Name)
				}
			}
		default:
			t.Errorf("%s: its own answers %v are taken for %+v, others %v, unknown %.2f", name, usual, v.Match, v.Others, v.Unknown)
		}
		wrong := 0
		const draws = 80
		for range draws {
			if v := d.Judge(d.drawn(&l, dice)); v.Match != nil && v.Match.Family != l.row.Name && v.Match.InFamily >= 0.9 {
				wrong++
			}
		}
		if wrong > draws/20 {
			t.Errorf("%s: %d of %d answers that it may give are taken for another family at 90%% and more", name, wrong, draws)
		}
	}
}

func mostProbable(values valueWeights) (best string) {
	for value, p := range values {
		if value != rest && (best == "" || p > values[best] || p == values[best] && value < best) {
			best = value
		}
	}
	return best
}

// drawn are answers as a leaf gives them, each feature spoilt as often as the table has it.
// What the row does not mention is as some other row has it.
func (d *Database) drawn(l *leaf, dice *rand.Rand) Features {
	f := Features{}
	for i := range groups {
		for _, feature := range groups[i].features {
			values := l.weights(feature.name)[feature.name]
			if len(values) == 0 || dice.Float64() < feature.spoilt {
				values = d.rows[dice.IntN(len(d.rows))].weights[feature.name]
			}
			if len(values) > 0 {
				f[feature.name] = values.draw(dice)
			}
		}
	}
	return f
}

func (w valueWeights) draw(dice *rand.Rand) string {
	names := make([]string, 0, len(w))
	for value := range w {
		if value == rest {
			continue
		}
		names = append(names, value)
	}
	slices.Sort(names)
	at := dice.Float64()
	for _, value := range names {
		if at -= w[value]; at < 0 {
			return value
		}
	}
	return rest
}

// TestProbabilities holds every verdict to what a probability is, whatever was seen.
func TestProbabilities(t *testing.T) {
	d := Builtin()
	dice := rand.New(rand.NewPCG(1, 2))
	pool := []string{"M", "MSTNW", "fill", "65535", "64", "255", "yes", "no", "zero", "set", "random", Silent, "", "\x00", "15.6M", "7"}
	for range 5000 {
		f := Features{}
		for _, name := range Names() {
			if dice.IntN(3) > 0 {
				f[name] = pool[dice.IntN(len(pool))]
			}
		}
		v := d.Judge(f)
		sum := v.Unknown
		for _, o := range v.Others {
			sum += o.Confidence
		}
		if m := v.Match; m != nil {
			sum += m.InFamily
			if m.Confidence > m.InFamily || m.Confidence <= 0 || m.InFamily < sureEnough || m.InFamily > mostSure || v.Unknown > m.InFamily {
				t.Fatalf("%v: %+v, unknown %v", f, m, v.Unknown)
			}
		}
		if !(v.Unknown >= 0 && sum <= 1+1e-6) {
			t.Fatalf("%v: unknown %v and the rest come to %v", f, v.Unknown, sum)
		}
		if again := d.Judge(f); again.Unknown != v.Unknown {
			t.Fatalf("%v: unknown %v, then %v", f, v.Unknown, again.Unknown)
		}
	}
}
