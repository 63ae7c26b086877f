package job

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sonde/scan/report"
	"sonde/scan/simnet"
)

// TestTraceCountAndOrigins: a trace with -c counts each hop by every protocol, those of two
// targets once, and hops have the autonomous systems that the user's file tells.
func TestTraceCountAndOrigins(t *testing.T) {
	simulated, err := simnet.Parse("count", fmt.Sprintf(threeHops, "rule accept", "", "", "hosts 10.9.0.5\n\ttcp open 80\nhosts 10.9.0.6\n\ttcp open 80\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, proto := range []string{"icmp", "tcp", "udp"} {
		env := world(simulated, nil)
		env.Origin = func(a netip.Addr) (report.AS, bool) {
			return report.AS{Prefix: netip.MustParsePrefix("10.1.0.0/16"), Numbers: []uint32{64500}}, a == netip.MustParseAddr("10.1.0.2")
		}
		s := &Spec{Command: "trace", Targets: Targets{Words: []string{"10.9.0.5", "10.9.0.6"}}}
		if s.Ask.Proto = proto; proto == "tcp" {
			s.Ask.Ports = "80"
		}
		s.Pace.Count, s.Pace.Interval = new(int), new(Duration)
		*s.Pace.Count, *s.Pace.Interval = 40, Duration(700*time.Millisecond)
		_, list, err := virtually(t, env, s)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range list {
			if h, ok := r.(*report.Hop); ok {
				got = append(got, fmt.Sprint(h.From, " ", h.Repeat.Answered, "/", h.Repeat.Sent, " ", h.Counted != nil, " ", h.AS != nil))
			}
		}
		if end := list[len(list)-1].(*report.End); end.Elapsed > 40*700*time.Millisecond+5*time.Second {
			t.Errorf("%s: %v, as if one target were counted behind the other", proto, end.Elapsed)
		}
		want := "10.0.0.2 40/40 true false, 10.1.0.2 40/40 true true, 10.9.0.5 40/40 true false, "
		if text := strings.Join(got, ", ") + ", "; !strings.HasPrefix(text, want) || !strings.HasSuffix(text, "10.9.0.6 40/40 true false, ") || len(got) != 6 {
			t.Errorf("%s: %s", proto, text)
		}
	}
}
