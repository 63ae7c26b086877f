package diff

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"

	"sonde/probe"
	"sonde/scan/report"
)

// maxFacts is how many facts a side may have, after those of ports in a row became one:
// 100 MB of them, and while they are put in order thrice as much.
const maxFacts = 2 << 20

var errTooMuch = errors.New("more than 2097152 hosts, ports and other facts: compare parts of it, such as single shards")

// fact is one thing that a run says. Ports in a row of which the same is said are one fact.
type fact struct {
	addr        netip.Addr
	what        report.Aspect
	proto       uint8 // an index of Side.protos
	first, last uint16
	value       uint32 // an index of Side.values
	reason      probe.Reason
	grade       grade
	tries       uint8 // of silence; 0: not known
}

// grade is how a run knows a fact.
type grade uint8

const (
	undecided grade = iota // it does not
	silent                 // nobody answered
	doubtful               // an answer without proof, or perhaps not the host's own
	guessed                // it follows from many answers, perhaps
	proven                 // an answer says so
)

// order has facts in the order in which differences are told.
func (f *fact) order(g *fact) int {
	return cmp.Or(f.addr.Compare(g.addr), cmp.Compare(f.what, g.what), cmp.Compare(f.proto, g.proto))
}

// says tells whether both say the same, of whatever port.
func (f *fact) says(g *fact) bool {
	return f.value == g.value && f.reason == g.reason && f.grade == g.grade && f.tries == g.tries
}

// facts are those of a side. The first are in order, and no two of them are about the same;
// those behind them are as they came, each about one port, or none.
type facts struct {
	list  []fact
	done  int // how many are in order
	limit int // at how many they are put in order
}

// add adds a fact about one port, or none.
func (fs *facts) add(f fact) error {
	if len(fs.list) >= max(fs.limit, 1024) {
		fs.sort()
		if fs.limit = 2 * len(fs.list); len(fs.list) > maxFacts {
			return errTooMuch
		}
	}
	fs.list = append(fs.list, f)
	return nil
}

// sort puts facts in order, and makes one of those of which the same is said of ports in a
// row. Of two about the same port the better one stays, of two that are as good the later:
// a run that went on from another one knows more.
func (fs *facts) sort() {
	fresh := fs.list[fs.done:]
	if len(fresh) == 0 {
		return
	}
	slices.SortStableFunc(fresh, func(f, g fact) int { return cmp.Or(f.order(&g), cmp.Compare(f.first, g.first)) })
	last := 0
	for i := 1; i < len(fresh); i++ {
		switch f, kept := &fresh[i], &fresh[last]; {
		case kept.order(f) != 0 || kept.first != f.first:
			last++
			fresh[last] = *f
		case f.grade >= kept.grade:
			*kept = *f
		}
	}
	fs.list = merge(fs.list[:fs.done], fresh[:last+1])
	fs.done = len(fs.list)
}

// merge makes one list of old facts and of fresh ones, which are about one port each. Both
// are in order.
func merge(old, fresh []fact) []fact {
	all := make([]fact, 0, len(old)+len(fresh))
	add := func(f fact) {
		if n := len(all) - 1; n >= 0 && f.what == report.APort && all[n].order(&f) == 0 && all[n].says(&f) && all[n].last+1 == f.first {
			all[n].last = f.last
			return
		}
		all = append(all, f)
	}
	for len(old) > 0 && len(fresh) > 0 {
		f, g := &old[0], &fresh[0]
		order := f.order(g)
		switch {
		case order < 0 || order == 0 && f.last < g.first:
			add(*f)
			old = old[1:]
		case order > 0 || g.first < f.first:
			add(*g)
			fresh = fresh[1:]
		case f.first < g.first: // what of f stands before g is as it was
			head := *f
			head.last, f.first = g.first-1, g.first
			add(head)
		default:
			one := *f
			if g.grade >= f.grade {
				one = *g
			}
			one.last = one.first // f, too, begins there
			add(one)
			fresh = fresh[1:]
			if f.first == f.last {
				old = old[1:]
			} else {
				f.first++
			}
		}
	}
	for _, rest := range [][]fact{old, fresh} {
		for _, f := range rest {
			add(f)
		}
	}
	return slices.Clip(all)
}
