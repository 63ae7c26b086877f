package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/job"
	"sonde/scan/network"
	"sonde/scan/simnet"
)

// TestExtendedProtocol: the port of the added protocol is asked in its words, and
// an answer in its words is recognised; one in other words shows that the port is
// open, too, but not that it was asked.
func TestExtendedProtocol(t *testing.T) {
	simulated, err := simnet.Parse("hailed", strings.ReplaceAll(behind, "tcp open 80", "tcp open 80\n\tudp silent all"))
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"10.1.0.7", "fd01::7"} {
		for _, tt := range []struct{ says, matches string }{{"HERE", `"matches":true`}, {"LATE", `"matches":false`}} {
			code, stdout, stderr := asked("udp -PN -p 4242 -v -o json "+target, func(*network.Request) (*network.Network, error) {
				link := simulated.Open()
				link.OnSend = func(at time.Duration, b []byte, _ bool, _ wire.MAC) {
					var p wire.Packet
					p.Parse(bytes.Clone(b), etherType(b))
					if p.UDP.Dst != 4242 {
						return // a port that nobody uses
					}
					if len(p.Payload) != 8 || string(p.Payload[:4]) != "HAIL" {
						t.Errorf("%s is asked % x", target, p.Payload)
						return
					}
					answer := append([]byte(tt.says), p.Payload[4:]...)
					ip := wire.IP{Src: p.IP.Dst, Dst: p.IP.Src, TTL: 63}
					udp := wire.UDP{Src: p.UDP.Dst, Dst: p.UDP.Src}
					link.Inject(at+2*time.Millisecond, scan.Packet{B: wire.AppendUDP(nil, &ip, &udp, append(answer, "sonde"...))})
				}
				return simulatedBy(link), nil
			})
			if code != job.ExitYes || !strings.Contains(stdout, `"reason":"udp-response"`) || !strings.Contains(stdout, tt.matches) {
				t.Errorf("%s, which says %s: exit %d\n%s%s", target, tt.says, code, stdout, stderr)
			}
		}
	}
}
