package link

import (
	"fmt"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ruleWords describes a policy rule that looks at the protocol, the ports or the user
// of a packet, as ip(8) writes it: "ipproto tcp dport 443 lookup 100". It is empty for
// rules that look at addresses, interfaces and marks only: none of our packets has a
// mark.
func ruleWords(r *netlink.Rule) string {
	var words []string
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	switch r.IPProto {
	case 0:
	case unix.IPPROTO_TCP:
		add("ipproto tcp")
	case unix.IPPROTO_UDP:
		add("ipproto udp")
	case unix.IPPROTO_ICMP:
		add("ipproto icmp")
	case unix.IPPROTO_ICMPV6:
		add("ipproto ipv6-icmp")
	default:
		add("ipproto %d", r.IPProto)
	}
	port := func(name string, p *netlink.RulePortRange) {
		switch {
		case p == nil:
		case p.Start == p.End:
			add("%s %d", name, p.Start)
		default:
			add("%s %d-%d", name, p.Start, p.End)
		}
	}
	port("sport", r.Sport)
	port("dport", r.Dport)
	if r.UIDRange != nil {
		add("uidrange %d-%d", r.UIDRange.Start, r.UIDRange.End)
	}
	if len(words) == 0 {
		return ""
	}
	if r.Table > 0 {
		add("lookup %d", r.Table)
	}
	return strings.Join(words, " ")
}
