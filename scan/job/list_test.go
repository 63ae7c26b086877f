package job

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/scan/network"
	"sonde/scan/report"
)

// directory knows the names of two addresses.
type directory struct{}

func (directory) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if host == "seven.example" {
		return []netip.Addr{netip.MustParseAddr("10.0.0.7")}, nil
	}
	return nil, errors.New("no such host")
}

func (directory) LookupAddr(_ context.Context, addr string) ([]string, error) {
	if addr == "10.0.0.2" {
		return []string{"two.example."}, nil
	}
	return nil, errors.New("no such address")
}

// listed is what a run that lists targets tells, and says whether the network was opened.
func listed(t *testing.T, s *Spec) (lines []string, o Outcome, opened bool, err error) {
	t.Helper()
	env := &Env{Resolver: directory{}, Open: func(*network.Request) (*network.Network, error) {
		opened = true
		return nil, errors.New("nobody was to open it")
	}}
	o, list, err := virtually(t, env, s)
	for _, r := range list {
		if h, ok := r.(*report.Host); ok {
			if h.State != probe.NotTested || h.Ports != 0 {
				t.Errorf("%+v", h)
			}
			lines = append(lines, strings.TrimSpace(h.Addr.String()+" "+strings.Join(h.Forward, " ")+h.PTR))
		}
	}
	return lines, o, opened, err
}

// TestList: all targets are listed in their order, with names as far as they are known or
// asked for, and the network is not even opened.
func TestList(t *testing.T) {
	for want, s := range map[string]*Spec{
		"10.0.0.0, 10.0.0.2, 10.0.0.3, 10.0.0.7 seven.example, 2001:db8::, 2001:db8::1": {
			Targets: Targets{Words: []string{"2001:db8::/127", "seven.example", "10.0.0.0/30"}, Exclude: []string{"10.0.0.1"}}},
		"10.0.0.2 two.example": {Targets: Targets{Words: []string{"10.0.0.2"}}, Show: Show{Resolve: true}},
	} {
		s.Command, s.Ask.List = "sweep", true
		lines, o, opened, err := listed(t, s)
		if err != nil || opened || strings.Join(lines, ", ") != want {
			t.Errorf("%q, opened %v, %v; want %s", lines, opened, err, want)
		}
		if code, why := o.Exit(); code != ExitYes || why != "listed" || int(o.Tally.Hosts[probe.NotTested]) != len(lines) || o.Stats.Sent != 0 {
			t.Errorf("%d %s, %+v", code, why, o.Tally)
		}
	}
}

// TestListNames: of many targets, all have their names.
func TestListNames(t *testing.T) {
	s := &Spec{Command: "sweep", Ask: Ask{List: true}, Targets: Targets{Words: []string{"10.0.0.0/20"}}, Show: Show{Resolve: true}}
	lines, _, _, err := listed(t, s)
	if err != nil || len(lines) != 4096 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}

// TestListRefuses: what asks somebody has no place beside it.
func TestListRefuses(t *testing.T) {
	one := 1
	for want, s := range map[string]*Spec{
		"--list and --ping exclude each other":    {Ask: Ask{Ping: []string{"E"}}},
		"--list and -c exclude each other":        {Pace: Pace{Count: &one}},
		"--list: no packet is sent":               {Packet: Packet{Data: "00"}},
		"33554432 targets are too many to list":   {Targets: Targets{Words: []string{"10.0.0.0/7"}}},
		"":                                        {Targets: Targets{Words: []string{"nobody.example"}}}, // which the environment was told
		"--list and --interface exclude each oth": {Way: Way{Iface: "eth0"}},
	} {
		s.Command, s.Ask.List = "sweep", true
		if s.Targets.Words == nil {
			s.Targets.Words = []string{"10.0.0.1"}
		}
		if lines, _, opened, err := listed(t, s); err == nil || opened || lines != nil || want != "" && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
