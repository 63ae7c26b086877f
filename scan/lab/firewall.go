package lab

import (
	"errors"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Firewall is a set of rules that a host obeys until it is removed.
type Firewall struct {
	host  *Host
	rules []placed
}

// placed is where a rule went: the position in its chain finds it again.
type placed struct {
	name  string
	chain *nftables.Chain
	index int
}

// Firewall adds rules to a host. Those of several calls stand beside each other:
// a packet passes that none of them drops or rejects.
func (h *Host) Firewall(rules ...Rule) *Firewall {
	h.net.t.Helper()
	f, err := h.firewall(rules)
	if err != nil {
		h.fail("firewall: %v", err)
	}
	return f
}

func (h *Host) firewall(rules []Rule) (*Firewall, error) {
	conn := &nftables.Conn{NetNS: int(h.ns)}
	f := &Firewall{host: h}
	h.tables++
	tables := make(map[nftables.TableFamily]*nftables.Table)
	chains := make(map[string]*nftables.Chain)
	length := make(map[*nftables.Chain]int)
	var sets uint32
	for i, r := range rules {
		if r.Chain == "" {
			r.Chain = Input
		}
		chain, err := baseChain(r)
		if err == nil && chain.Device != "" {
			// Newer kernels take a name that does not exist yet.
			_, err = h.links.LinkByName(chain.Device)
		}
		if err != nil {
			return nil, fmt.Errorf("rule %d: %w", i, err)
		}
		if c := chains[chain.Name]; c != nil {
			chain = c
		} else {
			chains[chain.Name] = chain
			family := chain.Table.Family
			if tables[family] == nil {
				chain.Table.Name = fmt.Sprintf("lab%d", h.tables)
				tables[family] = conn.AddTable(chain.Table)
			}
			chain.Table = tables[family]
			conn.AddChain(chain)
		}
		t := &translator{conn: conn, table: chain.Table, sets: &sets}
		if err := t.rule(r); err != nil {
			return nil, fmt.Errorf("rule %d: %w", i, err)
		}
		conn.AddRule(&nftables.Rule{Table: chain.Table, Chain: chain, Exprs: t.exprs})
		f.rules = append(f.rules, placed{r.Name, chain, length[chain]})
		length[chain]++
	}
	if err := conn.Flush(); err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
	}
	return f, nil
}

// baseChain returns the chain for a rule, in a table without name yet.
func baseChain(r Rule) (*nftables.Chain, error) {
	c := &nftables.Chain{
		Name:     string(r.Chain),
		Table:    &nftables.Table{Family: nftables.TableFamilyINet},
		Type:     nftables.ChainTypeFilter,
		Priority: nftables.ChainPriorityFilter,
	}
	switch r.Chain {
	case Input:
		c.Hooknum = nftables.ChainHookInput
	case Forward:
		c.Hooknum = nftables.ChainHookForward
	case Output:
		c.Hooknum = nftables.ChainHookOutput
	case Raw:
		c.Hooknum, c.Priority = nftables.ChainHookPrerouting, nftables.ChainPriorityRaw
	case Prerouting:
		c.Hooknum = nftables.ChainHookPrerouting
	case Postrouting:
		c.Hooknum = nftables.ChainHookPostrouting
	case Ingress:
		c.Hooknum, c.Device = nftables.ChainHookIngress, r.In
	case Egress:
		c.Hooknum, c.Device = nftables.ChainHookEgress, r.Out
	default:
		return nil, fmt.Errorf("unknown chain %q", r.Chain)
	}
	if r.Chain == Ingress || r.Chain == Egress {
		if c.Device == "" {
			return nil, fmt.Errorf("chain %s needs an interface", r.Chain)
		}
		c.Name += "-" + c.Device
		c.Table.Family = nftables.TableFamilyNetdev
	}
	return c, nil
}

// Count returns how many packets the rules of this name have matched so far.
func (f *Firewall) Count(name string) (packets uint64) {
	t := f.host.net.t
	t.Helper()
	found := false
	conn := &nftables.Conn{NetNS: int(f.host.ns)}
	for _, p := range f.rules {
		if p.name != name {
			continue
		}
		found = true
		rules, err := conn.GetRules(p.chain.Table, p.chain)
		if err == nil && p.index >= len(rules) {
			err = errors.New("the rule is gone")
		}
		if err != nil {
			f.host.fail("count of %q: %v", name, err)
		}
		for _, e := range rules[p.index].Exprs {
			if c, ok := e.(*expr.Counter); ok {
				packets += c.Packets
			}
		}
	}
	if !found {
		f.host.fail("no rule is named %q", name)
	}
	return packets
}

// Remove takes the rules away.
func (f *Firewall) Remove() {
	f.host.net.t.Helper()
	conn := &nftables.Conn{NetNS: int(f.host.ns)}
	gone := make(map[*nftables.Table]bool)
	for _, p := range f.rules {
		if !gone[p.chain.Table] {
			gone[p.chain.Table] = true
			conn.DelTable(p.chain.Table)
		}
	}
	if err := conn.Flush(); err != nil && !errors.Is(err, unix.ENOENT) {
		f.host.fail("firewall: %v", err)
	}
	f.rules = nil
}
