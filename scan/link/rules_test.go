package link

import (
	"testing"

	"github.com/vishvananda/netlink"
)

// TestRuleWords: of rules that look at addresses only nothing is said, of others what
// they look at, as ip(8) writes it.
func TestRuleWords(t *testing.T) {
	for want, r := range map[string]netlink.Rule{
		"":                                     {Table: 254, Mark: 7, IifName: "eth0"},
		"ipproto tcp dport 443 lookup 100":     {IPProto: 6, Dport: netlink.NewRulePortRange(443, 443), Table: 100},
		"ipproto udp sport 1000-2000 lookup 7": {IPProto: 17, Sport: netlink.NewRulePortRange(1000, 2000), Table: 7},
		"ipproto icmp lookup 8":                {IPProto: 1, Table: 8},
		"ipproto ipv6-icmp lookup 8":           {IPProto: 58, Table: 8},
		"ipproto 47":                           {IPProto: 47},
		"uidrange 1000-1999 lookup 9":          {UIDRange: netlink.NewRuleUIDRange(1000, 1999), Table: 9},
	} {
		if got := ruleWords(&r); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
