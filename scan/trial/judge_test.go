package trial

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var (
	// orders are variants that differ in the order of their options.
	orders = design(options("mss,sackok,ts,nop,wscale=7", "mss,ts,sackok,nop,wscale=7", "mss,sackok", "mss,ts", "mss"))
	// scales differ in a value of an option.
	scales = design(options("mss,wscale=2", "mss,wscale=7", "mss,wscale=14", "mss"))
	// square has all combinations of two options.
	square = design(options("mss", "mss,ts", "mss,wscale=7", "mss,ts,wscale=7"))
	// crossed has two factors, large three with 64 variants.
	crossed = design(options("none", "mss", "mss,sackok", "mss,wscale=7", "mss,ts", "linux"), factor("tos", "0", "8", "184"))
	large   = design(options("none", "mss", "mss,sackok", "mss,wscale=7", "mss,ts", "linux", "mss,sackok,ts", "mss,nop,wscale=7"),
		factor("tos", "0", "184"), factor("size", "60", "600", "1200", "1400"))
)

// TestNamed: the rules of a path are named and nothing else, whatever their form, also
// where a tenth of all is lost at random, and half in every other second.
func TestNamed(t *testing.T) {
	t.Parallel()
	three := design(factor("tos", "0", "8", "184"))
	both := design(options("mss", "mss,sackok"), factor("tos", "0", "184"))
	sizes := design(factor("size", "60", "600", "1200", "1400"))
	for _, tt := range []struct {
		d     *Design
		rules []rule
		want  string
	}{
		{six(), []rule{{"sackok", 0.7}}, "sackok"},
		{six(), []rule{{"sackok", 0}}, "sackok"},
		{six(), []rule{{"sackok", 0.85}}, "sackok"},
		{six(), []rule{{"no mss", 0}}, "missing mss"},
		{six(), []rule{{"no mss", 0.7}}, "missing mss"},
		{six(), []rule{{"ts", 0.7}, {"sackok", 0.5}}, "sackok; ts"},
		{six(), []rule{{"ts", 0}, {"sackok", 0.5}}, "sackok; ts"},
		{six(), []rule{{"no mss", 0}, {"sackok", 0.7}}, "missing mss; sackok"},
		{orders, []rule{{"ts<sackok", 0.7}}, "ts before sackok"},
		{orders, []rule{{"ts<sackok", 0}}, "ts before sackok"},
		{scales, []rule{{"wscale", 0.7}}, "wscale"},
		{scales, []rule{{"wscale=14", 0.6}}, "wscale=14"},
		{scales, []rule{{"wscale=7", 0.6}, {"wscale=14", 0.6}}, "wscale ≥ 7"},
		{three, []rule{{"tos=8", 0.7}}, "tos=8"},
		{three, []rule{{"tos=8", 0.7}, {"tos=184", 0.7}}, "tos other than 0"},
		{three, []rule{{"tos=8", 0.3}, {"tos=184", 0.7}}, "tos=184; tos=8"},
		{design(factor("source", "10.0.0.1", "10.0.0.2")), []rule{{"source=10.0.0.2", 0.7}}, "source=10.0.0.2"},
		{sizes, []rule{{"size=1200", 0.7}, {"size=1400", 0.7}}, "size ≥ 1200"},
		{sizes, []rule{{"size=1400", 0}}, "size=1400"},
		{both, []rule{{"sackok", 0.7}, {"tos=184", 0.5}}, "sackok; tos=184"},
		{both, []rule{{"sackok&tos=184", 0.6}}, "sackok and tos=184"},
		{crossed, []rule{{"sackok", 0.7}, {"tos=184", 0.5}}, "sackok; tos=184"},
		{crossed, []rule{{"sackok&tos=184", 0}}, "sackok and tos=184"},
		{square, []rule{{"ts&wscale", 0.7}}, "ts and wscale"},
		{square, []rule{{"ts&wscale", 0}}, "ts and wscale"},
		{square, []rule{{"ts", 0.7}, {"wscale", 0.6}}, "ts; wscale"},
		{square, []rule{{"ts", 0.7}, {"wscale", 0.6}, {"ts&wscale", 0.3}}, "ts; ts and wscale; wscale"},
		{large, []rule{{"sackok", 0.7}, {"tos=184", 0.5}}, "sackok; tos=184"},
		{large, []rule{{"ts&tos=184", 0.6}}, "ts and tos=184"},
	} {
		seeds := uint64(5)
		if tt.d == large {
			seeds = 1
		}
		for path, rate := range map[string]func(int, time.Duration) float64{
			"clean":       rules(tt.d, 0, tt.rules...),
			"lossy":       rules(tt.d, 0.1, tt.rules...),
			"bad seconds": badSeconds(rules(tt.d, 0, tt.rules...)),
		} {
			for seed := range seeds {
				v := Judge(tt.d, world{d: tt.d, rate: rate, blocks: 200}.run(seed))
				if got := named(v); got != tt.want {
					t.Errorf("%v, %s, seed %d: named %q, want %q", tt.rules, path, seed, got, tt.want)
				}
			}
		}
	}
}

