package stack

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// measured are what real stacks show, in both families where they speak both.
var measured = map[string][]Features{
	"linux": {full(), with(full(), IPDF, "", IPID, "", IPFlow, "set", ResetDF, "", ResetID, "", EchoDF, "", UnreachSize, "", UnreachTOS, "", UnreachDF, "")},
	"lwip": {{SynOptions: "MNW", SynWindow: "65535", SynScale: "1", SynReversed: "MNW", SynECN: "no", IPTTL: "255", IPDF: "no", IPID: "incr",
		ClockISN: "counter", ResetWindow: "set", ResetTTL: Alike, StrayTTL: Alike, ResetDF: "no", ResetID: "set", ResetACK: "RA", ResetFPU: "rst",
		OddNull: Silent, OddSFPU: "syn-ack", EchoCode: "same", EchoTTL: Alike, EchoDF: "yes", UnreachSize: "28", UnreachTOS: "0", UnreachTTL: Alike, UnreachDF: "no"}},
	"slirp": {{SynOptions: "M", SynWindow: "65535", SynReversed: "M", SynECN: "no", IPTTL: "64", IPDF: "no", IPID: "incr",
		ClockISN: "+64000", ResetWindow: "set", ResetTTL: Alike, StrayTTL: "255", ResetDF: "no", ResetID: "set", ResetACK: "R", ResetFPU: "rst",
		OddNull: "rst", OddSFPU: "rst", EchoCode: "same", EchoTTL: "255", EchoDF: "yes"}},
	"gvisor": {
		{SynOptions: "MSTNW", SynWindow: "20m", SynScale: "7", SynReversed: "MNNTNW", SynECN: "no", IPTTL: "64", IPDF: "no", IPID: "random",
			ClockISN: "15.6M", ClockTS: "1000", ClockScope: "host", ResetWindow: "zero", ResetTTL: Alike, StrayTTL: Alike, ResetDF: "no", ResetID: "set", ResetACK: "R", ResetFPU: "rst",
			OddNull: Silent, OddSFPU: "syn-ack", EchoCode: "same", EchoTTL: Alike, EchoDF: "yes", UnreachSize: "all", UnreachTOS: "0", UnreachTTL: Alike, UnreachDF: "no"},
		{SynOptions: "MSTNW", SynWindow: "20m", SynScale: "7", SynReversed: "MNNTNW", SynECN: "no", IPTTL: "64", IPFlow: "zero",
			ClockISN: "15.6M", ClockTS: "1000", ClockScope: "host", ResetWindow: "zero", ResetTTL: Alike, StrayTTL: Alike, ResetACK: "R", ResetFPU: "rst",
			OddNull: Silent, OddSFPU: "syn-ack", EchoCode: "same", EchoTTL: Alike, UnreachTTL: Alike},
	},
}

// TestMeasured: what was measured is known again, and without its row it is no other.
func TestMeasured(t *testing.T) {
	for key, list := range measured {
		for i, seen := range list {
			v := Builtin().Judge(seen)
			if v.Match == nil || v.Match.Key != key || v.Match.InFamily < 0.9 {
				t.Errorf("%s %d: %+v, unknown %.3f, others %v, against %v", key, i, v.Match, v.Unknown, v.Others, v.Against)
			}
			v = without(key).Judge(seen)
			t.Logf("%s %d without its row: %+v, unknown %.3f, others %v\n for %v\n against %v", key, i, v.Match, v.Unknown, v.Others, v.For, v.Against)
			if v.Match != nil && v.Match.InFamily >= 0.9 {
				t.Errorf("%s %d without its row is %+v", key, i, v.Match)
			}
		}
	}
}

// without is the database without a row.
func without(key string) *Database {
	return &Database{rows: slices.DeleteFunc(slices.Clone(Builtin().rows), func(r *row) bool { return r.key == key })}
}

// spoil is what is left of features on some way: a share of them is not seen, and a few are
// as another stack has them.
func spoil(seen Features, lost, changed float64, dice *rand.Rand) Features {
	f := Features{}
	rows := Builtin().rows
	for _, name := range Names() {
		value, ok := seen[name]
		if !ok || dice.Float64() < lost {
			continue
		}
		if values := rows[dice.IntN(len(rows))].weights[name]; dice.Float64() < changed && len(values) > 0 {
			value = values.draw(dice)
		}
		f[name] = value
	}
	return f
}

