package link

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"

	"golang.org/x/sys/unix"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

// ping sends an echo request by a datagram socket, which needs no privilege
// where net.ipv4.ping_group_range allows it (EACCES elsewhere). The kernel puts
// in the identifier and the checksum, and hands the socket what carries that
// identifier; the sequence number and the payload prove the rest. Without data
// the payload is as long as ping's, and begins at random.
func (s *Sockets) ping(t *try, shape *Shape, data []byte) error {
	own := *shape
	own.Port = 0 // of a ping socket that is the identifier
	if err := s.openSocket(t, &own, unix.SOCK_DGRAM, unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6); err != nil {
		return err
	}
	request := wire.ICMP{Msg: wire.EchoRequest}
	request.SetType(t.p.Target.Is6())
	t.check = make([]byte, 8, 8+max(len(data), pingSize)) // RFC 792: type, code, checksum, identifier, sequence
	t.check[0] = request.Type
	binary.BigEndian.PutUint16(t.check[6:], uint16(rand.Uint32()))
	if len(data) == 0 {
		t.check = binary.BigEndian.AppendUint64(t.check, rand.Uint64())
		for len(t.check) < 8+pingSize {
			t.check = append(t.check, byte(len(t.check)-8))
		}
	}
	t.check = append(t.check, data...)
	return sendTo(t.fd, t.check, s.target(t))
}

// pingSize is the payload of ping.
const pingSize = 56

// ponged fills a with what came for t: an ICMP error or an echo reply.
func (s *Sockets) ponged(t *try, a *scan.Answer, buf []byte) (some bool) {
	r := &a.Reply
	if q, ok := readQueue(t.fd, s.oob); ok {
		s.failed(t, &q, r)
		return true
	}
	n, from, failed, ok := s.receive(t, r, buf)
	if !ok || n < 8 {
		return failed
	}
	v6 := t.p.Target.Is6()
	r.From, r.Layer, r.Size = addrPort(from).Addr(), wire.LayerICMP, uint16(n-8)
	r.ICMP = wire.ICMP{Msg: wire.MessageOf(v6, buf[0], buf[1]), Type: buf[0], Code: buf[1],
		ID: binary.BigEndian.Uint16(buf[4:]), Seq: binary.BigEndian.Uint16(buf[6:])}
	r.IP.Proto = wire.ProtoICMP
	if v6 {
		r.IP.Proto = wire.ProtoICMPv6
	}
	s.judge(t, r)
	if t.p.TTL > 0 && r.Who == probe.Other { // a trace: it may be another address of the target
		r.Event = probe.Answer
	}
	if r.ICMP.Msg != wire.EchoReply || !bytes.Equal(buf[6:n], t.check[6:]) {
		r.Event = probe.Unsolicited
	}
	a.Data = buf[8:n:n]
	return true
}
