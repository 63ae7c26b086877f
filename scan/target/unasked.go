package target

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// This file is about addresses of names that are not asked: who names a host may
// think that he has heard of all of it.

// useless says what an address is, that a resolver may give and that is no host's;
// "" for all others. A resolver that blocks a name answers so.
func useless(a netip.Addr) string {
	switch {
	case a.IsUnspecified():
		return "which is no address; a resolver that blocks names answers so"
	case a.IsMulticast():
		return "which is a group, and no host"
	case a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "which is everybody on the link, and no host"
	case a.Is4() && a.As4()[0] == 0:
		return "which is in a network that no host is in (0.0.0.0/8)"
	case a.Is4() && a.As4()[0] >= 240:
		return "which is in a network that no host is in (240.0.0.0/4)"
	}
	return ""
}

// errUseless is the error of a name all of whose addresses are like this one.
type errUseless netip.Addr

func (e errUseless) Error() string {
	a := netip.Addr(e)
	return fmt.Sprintf("%v, %s", a, useless(a))
}

// mostNoted is for how many names it is noted that not all of their addresses are
// asked.
const mostNoted = 10

// note fills in Notes.
func (r *Result) note(names []*lookup, opt Options) {
	noted, told := map[string]bool{}, 0
	for _, l := range names {
		if l.err != nil || noted[l.name] {
			continue
		}
		noted[l.name] = true
		var notes []string
		if len(l.useless) > 0 {
			notes = append(notes, fmt.Sprintf("%s also resolves to %v: not asked", l.name, errUseless(l.useless[0])))
		}
		if text := r.unasked(l, opt); text != "" {
			notes = append(notes, text)
		}
		if len(notes) == 0 {
			continue
		}
		if told++; told <= mostNoted {
			r.Notes = append(r.Notes, notes...)
		}
	}
	if told > mostNoted {
		r.Notes = append(r.Notes, fmt.Sprintf("%d more names have addresses that are not asked", told-mostNoted))
	}
}

// unasked says how many addresses of a name are not asked, and would be with
// --all-addresses; "" if there are none. Those of the other family count where there
// is a way to them.
func (r *Result) unasked(l *lookup, opt Options) string {
	var more []netip.Addr
	for _, a := range l.more {
		other := a.Is4() != l.hosts[0].Is4()
		if r.All.Contains(a) || slices.Contains(more, a) || other && opt.HasRoute != nil && !opt.HasRoute(a) {
			continue
		}
		more = append(more, a)
	}
	if len(more) == 0 {
		return ""
	}
	var list []string
	for _, a := range more[:min(len(more), 3)] {
		list = append(list, a.String())
	}
	if len(more) > len(list) {
		list = append(list, "…")
	}
	noun := "addresses"
	them := "them"
	if len(more) == 1 {
		noun, them = "address", "it"
	}
	return fmt.Sprintf("%s has %d more %s (%s): --all-addresses asks %s", l.name, len(more), noun, strings.Join(list, ", "), them)
}