// reliability counts answers by what was said of them: the first bin from 50 % on, by tens.
type reliability [5]struct{ right, all int }

func (r *reliability) add(m *Match, key string) {
	if m == nil {
		return
	}
	b := &r[min(int(m.InFamily*10)-5, 4)]
	if b.all++; m.Key == key {
		b.right++
	}
}

// TestHeldOut: measured stacks on ways and with settings that no row was made from, and the
// same where the row itself is not there: of what is named at 90 % and more, 9 of 10 are right.
func TestHeldOut(t *testing.T) {
	dice := rand.New(rand.NewPCG(31, 7))
	var known, all reliability
	named, tried := 0, 0
	for _, key := range slices.Sorted(maps.Keys(measured)) {
		others := without(key)
		for _, seen := range measured[key] {
			for i := range 150 {
				f := spoil(seen, 0.1*float64(i%6), 0.05*float64(i%3), dice)
				m := Builtin().Judge(f).Match
				known.add(m, key)
				all.add(m, key)
				if tried++; m != nil && m.Key == key && m.InFamily >= 0.9 {
					named++
				}
				if i%2 == 0 { // a stack in no row is as frequent as one in two of the others
					all.add(others.Judge(f).Match, key)
				}
			}
		}
	}
	t.Logf("%d of %d named at 90 %% and more", named, tried)
	for i := range known {
		t.Logf("from %d %%: %d of %d right; with stacks in no row %d of %d", 50+10*i, known[i].right, known[i].all, all[i].right, all[i].all)
	}
	if b := known[4]; b.right*100 < 97*b.all {
		t.Errorf("of stacks with a row %d of %d are right at 90 %% and more", b.right, b.all)
	}
	if b := all[4]; b.right*10 < 9*b.all {
		t.Errorf("with stacks in no row %d of %d are right at 90 %% and more", b.right, b.all)
	}
	if named*2 < tried {
		t.Errorf("%d of %d are named at all", named, tried)
	}
}

// TestCalibration draws stacks from the rows and stacks that are in none, whose every
// feature is some stack's: of what is named at 90 % and more, 9 of 10 must be right, at 99 %
// 97 of 100.
func TestCalibration(t *testing.T) {
	d := Builtin()
	dice := rand.New(rand.NewPCG(23, 5))
	leaves := d.leaves()
	total := 0.0
	for i := range leaves {
		total += leaves[i].prior
	}
	type bin struct{ right, all int }
	var bins [3]bin
	for range 2500 {
		family, f := "", Features{}
		if dice.Float64() < 0.3 { // twice as often as the score supposes
			for _, name := range Names() {
				if values := d.rows[dice.IntN(len(d.rows))].weights[name]; len(values) > 0 {
					f[name] = values.draw(dice)
				}
			}
		} else {
			at := dice.Float64() * total
			for i := range leaves {
				if at -= leaves[i].prior; at < 0 || i == len(leaves)-1 {
					family, f = leaves[i].row.Name, d.drawn(&leaves[i], dice)
					break
				}
			}
		}
		for name := range f { // what was not asked, or not answered
			if dice.Float64() < 0.3 {
				delete(f, name)
			}
		}
		m := d.Judge(f).Match
		if m == nil {
			continue
		}
		i := 0
		switch {
		case m.InFamily >= mostSure:
			i = 2
		case m.InFamily >= 0.9:
			i = 1
		}
		bins[i].all++
		if m.Family == family {
			bins[i].right++
		}
	}
	for i, b := range bins {
		t.Logf("below 90, 90 to 99, at 99: %d: %d of %d right", i, b.right, b.all)
	}
	if b := bins[1]; b.right*100 < 90*b.all {
		t.Errorf("at 90 to 99 %%: %d of %d right", b.right, b.all)
	}
	if b := bins[2]; b.right*100 < 97*b.all {
		t.Errorf("at 99 %%: %d of %d right", b.right, b.all)
	}
}
