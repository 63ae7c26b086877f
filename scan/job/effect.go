package job

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"sonde/probe"
	"sonde/scan/sweep"
	"sonde/scan/target"
)

// This file is the part of the checks that needs targets, or the ways to them.

// checkTargets refuses what cannot take effect on these targets.
func (s *Spec) checkTargets(t *target.Result) error {
	named := len(t.Unresolved) > 0
	for h := range t.Named {
		named = named || h.Name != ""
	}
	if s.Targets.AllAddresses && !named {
		return errors.New("--all-addresses: no target is a name")
	}
	src, chosen := s.SourceAddr(), s.crafted()
	check := func(a netip.Addr) error {
		switch {
		case src.IsValid() && a.Is4() != src.Is4():
			return fmt.Errorf("%s-S %v cannot ask %v: not the same family", target.Place(s.Targets.Words, s.Targets.Sources, a), src, a)
		case s.Targets.IPv4 && !a.Is4():
			return fmt.Errorf("%s-4: the target %v is an IPv6 address", target.Place(s.Targets.Words, s.Targets.Sources, a), a)
		case s.Targets.IPv6 && a.Is4():
			return fmt.Errorf("%s-6: the target %v is an IPv4 address", target.Place(s.Targets.Words, s.Targets.Sources, a), a)
		}
		return s.checkFamily(chosen, a)
	}
	for r := range t.All.Each {
		if err := check(r.From()); err != nil {
			return err
		}
	}
	for _, a := range t.All.Zoned() {
		if err := check(a); err != nil {
			return err
		}
	}
	if n := t.All.Len(); (s.Command == "trace" || s.Command == "trial") && n > 256 {
		return fmt.Errorf("%d targets: a %s is for a few", n, s.Command)
	}
	return nil
}

// checkTransport refuses what packets of our own have where the kernel makes the
// packets, and what answers are needed for where they go elsewhere.
func (j *job) checkTransport() error {
	s, src := j.spec, j.scan.Source
	if src.IsValid() {
		switch {
		case s.Way.Guard:
			return Usage("--rst-guard: -S %v is not ours, so our kernel gets no SYN-ACK to answer", src)
		case s.WaitFor != "":
			return Usage("--wait-for: -S %v is not ours, so nothing comes back to wait for", src)
		case s.Ask.Confirm:
			return Usage("--confirm: -S %v is not ours, so nothing comes back to confirm", src)
		case s.Command == "fp":
			return Usage("-S %v is not ours: no conversation comes about from there", src)
		case s.Command == "trial":
			return Usage("-S %v is not ours, so no answer comes that could be counted", src)
		case s.Command == "trace":
			return Usage("-S %v is not ours: what the hops say would go elsewhere", src)
		}
	}
	if j.network.Raw() {
		return j.checkWays()
	}
	for _, f := range s.crafted() {
		if !f.Kernel {
			return Local(errors.New(option(f) + " needs packets of our own: " + strings.Join(j.network.Notes, "; ")))
		}
	}
	if s.Show.Pcap != "" || s.Show.Packets {
		return Local(errors.New("--pcap and --packet-trace need packets of our own, but the kernel asks"))
	}
	return nil
}

// checkParts refuses fields of packets that no packet of a sweep has.
func (s *Spec) checkParts(parts []sweep.Part) error {
	syn := false
	for _, part := range parts {
		if part.Targets.Len() == 0 {
			continue
		}
		for _, p := range part.Pings {
			syn = syn || halfOpen(p)
		}
	}
	if s.Way.Guard && !syn {
		return Usage("--rst-guard: none of these pings is a SYN; choose one with %s", pingsLike(probe.HalfOpen))
	}
	return s.checkPings(parts)
}
