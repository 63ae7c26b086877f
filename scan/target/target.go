// Package target reads what to ask: addresses, networks, ranges, names and
// ports as people write them. It sends nothing itself; names are looked up by
// the Resolver that it is given. Parse is what to call first, and ParsePorts for
// ports.
//
// Every error is one line that names the word at fault and what to write
// instead.
package target

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"strings"

	"go4.org/netipx"
)

// Options says how targets are read. Resolver is needed as soon as there is a
// name; everything else may be zero.
type Options struct {
	Family       int      // 4 or 6: names mean addresses of this family only; 0: of both
	AllAddresses bool     // a name means all of its addresses, not the first
	Exclude      []string // what not to ask: lists as targets are written, names included
	ExcludeFile  bool     // an exclude file was given: any number of public addresses is allowed
	Ports        bool     // ports are asked: errors propose -p for a port that stands in a target
	// Listed, unless nil, takes the ports of addresses that stand in a list with a port
	// behind them, as -o list writes them.
	Listed   *Listed
	Resolver Resolver
	// Sources and ExcludeSources say which words were read from lists, and where they
	// stand there.
	Sources, ExcludeSources []Source
	// HasRoute tells whether there is a way to an address. nil: to all.
	HasRoute func(netip.Addr) bool
}

// Result is what to ask.
type Result struct {
	// NamedSet are the addresses of targets named by themselves, as an address or a
	// name: see Named. They are asked whether or not they look up.
	NamedSet *Set
	// Swept are the addresses of networks and ranges without those in NamedSet:
	// only those of them that are up are asked further questions.
	Swept *Set
	// All is NamedSet and Swept together.
	All *Set
	// Unresolved are the names that have no address, in the order given. The
	// rest of the Result does not suffer from them.
	Unresolved []*Unresolved
	// Notes say what of the names' addresses is not asked, and why.
	Notes []string

	words  []string  // the targets as they were given …
	looked []*lookup // and those of them that are names
	names  map[netip.Addr]string
	wanted map[netip.Addr]bool // of the addresses of names: that the name means it
	alone  map[netip.Addr]bool // of these, what was named as an address, too
}

// Host is one target named by itself.
type Host struct {
	Addr netip.Addr
	Name string // as given; "" if it was given as an address
	// Spare says that it is a target because of Options.AllAddresses only: the
	// name means another address.
	Spare bool
}

// Name returns the name by which a was given, or "".
func (r *Result) Name(a netip.Addr) string { return r.names[a] }

// maxPublic is how many public IPv4 addresses may be asked without an exclude
// file.
const maxPublic = 1 << 24

// Parse reads targets. It looks names up, several at a time, and returns when
// all are known or ctx ends. A name that does not resolve is reported in the
// Result; one that was to be excluded is an *Unresolved error, since asking the
// rest could ask what must not be asked. All may be empty, if the exclusions
// leave nothing or nothing resolved.
func Parse(ctx context.Context, words []string, opt Options) (*Result, error) {
	names, err := lookups("target", words, opt.Sources, opt)
	if err != nil {
		return nil, err
	}
	excluded, err := lookups("exclusion", opt.Exclude, opt.ExcludeSources, opt)
	if err != nil {
		return nil, err
	}
	if err := resolve(ctx, names, excluded, opt); err != nil {
		return nil, err
	}
	var left Builder
	for it := range items(opt.Exclude, excluded) {
		for _, a := range it.hosts {
			left.Add(a)
		}
		for _, r := range it.ranges {
			left.AddRange(r)
		}
	}
	exclude, err := left.Set()
	if err != nil {
		return nil, err
	}
	res := &Result{names: map[netip.Addr]string{}}
	if err := res.gather(words, names, exclude); err != nil {
		return nil, err
	}
	if n := publicCount(res.All); n > maxPublic && !opt.ExcludeFile {
		return nil, fmt.Errorf("these targets are %d public IPv4 addresses; more than 2^24 need an --exclude-file that lists who must not be asked", n)
	}
	res.note(names, opt)
	return res, nil
}

// lookups checks all words and what their commas separate, and returns those that are
// names, in order.
func lookups(what string, words []string, sources []Source, opt Options) ([]*lookup, error) {
	var names []*lookup
	for i, word := range words {
		for _, w := range splitList(word) {
			it, err := parseWord(w)
			if err != nil {
				return nil, fmt.Errorf("%s%w", place(sources, i), wordError(what, word, w, err, opt))
			}
			if it.name != "" {
				names = append(names, &lookup{item: it, place: place(sources, i)})
			}
		}
	}
	return names, nil
}

