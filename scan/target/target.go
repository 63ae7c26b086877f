// Package target reads what to ask: addresses, networks, ranges, names and
// ports as people write them. It sends nothing itself; names are looked up by
// the Resolver that it is given.
//
// Every error is one line that names the word at fault and what to write
// instead.
package target

import (
	"context"
	"fmt"
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
	Resolver     Resolver
	// HasRoute tells whether there is a way to an address. nil: to all.
	HasRoute func(netip.Addr) bool
}

// Result is what to ask.
type Result struct {
	// Named are the targets named by themselves, as an address or a name, in the
	// order given. They are asked whether or not they look up.
	Named []Host
	// NamedSet are their addresses.
	NamedSet *Set
	// Swept are the addresses of networks and ranges without those in NamedSet:
	// only those of them that are up are asked further questions.
	Swept *Set
	// All is NamedSet and Swept together.
	All *Set
	// Unresolved are the names that have no address, in the order given. The
	// rest of the Result does not suffer from them.
	Unresolved []*Unresolved

	names map[netip.Addr]string
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
	items, err := parseWords("target", words)
	if err != nil {
		return nil, err
	}
	excluded, err := parseWords("exclusion", opt.Exclude)
	if err != nil {
		return nil, err
	}
	if err := resolve(ctx, items, excluded, opt); err != nil {
		return nil, err
	}
	exclude, err := excludeSet(excluded)
	if err != nil {
		return nil, err
	}
	res := &Result{names: map[netip.Addr]string{}}
	var named, swept []netipx.IPRange
	var zoned []netip.Addr
	seen := map[netip.Addr]bool{}
	wanted := map[netip.Addr]bool{}
	for _, it := range items {
		if it.err != nil {
			res.Unresolved = append(res.Unresolved, it.err)
			continue
		}
		if len(it.hosts) == 0 {
			swept = append(swept, it.ranges...)
		}
		for i, a := range it.hosts {
			wanted[a] = wanted[a] || i == it.first
			if res.names[a] == "" && it.name != "" {
				res.names[a] = it.name
			}
			if seen[a] || exclude.excludes(a) {
				continue
			}
			seen[a] = true
			res.Named = append(res.Named, Host{Addr: a})
			if a.Zone() != "" {
				zoned = append(zoned, a)
			} else {
				named = append(named, netipx.IPRangeFrom(a, a))
			}
		}
	}
	for i, h := range res.Named { // an address may be given by itself and by name
		res.Named[i].Name, res.Named[i].Spare = res.names[h.Addr], !wanted[h.Addr]
	}
	if res.NamedSet, err = NewSet(named, zoned); err != nil {
		return nil, err
	}
	if res.Swept, err = NewSet(swept, nil, exclude, res.NamedSet); err != nil {
		return nil, err
	}
	if res.All, err = NewSet(append(res.Swept.Ranges(), named...), zoned); err != nil {
		return nil, err
	}
	if n := publicCount(res.All); n > maxPublic && !opt.ExcludeFile {
		return nil, fmt.Errorf("these targets are %d public IPv4 addresses; more than 2^24 need an --exclude-file that lists who must not be asked", n)
	}
	return res, nil
}

// parseWords reads all words and what their commas separate.
func parseWords(what string, words []string) ([]*lookup, error) {
	var out []*lookup
	for _, word := range words {
		for _, w := range splitList(word) {
			it, err := parseWord(w)
			if err != nil {
				return nil, wordError(what, word, w, err)
			}
			l := &lookup{item: it}
			if a, ok := it.single(); ok {
				l.hosts = []netip.Addr{a}
			}
			out = append(out, l)
		}
	}
	return out, nil
}

func wordError(what, word, part string, err error) error {
	if part == "" && word != "" {
		return fmt.Errorf("%s %q: nothing stands beside a comma", what, word)
	}
	return fmt.Errorf("%s %q: %w", what, part, err)
}

// excludeSet returns the set of all that is excluded.
func excludeSet(items []*lookup) (*Set, error) {
	var ranges []netipx.IPRange
	var zoned []netip.Addr
	for _, it := range items {
		ranges = append(ranges, it.ranges...)
		for _, a := range it.hosts {
			if a.Zone() != "" {
				zoned = append(zoned, a)
			} else {
				ranges = append(ranges, netipx.IPRangeFrom(a, a))
			}
		}
	}
	return NewSet(ranges, zoned, nil)
}

// special are the IPv4 blocks that are not public addresses (RFC 6890 and the
// registry that it set up), with multicast and what lies behind it.
const special = `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12
192.0.0.0/24 192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3`

// publicCount returns how many public IPv4 addresses s has.
func publicCount(s *Set) uint64 {
	var b netipx.IPSetBuilder
	for _, r := range s.Ranges() {
		if r.From().Is4() {
			b.AddRange(r)
		}
	}
	for p := range strings.FieldsSeq(special) {
		b.RemovePrefix(netip.MustParsePrefix(p))
	}
	public, _ := b.IPSet() // its errors are for invalid ranges; a Set has none
	var n uint64
	for _, r := range public.Ranges() {
		c, _ := count(r.From(), r.To())
		n += c
	}
	return n
}
