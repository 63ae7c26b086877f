package job

import (
	"net/netip"
	"strconv"
	"strings"
)

// MetricsAddr is where --metrics is to be listened at. A port alone, also behind a colon, is
// one of 127.0.0.1: nobody has said that others may ask.
func (s *Spec) MetricsAddr() (netip.AddrPort, error) {
	text := s.Show.Metrics
	if port, err := strconv.ParseUint(strings.TrimPrefix(text, ":"), 10, 16); err == nil {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port)), nil
	}
	addr, err := netip.ParseAddrPort(text)
	if err != nil {
		return addr, Usage("--metrics %s: a port, or an address and a port: 9117, 192.0.2.1:9117, [::1]:9117", text)
	}
	return addr, nil
}

// metricsRules refuse --metrics where nothing is watched.
func (s *Spec) metricsRules() []rule {
	if s.Show.Metrics == "" {
		return nil
	}
	_, err := s.MetricsAddr()
	rules := []rule{{!s.Ask.Watch, "--metrics: it tells of --watch, and that is not asked for"}}
	if err != nil {
		rules = append(rules, rule{true, err.Error()})
	}
	return rules
}