// items goes through words that have been checked; names are those of them, resolved.
func items(words []string, names []*lookup) iter.Seq[*lookup] {
	return func(yield func(*lookup) bool) {
		single, host := lookup{}, [1]netip.Addr{}
		for _, word := range words {
			for _, w := range splitList(word) {
				it, _ := parseWord(w)
				l := &single
				if it.name != "" {
					l, names = names[0], names[1:]
				} else if *l = (lookup{item: it}); true {
					if a, ok := it.single(); ok {
						host[0] = a
						l.hosts, l.ranges = host[:], nil
					}
				}
				if !yield(l) {
					return
				}
			}
		}
	}
}

// gather fills in who is asked.
func (r *Result) gather(words []string, names []*lookup, exclude *Set) (err error) {
	var named, swept Builder
	r.words, r.looked = words, names
	r.wanted, r.alone = map[netip.Addr]bool{}, map[netip.Addr]bool{}
	for it := range items(words, names) {
		switch {
		case it.err != nil:
			r.Unresolved = append(r.Unresolved, it.err)
			continue
		case len(it.hosts) == 0:
			for _, p := range it.ranges {
				swept.AddRange(p)
			}
		}
		for i, a := range it.hosts {
			named.Add(a)
			if it.name != "" {
				r.wanted[a] = r.wanted[a] || i == it.first
				if r.names[a] == "" {
					r.names[a] = it.name
				}
			}
		}
	}
	if len(names) > 0 {
		for it := range items(words, names) {
			for _, a := range it.hosts {
				if _, known := r.wanted[a]; known && it.name == "" {
					r.alone[a] = true
				}
			}
		}
	}
	if r.NamedSet, err = named.without(exclude); err != nil {
		return err
	}
	if r.Swept, err = swept.without(exclude, r.NamedSet); err != nil {
		return err
	}
	if r.All = r.NamedSet; r.Swept.Len() > 0 {
		all := Builder{zoned: r.NamedSet.zoned}
		for _, s := range []*Set{r.Swept, r.NamedSet} {
			for p := range s.spans {
				all.AddRange(netipx.IPRangeFrom(p.first, p.last))
			}
		}
		if r.All, err = all.Set(); err != nil {
			return err
		}
	}
	return nil
}

// Named calls each with the targets named by themselves, in the order given, until it
// returns false. They are read from the words once more: a list of millions of addresses
// is not held twice.
func (r *Result) Named(each func(Host) bool) {
	seen := make([]uint64, r.NamedSet.Len()/64+1)
	for it := range items(r.words, r.looked) {
		for _, a := range it.hosts {
			i, ok := r.NamedSet.Index(a)
			if !ok || it.err != nil || seen[i/64]>>(i%64)&1 != 0 {
				continue
			}
			seen[i/64] |= 1 << (i % 64)
			h := Host{Addr: a, Name: r.names[a]}
			h.Spare = h.Name != "" && !r.wanted[a] && !r.alone[a]
			if !each(h) {
				return
			}
		}
	}
}

func wordError(what, word, part string, err error, opt Options) error {
	if part == "" && word != "" {
		return fmt.Errorf("%s %s: nothing stands beside a comma", what, quoted(word))
	}
	var ported *errPort
	if errors.As(err, &ported) {
		return fmt.Errorf("%s %s: %s", what, quoted(part), ported.text(opt.Ports))
	}
	return fmt.Errorf("%s %s: %w", what, quoted(part), err)
}

// quoted is a word for people, and of a very long one the beginning.
func quoted(word string) string {
	const most = 80
	if len(word) > most {
		return fmt.Sprintf("%q…", word[:most])
	}
	return fmt.Sprintf("%q", word)
}

// special are the IPv4 blocks that are not public addresses (RFC 6890 and the
// registry that it set up), with multicast and what lies behind it.
const special = `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12
192.0.0.0/24 192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3`

// publicCount returns how many public IPv4 addresses s has.
func publicCount(s *Set) uint64 {
	if s == nil {
		return 0
	}
	var b Builder
	for p := range strings.FieldsSeq(special) {
		b.AddRange(netipx.RangeOfPrefix(netip.MustParsePrefix(p)))
	}
	var n uint64
	for _, p := range minus4(s.v4, merge4(b.v4)) {
		n += uint64(p.last-p.first) + 1
	}
	return n
}
