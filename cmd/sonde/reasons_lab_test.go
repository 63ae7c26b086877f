package main

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"sonde/probe/wire"
	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// bareReset is a RST that proves nothing: without ACK, as some small stacks answer a SYN.
func bareReset(got *wire.Packet, raw []byte, _ netip.Addr) []byte {
	if got.Layer != wire.LayerTCP || got.TCP.Flags != wire.SYN {
		return nil
	}
	ip := wire.IP{Src: got.IP.Dst, Dst: got.IP.Src, TTL: 64, Proto: wire.ProtoTCP}
	return wire.AppendTCP(nil, &ip, &wire.TCP{Src: got.TCP.Dst, Dst: got.TCP.Src, Flags: wire.RST}, nil)
}

// zeroedQuote is a port unreachable whose quote has neither IP ID, nor flow label, nor
// checksum.
func zeroedQuote(got *wire.Packet, raw []byte, gate netip.Addr) []byte {
	if got.Layer != wire.LayerUDP {
		return nil
	}
	quote := append([]byte(nil), raw...)
	at, code := 20, uint8(3)
	if got.IP.Dst.Is6() {
		at, code = 40, 4
		quote[1], quote[2], quote[3] = quote[1]&0xf0, 0, 0
	} else {
		quote[4], quote[5] = 0, 0
	}
	quote[at+6], quote[at+7] = 0, 0
	ip := wire.IP{Src: got.IP.Dst, Dst: got.IP.Src, TTL: 64, Proto: wire.ProtoICMP}
	m := wire.ICMP{Type: map[bool]uint8{false: 3, true: 1}[got.IP.Dst.Is6()], Code: code}
	return wire.AppendICMP(nil, &ip, &m, quote[:at+8])
}

// newReasons is a client before a device that answers for 10.9.0.9 and fd09::9: at port
// 1001 without proof, at all others not at all. To 10.66.0.0/16 and fd66::/16 a route says
// prohibited.
func newReasons(t *testing.T) *lab.Host {
	n := labtest.New(t)
	client, gate := n.Host("client"), n.Host("gate")
	n.Link(client, gate, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	client.Default("10.1.0.2", "fd01::2")
	gate.Firewall(lab.Rule{Chain: lab.Output, Proto: "icmpv6", ICMPType: "1", Do: lab.Drop}) // its kernel knows no way on, and says so
	client.Route("10.66.0.0/16", "prohibit")
	client.Route("fd66::/16", "prohibit")
	startDevice(t, gate, "10.1.0.2", "fd01::2", func(_ bool, port uint16) retort {
		if port != 1001 {
			return retort{}
		}
		return retort{"without proof", []saying{bareReset, zeroedQuote}}
	})
	return client
}

// TestReasons: no reply, replies without proof, an answer that proves nothing and trouble
// of our own are told apart, each where the others would be wrong; and what a state rests
// on is in the file of packets, and in the counts.
func TestReasons(t *testing.T) {
	t.Parallel()
	client := newReasons(t)
	for _, tt := range []struct {
		line     string
		host     [2]string
		port     int
		state    string
		row      string
		exit     int
		received uint64 // with 3 tries
	}{
		{"tcp -PN -p 1001", [2]string{"10.9.0.9", "fd09::9"}, 1001, "closed (reset)", "reset without proof", job.ExitNo, 3},
		{"tcp -PN -g 4025 -p 1001", [2]string{"10.9.0.9", "fd09::9"}, 1001, "filtered (no-response)", "3 replies without proof", job.ExitSilence, 0},
		{"tcp -PN -p 1002", [2]string{"10.9.0.9", "fd09::9"}, 1002, "filtered (no-response)", "no reply to 3 SYNs", job.ExitSilence, 0},
		{"tcp -PN -p 1001", [2]string{"10.66.0.9", "fd66::9"}, 1001, "unknown (local-error)", "a route says prohibited", job.ExitLocal, 0},
		{"udp -PN -p 1001", [2]string{"10.9.0.9", "fd09::9"}, 1001, "closed (port-unreach)", "port-unreach without proof", job.ExitNo, 3},
		{"udp -PN -g 4025 -p 1001", [2]string{"10.9.0.9", "fd09::9"}, 1001, "open|filtered (no-response)", "3 replies without proof", job.ExitSilence, 0},
		{"udp -PN -p 1002", [2]string{"10.9.0.9", "fd09::9"}, 1002, "open|filtered (no-response)", "no reply to 3 UDP packets", job.ExitSilence, 0},
		{"udp -PN -p 1001", [2]string{"10.66.0.9", "fd66::9"}, 1001, "unknown (local-error)", "a route says prohibited", job.ExitLocal, 0},
	} {
		for _, host := range tt.host {
			t.Run(tt.line+" "+host, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "p.pcapng")
				o := ask(t, client, tt.line, host, "--pcap", file)
				o.wantExit(t, tt.exit)
				p := o.ports[tt.port]
				if row := o.row(tt.port); p.state() != tt.state || !strings.Contains(row, tt.row) {
					t.Errorf("%s, %q; want %s, and %q", p.state(), row, tt.state, tt.row)
				}
				if p.Weak != strings.HasSuffix(tt.row, "t without proof") && p.Weak != strings.HasSuffix(tt.row, "h without proof") {
					t.Errorf("weak is %v", p.Weak)
				}
				sent, received := readPcap(t, file)
				if o.end.Received-o.end.Resolved != tt.received || uint64(len(received)) != tt.received+neighbours(received) || o.end.Resolved != neighbours(received) || uint64(len(sent)) != o.end.Sent {
					t.Errorf("the file has %d packets of ours and %d others, want %d; %+v", len(sent), len(received), tt.received, o.end)
				}
				for _, f := range o.findings {
					if f.Doubt.Middlebox() {
						t.Errorf("suspected: %+v", f)
					}
				}
			})
		}
	}
}

// neighbours counts what is ARP or ND, which is asked for the next hop.
func neighbours(packets [][]byte) (n uint64) {
	for _, b := range packets {
		if b[0]>>4 != 4 && b[0]>>4 != 6 || b[0]>>4 == 6 && b[6] == wire.ProtoICMPv6 && b[40] >= 133 {
			n++
		}
	}
	return n
}
