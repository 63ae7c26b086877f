package main

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/lab"
)

// TestFPUnusualPorts: a UDP port that is silent to its own protocol is named by what it
// answers in another one, and is open then; in all there are, with --thorough. One that
// answers nothing stays open|filtered.
func TestFPUnusualPorts(t *testing.T) {
	t.Parallel()
	h := newHighway(t, 0)
	dns := func(q []byte, _ netip.AddrPort) []byte {
		if len(q) < 12 || q[2]&0x80 != 0 || !strings.Contains(string(q), "\x07version\x04bind") {
			return nil
		}
		const says = "9.18.33-1~deb12u2-Debian"
		r := append([]byte{}, q...)
		r[2], r[3] = 0x84, 0
		binary.BigEndian.PutUint16(r[6:], 1)
		return append(append(r, 0xc0, 12, 0, 16, 0, 3, 0, 0, 0, 0, 0, byte(1+len(says)), byte(len(says))), says...)
	}
	mumble := func(q []byte, _ netip.AddrPort) []byte {
		if len(q) != 12 || binary.BigEndian.Uint32(q) != 0 {
			return nil
		}
		return append(append([]byte{0, 1, 4, 0}, q[4:]...), make([]byte, 12)...)
	}
	h.server.UDP(5301, dns)
	h.server.UDP(161, dns)
	h.server.UDP(6500, mumble)
	h.server.UDP(6501, lab.Sink)
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			for _, thorough := range []string{"", " --thorough"} {
				o := ask(t, h.client, "fp -p U:161,5301,6500,6501 --timeout 3s --max-retries 0"+thorough, w.server())
				o.wantExit(t, job.ExitYes)
				for _, port := range []int{161, 5301} {
					if s := o.services[port]; s.Service != "domain" || s.Product != "BIND" || s.Version != "9.18.33" {
						t.Errorf("%d is %+v", port, s)
					}
					o.wantPort(t, port, "open (udp-response)")
				}
				if got, is := o.ports[6500].State, map[bool]probe.State{false: probe.OpenFiltered, true: probe.Open}[thorough != ""]; got != is {
					t.Errorf("6500%s is %v, want %v: %+v", thorough, got, is, o.services[6500])
				}
				if o.ports[6501].State != probe.OpenFiltered || o.services[6501].Service != "" {
					t.Errorf("6501 is %v: %+v", o.ports[6501].State, o.services[6501])
				}
			}
		})
	}
}
