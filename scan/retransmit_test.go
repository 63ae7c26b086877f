package scan_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
)

// sentPacket is a packet of ours, and when it left.
type sentPacket struct {
	at time.Duration
	b  []byte
}

// record keeps what is sent.
func record(sent *[]sentPacket) func(*simnet.Link) {
	return func(l *simnet.Link) {
		l.OnSend = func(at time.Duration, b []byte, _ bool, _ wire.MAC) {
			*sent = append(*sent, sentPacket{at, bytes.Clone(b)})
		}
	}
}

// TestRetransmission: with -g a further try is the same packet again, later
// than half-open targets swallow it. Only the clock in its timestamp goes on.
func TestRetransmission(t *testing.T) {
	for _, kind := range []probe.Kind{probe.SYN, probe.ACK, probe.UDP} {
		for _, template := range []int{3, 4, 5} {
			for _, v6 := range []bool{false, true} {
				q := muteQuestion{kind: kind, port: 80, addr4: "10.1.0.5/32", addr6: "fd01::5/128"}
				p := q.plan(t, v6)
				p.SourcePort = 53
				timing := scan.Template(template)
				timing.MaxRetries = 4
				var sent []sentPacket
				o := simulate(t, job{network: mute, plan: p, timing: timing, link: record(&sent)})
				if len(sent) != 5 || o.stats.Sent != 5 {
					t.Fatalf("%s, -T%d: %d packets", kind.Name(), template, len(sent))
				}
				for i, s := range sent {
					if i > 0 && s.at-sent[i-1].at < 600*time.Millisecond {
						t.Errorf("%s, -T%d: try %d left %v after the one before", kind.Name(), template, i+1, s.at-sent[i-1].at)
					}
					if !bytes.Equal(timeless(t, s.b), timeless(t, sent[0].b)) {
						t.Errorf("%s, -T%d: try %d is %x, not %x", kind.Name(), template, i+1, s.b, sent[0].b)
					}
				}
			}
		}
	}
}

// timeless is a packet without what the clock does to it: the value of a TCP
// timestamp, and so the checksum.
func timeless(t *testing.T, b []byte) []byte {
	typ := uint16(wire.TypeIPv4)
	if b[0]>>4 == 6 {
		typ = wire.TypeIPv6
	}
	var p wire.Packet
	if !p.Parse(b, typ) {
		t.Fatalf("not readable: %x", b)
	}
	stamp, ok := wire.FindOption(p.TCP.Options(), 8)
	if !ok {
		return b
	}
	b = bytes.Clone(b)
	at := bytes.Index(b, stamp)
	binary.BigEndian.PutUint32(b[at:], 0)
	binary.BigEndian.PutUint16(b[wire.ChecksumOffset(b):], 0)
	return b
}

// TestFreshPorts: without -g every try leaves from a port of its own.
func TestFreshPorts(t *testing.T) {
	timing := scan.Template(3)
	timing.MaxRetries = 14
	var sent []sentPacket
	q := muteQuestion{kind: probe.SYN, port: 80, addr4: "10.1.0.5/32"}
	simulate(t, job{network: mute, plan: q.plan(t, false), timing: timing, link: record(&sent)})
	ports := map[uint16]bool{}
	for _, s := range sent {
		ports[binary.BigEndian.Uint16(s.b[20:])] = true
	}
	if len(sent) != 15 || len(ports) != 15 {
		t.Errorf("%d tries from %d ports", len(sent), len(ports))
	}
}

// TestLostSYNACK loses the first answers of open ports, and lets later ones
// through, at targets that remember the connection that was begun.
func TestLostSYNACK(t *testing.T) {
	for _, mode := range []string{"strict", "linux"} {
		for _, sourcePort := range []uint16{0, 4025} {
			for _, loss := range []string{"line back down 0s-8ms", "line back down 0s-700ms", "line back loss 50%", "line loss 30%"} {
				for _, family := range []string{"10.1.0.5/32", "fd01::5/128"} {
					network := fmt.Sprintf("iface eth0 10.0.0.1/24 fd00::1/64\nroute 0.0.0.0/0 via 10.0.0.2\nroute ::/0 via fd00::2\n"+
						"router r1 10.0.0.2 fd00::2\n\tline delay 2ms\npath 10.1.0.0/16 r1\npath fd01::/64 r1\n"+
						"hosts 10.1.0.5 half-open %[1]s synack-retries 0\n\t%[2]s\n\ttcp open 1-40\nhosts fd01::5 half-open %[1]s synack-retries 0\n\t%[2]s\n\ttcp open 1-40\n", mode, loss)
					for seed := range uint64(3) {
						timing := scan.Template(4)
						timing.MaxRetries = 9
						o := simulate(t, job{network: network, seed: seed + 1, timing: timing, plan: scan.Plan{
							Targets: targets(t, family), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, portRange(1, 60)...), SourcePort: sourcePort,
						}})
						if o.truth.Lost[1] == 0 {
							t.Error("nothing was lost")
						}
						open := 0
						for _, r := range o.results {
							switch truth := o.network.PortState(wire.ProtoTCP, r.Probe.Target, r.Probe.Port); {
							case r.Verdict.State == truth && truth == probe.Open:
								open++
							case r.Verdict.State == probe.Closed && truth == probe.Open, r.Verdict.State == probe.Open:
								t.Errorf("%s, -g %d, %s, %s: port %d is %v and was called %v", mode, sourcePort, loss, family, r.Probe.Port, truth, r.Verdict.State)
							}
						}
						if open < 38 {
							t.Errorf("%s, -g %d, %s, %s: %d of 40 open ports found", mode, sourcePort, loss, family, open)
						}
					}
				}
			}
		}
	}
}
