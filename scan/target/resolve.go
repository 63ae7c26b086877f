package target

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"go4.org/netipx"
	"golang.org/x/sync/errgroup"
)

// Resolver looks names up; *net.Resolver is one.
type Resolver interface {
	// LookupNetIP returns host's addresses in the order of preference. network
	// is "ip", "ip4" or "ip6".
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// maxLookups bounds how many names are looked up at the same time.
const maxLookups = 16

// Unresolved is a name that has no address.
type Unresolved struct {
	Name  string
	Err   error  // the resolver's
	Place string // where it stands in a list, "list.txt:7: "; "" if it was read from none
}

func (u *Unresolved) Error() string {
	// net.DNSError repeats the name and adds the server, which people need only
	// where the server is at fault.
	var dns *net.DNSError
	var useless errUseless
	switch {
	case errors.As(u.Err, &useless):
		return fmt.Sprintf("%sthe name %q resolves to %v", u.Place, u.Name, useless)
	case errors.As(u.Err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("%sthe name %q has no address", u.Place, u.Name)
	}
	return fmt.Sprintf("%sthe name %q does not resolve: %v", u.Place, u.Name, u.Err)
}

func (u *Unresolved) Unwrap() error { return u.Err }

// lookup is an item with what its name turned out to be.
type lookup struct {
	item
	place string       // where it stands in a list
	hosts []netip.Addr // addresses named by themselves
	first int          // of hosts, the one that a name means by itself
	more  []netip.Addr // other addresses of the name, which are not asked
	err   *Unresolved

	useless []netip.Addr // of no host
}

// resolve fills in the hosts or ranges of all items that are names. Each name is
// looked up once. The error is an *Unresolved of an exclusion, or an item that
// can never mean anything.
func resolve(ctx context.Context, items, excluded []*lookup, opt Options) error {
	type question struct{ network, name string }
	answers := map[question]*answer{}
	ask := func(l *lookup, family int) *answer {
		q := question{network(family), l.name}
		if answers[q] == nil {
			answers[q] = &answer{}
		}
		return answers[q]
	}
	of := map[*lookup]*answer{}
	for i, l := range slices.Concat(items, excluded) {
		if l.name == "" {
			continue
		}
		family := opt.Family
		if i >= len(items) {
			family = 0 // what must not be asked is not asked in either family
		}
		if l.bits >= 0 {
			want := 4 // name/24 can only mean IPv4, name/120 only IPv6
			if l.bits > 32 {
				want = 6
			}
			if family != 0 && family != want {
				return fmt.Errorf("%starget %q: a /%d is for IPv%d, and -%d asks for IPv%d", l.place, l.word, l.bits, want, family, family)
			}
			family = want
		}
		of[l] = ask(l, family)
	}
	if len(answers) == 0 {
		return nil
	}
	if opt.Resolver == nil {
		return errors.New("names cannot be looked up here")
	}
	var g errgroup.Group
	g.SetLimit(maxLookups)
	for q, a := range answers {
		g.Go(func() error {
			a.addrs, a.err = opt.Resolver.LookupNetIP(ctx, q.network, q.name)
			return nil
		})
	}
	g.Wait()
	for _, l := range items {
		if a := of[l]; a != nil {
			l.take(a, opt.AllAddresses, opt.HasRoute)
		}
	}
	for _, l := range excluded {
		if a := of[l]; a != nil {
			if l.take(a, true, nil); l.err != nil {
				return fmt.Errorf("cannot exclude: %w", l.err)
			}
		}
	}
	return nil
}

// answer is what the resolver said to one question.
type answer struct {
	addrs []netip.Addr
	err   error
}

// take makes hosts or ranges of an answer: of all addresses, or of the first in
// the resolver's order that has a route. Where none has, it is the first: that
// there is no way to it is for the run to report.
func (l *lookup) take(a *answer, all bool, hasRoute func(netip.Addr) bool) {
	var addrs []netip.Addr
	for _, addr := range a.addrs {
		switch addr = addr.Unmap(); {
		case !addr.IsValid():
		case useless(addr) != "":
			l.useless = append(l.useless, addr)
		default:
			addrs = append(addrs, addr)
		}
	}
	switch {
	case a.err != nil:
		l.err = &Unresolved{l.name, a.err, l.place}
		return
	case len(addrs) == 0 && len(l.useless) > 0:
		l.err = &Unresolved{l.name, errUseless(l.useless[0]), l.place}
		return
	case len(addrs) == 0:
		l.err = &Unresolved{l.name, &net.DNSError{Err: "no address", Name: l.name, IsNotFound: true}, l.place}
		return
	}
	first := 0
	if hasRoute != nil {
		first = max(slices.IndexFunc(addrs, hasRoute), 0)
	}
	if all {
		l.first = first
	} else {
		if l.bits < 0 {
			l.more = slices.Delete(slices.Clone(addrs), first, first+1)
		}
		addrs = addrs[first : first+1]
	}
	if l.bits < 0 || l.bits == addrs[0].BitLen() {
		l.hosts = addrs
		return
	}
	for _, addr := range addrs {
		if l.bits <= addr.BitLen() {
			p := netip.PrefixFrom(addr.WithZone(""), l.bits).Masked()
			l.ranges = append(l.ranges, netipx.RangeOfPrefix(p))
		}
	}
}

func network(family int) string {
	switch family {
	case 4:
		return "ip4"
	case 6:
		return "ip6"
	}
	return "ip"
}
