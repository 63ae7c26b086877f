package main

import (
	"strings"
	"testing"

	"github.com/google/gopacket/layers"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/lab"
)

// TestRefusedHere: what the firewall of this machine refuses to send is in no count, nor is
// what the kernel says about it: both are as a capture of the wire has them. Whoever asks,
// and whatever for, is told that it could not be asked.
func TestRefusedHere(t *testing.T) {
	t.Parallel()
	for name, action := range map[string]lab.Action{"drop": lab.Drop, "prohibited": lab.AdminProhibited} {
		for _, line := range []string{"trace", "trace -p 80", "trace --proto udp", "trace --proto udp --via connect", "tcp -PN -p 80-85",
			"tcp -PN -p 80-85 --via connect", "udp -PN -p 80-81", "udp -PN -p 80-81 --via connect", "sweep -PE", "tcp -PN -p 80 -c 3 --interval 50ms", "fp -p 80-85"} {
			t.Run(name+" "+line, func(t *testing.T) {
				t.Parallel()
				o := newOffice(t)
				o.client.Firewall(lab.Rule{Chain: lab.Output, Dst: "10.2.0.0/24", Do: action}, lab.Rule{Chain: lab.Output, Dst: "fd02::/64", Do: action})
				for _, target := range []string{"10.2.0.10", "fd02::10"} {
					wire := o.client.Capture("eth0")
					args := line
					connect := strings.Contains(line, "--via connect")
					file := t.TempDir() + "/p.pcapng"
					if !connect {
						args += " --pcap " + file
					}
					got := ask(t, o.client, args, target)
					got.wantExit(t, job.ExitLocal)
					left := wire.Packets().Find(func(p *lab.Packet) bool { return !p.Neighbour() })
					if e := got.end; len(left) > 0 || e.Sent != e.Neighbours || e.Received != e.Resolved || e.Duplicates+e.Unsolicited > 0 {
						t.Errorf("%s: %s\n%v", target, jsonOf(e), left)
					}
					inFile := uint64(0)
					if !connect {
						eachPacket(t, file, func(layers.LinkType, []byte) { inFile++ })
						if inFile != got.end.Sent+got.end.Received {
							t.Errorf("%s: %d packets in the file, %s", target, inFile, jsonOf(got.end))
						}
					}
					for _, p := range got.ports {
						if p.State != probe.Unknown || p.Reason != probe.ReasonLocalError || p.Tries > 0 && !strings.Contains(line, " -c ") {
							t.Errorf("%s: %s", target, jsonOf(&p.Port))
						}
					}
					for _, h := range got.hops {
						if h.Reason != probe.ReasonLocalError || h.Repeat.Sent > 0 || h.Repeat.Answered > 0 {
							t.Errorf("%s: %s", target, jsonOf(h))
						}
					}
				}
			})
		}
	}
}
