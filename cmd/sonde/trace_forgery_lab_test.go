package main

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sonde/probe/probetest"
	"sonde/probe/wire"
	"sonde/scan/job"
	"sonde/scan/lab"
)

// TestTraceForged: ICMP that another host makes up while a trace runs changes
// nothing, be it about other packets or about ours with the proof wrong.
func TestTraceForged(t *testing.T) {
	t.Parallel()
	for _, w := range ways() {
		for _, flags := range []string{"-p 445", "--proto udp -p 446", "--proto icmp"} {
			t.Run(w.name+" "+flags, func(t *testing.T) {
				t.Parallel()
				h := newHighway(t, 0)
				// Whoever lies, the target is silent: a lie that is believed shows.
				h.server.Firewall(lab.Rule{Do: lab.Drop, Chain: lab.Input, Src: clientOf(w)})
				liar := newLiar(t, h, w)
				seen := h.client.Capture("eth0")
				told := make(chan [2]int)
				go func() {
					n, ours := 0, 0
					defer func() { told <- [2]int{n, ours} }()
					probe := seen.Await(10*time.Second, func(p *lab.Packet) bool {
						_, dst := p.Addrs()
						return p.Out && dst.String() == w.server()
					})
					if probe != nil {
						n, ours = liar.tell(probe)
					}
				}()
				o := ask(t, h.client, "trace --hops 8 "+flags, w.server())
				all := <-told
				lies, ours := all[0], all[1]
				o.wantExit(t, job.ExitSilence)
				o.wantRoute(t, false, w.hops[:3]...)
				if arrived := int(liar.arrived.Count("lie")); lies == 0 || arrived < lies*3/4 {
					t.Errorf("%d lies were told, %d arrived", lies, arrived)
				}
				answers := 0
				for _, hop := range o.hops {
					answers += int(hop.Repeat.Answered)
				}
				if o.end.Unsolicited < uint64(ours/4) || answers != 9 {
					t.Errorf("of %d lies, %d for us, %d were counted as unsolicited; %d answers of hops, want 9", lies, ours, o.end.Unsolicited, answers)
				}
			})
		}
	}
}

func clientOf(w way) string {
	return map[string]string{"IPv4": "10.1.0.1", "IPv6": "fd01::1"}[w.name]
}

// liar sends forged replies from mallory.
type liar struct {
	send    func(packet []byte)
	typ     uint16 // EtherType
	arrived *lab.Firewall
}

func newLiar(t *testing.T, h *highway, w way) *liar {
	t.Helper()
	l := &liar{typ: wire.TypeIPv4}
	if w.name == "IPv6" {
		l.typ = wire.TypeIPv6
	}
	header := slices.Concat(h.routers[0].MAC("eth2"), h.mallory.MAC("eth0"), binary.BigEndian.AppendUint16(nil, l.typ))
	var fd int
	err := h.mallory.Do(func() (err error) {
		if fd, err = syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, 0); err == nil {
			err = syscall.Bind(fd, &syscall.SockaddrLinklayer{Ifindex: h.mallory.Index("eth0")})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	l.send = func(packet []byte) { syscall.Write(fd, append(bytes.Clone(header), packet...)) }
	l.arrived = h.routers[0].Firewall(lab.Rule{Name: "lie", Chain: lab.Forward, In: "eth2"})
	return l
}

// tell sends replies to a probe that was seen on the client's link, with each
// bit of what proves them flipped, and time-exceeded errors likewise, about
// other flows and about ours. It returns how many, and of how many it is certain that
// they seem to be for us.
func (l *liar) tell(p *lab.Packet) (n, ours int) {
	sent := p.Data()[14:]
	for _, reply := range probetest.Replies(sent, l.typ) {
		quotes := strings.HasPrefix(reply.Name, "ICMP error")
		if p.TCP() != nil && strings.Contains(reply.Name, "in full") {
			continue // the timestamp in it is a proof of its own
		}
		for _, r := range reply.Ways() {
			r.Flip(func(f probetest.Field, bit int, b []byte) {
				if marks(f, bit) {
					return // another TTL of the same flow: no proof, and no lie to be seen
				}
				if f.Name == "source" && !quotes {
					return // with all the proof in it, it is another address of the target
				}
				switch f.Change {
				case probetest.Target:
					return // a NAT may have changed it, since there is one target only
				case probetest.Elsewhere, probetest.OtherPort:
					if !quotes {
						return // it would not come in at all
					}
				}
				lie := bytes.Clone(b)
				l.tellOne(lie)
				n++
				if f.Change == probetest.Unproven {
					ours++
				}
				if quotes {
					l.exceeded(lie)
					l.tellOne(lie)
					n++
				}
			})
		}
	}
	return n, ours
}

// marks tells whether a bit of f is of the mark of TTL and repetition, which whoever
// knows one packet of a flow knows of the others. In the sequence number of TCP it has
// a proof of its own.
func marks(f probetest.Field, bit int) bool {
	switch f.Name {
	case "quoted IP ID", "quoted checksum", "sequence number":
		return bit >= 6 && f.Bits == 16
	case "payload", "quoted payload":
		return bit >= f.Bits-10
	}
	return false
}

// exceeded makes another ICMP error a time-exceeded one.
func (l *liar) exceeded(packet []byte) {
	at := wire.ChecksumOffset(packet) - 2
	packet[at], packet[at+1] = 11, 0
	if l.typ == wire.TypeIPv6 {
		packet[at] = 3
	}
}

// tellOne sends a packet with the checksum right, so that it is not that by
// which the lie is seen.
func (l *liar) tellOne(packet []byte) {
	var p wire.Packet
	if !p.Parse(packet, l.typ) {
		return
	}
	start := 20
	if l.typ == wire.TypeIPv4 {
		packet[10], packet[11] = 0, 0
		binary.BigEndian.PutUint16(packet[10:], wire.Checksum(packet[:20]))
	}
	if l.typ == wire.TypeIPv6 {
		start = 40
	}
	at := wire.ChecksumOffset(packet)
	packet[at], packet[at+1] = 0, 0
	binary.BigEndian.PutUint16(packet[at:], wire.SegmentChecksum(p.IP.Src, p.IP.Dst, p.IP.Proto, packet[start:]))
	l.send(packet)
}
