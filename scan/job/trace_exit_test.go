package job

import (
	"fmt"
	"testing"

	"sonde/scan/simnet"
)

// threeHops is a network of two routers, the second of which has a rule, and a host.
const threeHops = `
iface eth0 10.0.0.1/24 fd00::1/64
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2
router r2 10.1.0.2 fd01::2
	%s
path 10.9.0.0/16 r1 r2 %s
path fd09::/64 r1 r2 %s
%s
`

// exitCase is what becomes of packets in threeHops, and the exit code of a trace then.
type exitCase struct {
	name, rule, path, hosts string
	want                    int
}

// TestTraceExit: 0 where the target answered anything, 1 where somebody else's answer says
// that nothing gets there, 3 where nobody says anything, whatever asks; and what decided it
// is the reason.
func TestTraceExit(t *testing.T) {
	const hosts = "hosts 10.9.0.5\n\ttcp open 80\nhosts fd09::5\n\ttcp open 80\n"
	refusals := []string{"net-unreach", "host-unreach", "proto-unreach", "port-unreach", "net-prohibited", "host-prohibited", "admin-prohibited",
		"no-route", "addr-unreach", "beyond-scope", "policy-fail", "reject-route", "param-problem", "packet-too-big"}
	cases := []exitCase{
		{"reached", "rule accept", "", hosts, ExitYes},
		{"dropped", "rule drop", "", hosts, ExitSilence},
		{"nobody there, and nobody says so", "rule accept", "", "", ExitSilence},
		{"a loop", "rule accept", "loop", hosts, ExitNo},
	}
	for _, kind := range refusals {
		cases = append(cases, exitCase{"refused: " + kind, "rule " + kind, "", hosts, ExitNo})
	}
	for _, kind := range []string{"host-unreach", "addr-unreach"} {
		cases = append(cases, exitCase{"dead: " + kind, "rule accept", "dead " + kind + " 300ms", "", ExitNo})
	}
	for _, kind := range refusals { // the host itself refuses: it was reached
		cases = append(cases, exitCase{"the target refuses: " + kind, "rule accept", "",
			"hosts 10.9.0.5\n\ttcp " + kind + "; udp " + kind + "\nhosts fd09::5\n\ttcp " + kind + "; udp " + kind + "\n", ExitYes})
	}
	for _, tt := range cases {
		for _, proto := range []string{"tcp", "udp", "icmp"} {
			for _, addr := range []string{"10.9.0.5", "fd09::5"} {
				simulated, err := simnet.Parse("exit", fmt.Sprintf(threeHops, tt.rule, tt.path, tt.path, tt.hosts))
				if err != nil {
					t.Fatal(err)
				}
				s := &Spec{Command: "trace", Targets: Targets{Words: []string{addr}}}
				s.Ask.Proto = proto
				if proto == "tcp" {
					s.Ask.Ports = "80"
				}
				o, list, err := virtually(t, world(simulated, nil), s)
				if err != nil {
					t.Fatal(err)
				}
				if code, reason := o.Exit(); code != tt.want {
					t.Errorf("%s, %s %s: exit %d (%s), want %d: %v", tt.name, proto, addr, code, reason, tt.want, list)
				}
			}
		}
	}
}