// TestStory: of a firewall that drops 30 % of the SYNs with SACK-permitted, sackok and
// nothing else is named in 20 of 20 trials; without it, whatever is lost at random or in
// bad seconds, nothing in 19 of 20 at least.
func TestStory(t *testing.T) {
	d := six()
	for name, path := range map[string]struct {
		rate func(int, time.Duration) float64
		want string
	}{
		"the firewall":              {rules(d, 0, rule{"sackok", 0.7}), "sackok"},
		"the firewall, 20 % random": {rules(d, 0.2, rule{"sackok", 0.7}), "sackok"},
		"no loss":                   {rules(d, 0), ""},
		"20 % random":               {rules(d, 0.2), ""},
		"bad seconds":               {badSeconds(rules(d, 0)), ""},
	} {
		wrong := 0
		for seed := range uint64(20) {
			v := Judge(d, world{d: d, rate: path.rate, blocks: 200}.run(seed+100))
			if named(v) == path.want {
				continue
			}
			if wrong++; path.want != "" || wrong > 1 {
				t.Errorf("%s, seed %d: named %q", name, seed, named(v))
			}
		}
	}
	v := Judge(d, world{d: d, rate: rules(d, 0, rule{"sackok", 0.7}), blocks: 200}.run(1))
	e := v.Effects[0]
	if len(v.Effects) != 1 || e.Without != 1 || math.Abs(e.With-0.7) > 0.08 || e.P > 1e-9 || len(e.Alike)+len(e.Rivals) > 0 {
		t.Errorf("%+v", v)
	}
	for _, b := range v.Rest {
		if text := words(b.Terms); text != "nop" && b.Bound > 0.035 { // nop is only where sackok is
			t.Errorf("%s may make %v", text, b.Bound)
		}
	}
}

// TestFalseNames: where nothing makes a difference something is named in 1 of 100 runs,
// and beside what makes one nothing else is named more often than that.
func TestFalseNames(t *testing.T) {
	t.Parallel()
	anyKind := func(_ int, r *rand.Rand) string { return []string{"syn-ack", "reset"}[r.IntN(2)] }
	d := six()
	for _, tt := range []struct {
		name string
		w    world
		runs int
		want string
	}{
		{"nothing", world{d: d, rate: rules(d, 0.2), blocks: 60}, 2000, ""},
		{"bad seconds", world{d: d, rate: badSeconds(rules(d, 0)), blocks: 60}, 300, ""},
		{"rare", world{d: d, rate: rules(d, 0.01), blocks: 100}, 300, ""},
		{"few", world{d: crossed, rate: rules(crossed, 0.2), blocks: 5}, 300, ""},
		{"kinds", world{d: d, rate: rules(d, 0.2), blocks: 60, kind: anyKind}, 300, ""},
		{"beside", world{d: d, rate: rules(d, 0.2, rule{"sackok", 0.3}), blocks: 100}, 300, "sackok"},
		{"beside all", world{d: square, rate: badSeconds(rules(square, 0, rule{"ts", 0})), blocks: 60}, 300, "ts"},
	} {
		wrong := map[string]int{}
		n := 0
		for seed := range uint64(tt.runs) {
			if got := named(Judge(tt.w.d, tt.w.run(seed))); got != tt.want {
				wrong[got]++
				n++
			}
		}
		expected := 0.01 * float64(tt.runs)
		if most := expected + 3*math.Sqrt(expected); float64(n) > most {
			t.Errorf("%s: %d of %d runs, %v", tt.name, n, tt.runs, wrong)
		}
		t.Logf("%s: %d of %d", tt.name, n, tt.runs)
	}
}

// TestOnlyTogether: what only the presence of two options lets through is named, too.
func TestOnlyTogether(t *testing.T) {
	rate := func(v int, _ time.Duration) float64 {
		if square.holds(v, "ts") && square.holds(v, "wscale") {
			return 1
		}
		return 0.3
	}
	v := Judge(square, world{d: square, rate: rate, blocks: 100}.run(1))
	if named(v) != "ts and wscale" || v.Effects[0].Diff < 0.5 || v.Effects[0].Low < 0.5 || v.Effects[0].With != 1 {
		t.Errorf("%+v", v.Effects)
	}
}

// TestOutage: seconds in which nothing comes through are no noise: what is known is as
// much as from the packets of the others.
func TestOutage(t *testing.T) {
	d := six()
	outage := func(v int, at time.Duration) float64 { return float64(at / time.Second % 2) }
	v := Judge(d, world{d: d, rate: outage, blocks: 400}.run(1))
	if v.Result != Nothing || v.Bound > 0.05 { // 0.07 if they were
		t.Errorf("%v, bound %v", v.Result, v.Bound)
	}
}

// TestImplied: of what follows from the properties that are named, nothing is said.
func TestImplied(t *testing.T) {
	d := design(factor("tos", "0", "8", "184"))
	v := Judge(d, world{d: d, rate: rules(d, 0, rule{"tos=8", 0.3}, rule{"tos=184", 0.7}), blocks: 200}.run(1))
	if len(v.Effects) != 2 || len(v.Rest)+len(v.Untold) > 0 || v.Bound != 0 {
		t.Errorf("%+v", v)
	}
}

// TestKinds: what answers are made of is an effect, too.
func TestKinds(t *testing.T) {
	d := six()
	turned := func(what, kind string, share float64) func(int, *rand.Rand) string {
		return func(v int, r *rand.Rand) string {
			if d.holds(v, what) && r.Float64() < share {
				return kind
			}
			return "syn-ack"
		}
	}
	for _, tt := range []struct {
		kind  func(int, *rand.Rand) string
		rules []rule
		want  string
	}{
		{turned("sackok", "reset", 1), nil, "sackok:reset"},
		{turned("sackok", "reset", 0.3), nil, "sackok:reset"},
		{turned("no mss", "admin-prohibited", 1), nil, "missing mss:admin-prohibited"},
		{turned("sackok", "reset", 1), []rule{{"no mss", 0.5}}, "missing mss; sackok:reset"},
		{turned("sackok", "reset", 0.5), []rule{{"sackok", 0.5}}, "sackok; sackok:reset"},
	} {
		for seed := range uint64(5) {
			for _, loss := range []float64{0, 0.2} {
				v := Judge(d, world{d: d, rate: rules(d, loss, tt.rules...), kind: tt.kind, blocks: 100}.run(seed))
				if got := named(v); got != tt.want {
					t.Errorf("seed %d: named %q, want %q", seed, got, tt.want)
				}
				if e := v.Effects[0]; e.Kind != "" && e.With <= e.Without {
					t.Errorf("the property is the side with less of the kind: %+v", e)
				}
			}
		}
	}
}

// TestAlike: what the design cannot tell apart is said.
func TestAlike(t *testing.T) {
	two := design(options("mss", "linux"))
	v := Judge(two, world{d: two, rate: rules(two, 0, rule{"sackok", 0.5}), blocks: 100}.run(1))
	if got := fmt.Sprint(named(v), v.Effects[0].Alike); got != "nop[[{tcp-options sackok}] [{tcp-options ts}] [{tcp-options wscale}]]" {
		t.Error(got)
	}
	// The six variants have nop only where the rest of a Linux SYN is, too.
	v = Judge(six(), world{d: six(), rate: rules(six(), 0, rule{"ts&wscale", 0.5}), blocks: 200}.run(1))
	if !slices.ContainsFunc(v.Effects[0].Alike, func(terms []Term) bool { return words(terms) == "ts and wscale" }) || named(v) != "nop" {
		t.Errorf("%+v", v.Effects)
	}
	// Where all packets with sackok are dropped, nothing is seen of nop.
	v = Judge(six(), world{d: six(), rate: rules(six(), 0, rule{"sackok", 0}), blocks: 100}.run(1))
	if fmt.Sprint(v.Untold) != "[[{tcp-options nop}]]" {
		t.Error(v.Untold)
	}
	// Where little was sent, ts may be the one as well as wscale.
	close := design(options("mss,ts,wscale=7", "mss,ts,wscale=7,nop", "mss,ts", "mss"))
	v = Judge(close, world{d: close, rate: rules(close, 0.3, rule{"wscale", 0.3}), blocks: 15}.run(3))
	if len(v.Effects) != 1 || len(v.Effects[0].Rivals) == 0 || v.More == 0 {
		t.Errorf("%+v", v)
	}
}
