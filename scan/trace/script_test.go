package trace_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
	"sonde/scan/trace"
)

// A script says who answers for each TTL, word by word, and what:
//
//	A            a router of that letter: the packet has expired
//	A!admin      a router that refuses, see says
//	A[16,17]     with these MPLS labels
//	A{eth0}      with an interface of that name, and an object of a kind of its own
//	A~           a device that says so of a packet that has not expired
//	A^           the same, once it has counted down
//	A!net/B      the first answers the first packet of this TTL, the last all later ones
//	T  T!admin   the target answers, or refuses
//	t            a router with the target's address: the packet has expired
//	X+           an address of that letter answers in the target's way
//	-            nobody
//
// With slow before them, answers take so long that every TTL has been asked by then, and
// with near, what the target says looks as if it had come one hop. A last word with a star is for all TTLs from there on, several in brackets for them
// in turn.
type script struct {
	words []string
	hop   time.Duration // there and back
	near  bool
	cycle int // how many words at the end are repeated
}

func parseScript(t *testing.T, text string) (s script) {
	t.Helper()
	s.hop = 100 * time.Microsecond
	if slow, ok := strings.CutPrefix(text, "slow "); ok {
		text, s.hop = slow, 30*time.Millisecond
	}
	text, s.near = strings.CutPrefix(text, "near ")
	head, last, many := strings.Cut(text, "(")
	s.words = strings.Fields(head)
	switch {
	case many:
		more := strings.Fields(strings.TrimSuffix(last, ")*"))
		s.words, s.cycle = append(s.words, more...), len(more)
	case strings.HasSuffix(text, "*"):
		n := len(s.words) - 1
		s.words[n], s.cycle = strings.TrimSuffix(s.words[n], "*"), 1
	}
	return s
}

// at is what is answered to the n-th packet of a TTL, n from 0.
func (s script) at(ttl, n int) string {
	i := ttl - 1
	if i >= len(s.words) {
		if s.cycle == 0 {
			return "-"
		}
		start := len(s.words) - s.cycle
		i = start + (i-start)%s.cycle
	}
	turns := strings.Split(s.words[i], "/")
	return turns[min(n, len(turns)-1)]
}

// says are the refusals of a script.
var says = map[string]wire.Message{
	"admin": wire.AdminProhibited, "net": wire.NetUnreach, "host": wire.HostUnreach, "port": wire.PortUnreach, "proto": wire.ProtoUnreach,
	"no-route": wire.NoRoute, "addr": wire.AddrUnreach, "param": wire.ParamProblem,
}

// says6 are those that IPv6 has another message for.
var says6 = map[string]wire.Message{"net": wire.NoRoute, "host": wire.AddrUnreach}

// lettered is the address of a letter.
func lettered(letter byte, v6 bool) netip.Addr {
	if v6 {
		return netip.MustParseAddr(fmt.Sprintf("fd01::%x", letter))
	}
	return netip.AddrFrom4([4]byte{10, 1, 0, letter})
}

var (
	target4 = netip.MustParseAddr("10.9.0.5")
	target6 = netip.MustParseAddr("fd09::5")
)

// silentNetwork answers nothing.
const silentNetwork = `
kernel-rst off
iface eth0 10.0.0.1/24 fd00::1/64
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2 silent
path 10.9.0.0/16 r1
path fd09::/64 r1
`

// played is what came of a script.
type played struct {
	trace.Way
	asked map[int]int // packets, by TTL
	sent  int
}

// play traces in a network that answers as the script says.
func play(t *testing.T, text string, c trace.Config) played {
	t.Helper()
	s, p := parseScript(t, text), played{asked: map[int]int{}}
	n, err := simnet.Parse(t.Name(), silentNetwork)
	if err != nil {
		t.Fatal(err)
	}
	if c.Hops == 0 {
		c.Hops = 30
	}
	if c.Times == 0 {
		c.Times = 3
	}
	synctest.Test(t, func(t *testing.T) {
		link := n.Open()
		var mu sync.Mutex
		link.OnSend = func(at time.Duration, b []byte, _ bool, _ wire.MAC) {
			mu.Lock()
			defer mu.Unlock()
			etherType, ttl := uint16(wire.TypeIPv4), 0
			if b[0]>>4 == 6 {
				etherType = wire.TypeIPv6
			}
			var pkt wire.Packet
			if !pkt.Parse(b, etherType) {
				t.Errorf("not understood: %x", b)
				return
			}
			ttl = int(pkt.IP.TTL)
			word := s.at(ttl, p.asked[ttl])
			p.asked[ttl]++
			p.sent++
			far := min(ttl, len(s.words))
			if reply := s.reply(t, word, far, &pkt, b); reply != nil {
				link.Inject(at+time.Duration(far)*s.hop, scan.Packet{B: reply})
			}
		}
		cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 4000}}
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			var err error
			p.Way, err = trace.Run(context.Background(), e, scan.Plan{}, c)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	return p
}

// reply makes of a word the packet that answers b from so far away, nil for none.
func (s script) reply(t *testing.T, word string, far int, pkt *wire.Packet, b []byte) []byte {
	v6 := pkt.IP.Dst.Is6()
	if word == "-" {
		return nil
	}
	ip := wire.IP{Src: lettered(word[0], v6), Dst: pkt.IP.Src, TTL: uint8(65 - far)}
	if word[0] == 'T' || word[0] == 't' {
		if ip.Src = pkt.IP.Dst; s.near {
			ip.TTL = 64
		}
	}
	name, refusal, refuses := strings.Cut(word, "!")
	name, labels, labelled := strings.Cut(name, "[")
	name, iface, told := strings.Cut(name, "{")
	m := wire.ICMP{Msg: wire.TimeExceeded}
	switch {
	case refuses:
		m.Msg = says[refusal]
		if other, ok := says6[refusal]; ok && v6 {
			m.Msg = other
		}
		if refusal == "proto" && v6 {
			m.Msg = wire.ParamProblem
		}
	case name == "T" || strings.HasSuffix(name, "+"):
		return natural(&ip, pkt, b)
	}
	if !m.SetType(v6) {
		t.Errorf("%s: no such message", word)
	}
	if refusal == "proto" && v6 {
		m.Code = 1 // RFC 4443 §3.4: unrecognized next header
	}
	quote := slices.Clone(b)
	switch at := 8 - v6Offset(v6); {
	case strings.HasSuffix(name, "^"):
		quote[at]--
	case !strings.HasSuffix(name, "~"):
		quote[at] = 1 // the TTL that the packet came with
	}
	if labelled {
		quote = append(quote, make([]byte, 128-len(quote))...)
		var stack []wire.Label
		list := strings.Split(strings.TrimSuffix(labels, "]"), ",")
		for i, l := range list {
			var value uint32
			fmt.Sscan(l, &value)
			stack = append(stack, wire.NewLabel(value, 0, i == len(list)-1, 1))
		}
		quote = wire.AppendExtension(quote, stack)
	}
	if told {
		quote = append(quote, make([]byte, 128-len(quote))...)
		label := strings.TrimSuffix(iface, "}")
		value := append([]byte{uint8(len(label) + 1)}, label...)
		quote = wire.AppendObject(quote, 128, wire.Object{Class: 2, Type: 0x82, Value: value})
		quote = wire.AppendObject(quote, 128, wire.Object{Class: 247, Type: 3, Value: []byte("?")})
	}
	return wire.AppendICMP(nil, &ip, &m, quote)
}

// v6Offset is how much nearer to the beginning the hop limit stands than the TTL.
func v6Offset(v6 bool) int {
	if v6 {
		return 1
	}
	return 0
}

// natural is what a host answers: open 80/tcp and 53/udp, everything else closed.
func natural(ip *wire.IP, pkt *wire.Packet, b []byte) []byte {
	switch pkt.Layer {
	case wire.LayerTCP:
		tcp := wire.TCP{Src: pkt.TCP.Dst, Dst: pkt.TCP.Src, Seq: 7, Ack: pkt.TCP.Seq + 1, Flags: wire.RST | wire.ACK}
		if pkt.TCP.Dst == 80 {
			tcp.Flags, tcp.Window = wire.SYN|wire.ACK, 1000
		}
		return wire.AppendTCP(nil, ip, &tcp, nil)
	case wire.LayerUDP:
		if pkt.UDP.Dst == 53 {
			answer := slices.Clone(pkt.Payload)
			answer[2] |= 0x80 // RFC 1035 §4.1.1: QR
			return wire.AppendUDP(nil, ip, &wire.UDP{Src: 53, Dst: pkt.UDP.Src}, answer)
		}
		m := wire.ICMP{Msg: wire.PortUnreach}
		m.SetType(ip.Dst.Is6())
		return wire.AppendICMP(nil, ip, &m, b)
	}
	m := wire.ICMP{Msg: wire.EchoReply, ID: pkt.ICMP.ID, Seq: pkt.ICMP.Seq}
	m.SetType(ip.Dst.Is6())
	return wire.AppendICMP(nil, ip, &m, pkt.Payload)
}

// hops is the way as a script would have it: "A B!admin-prohibited T". Behind a hop
// that is the target's stands "=", behind one where the way ends ".".
func (p *played) hops() string {
	var list []string
	for i := range p.Hops {
		h := &p.Hops[i]
		word := "-"
		switch {
		case !h.From.IsValid():
		case h.From == p.Target:
			word = "T"
		default:
			b := h.From.AsSlice()
			word = string(b[len(b)-1])
		}
		if h.From.IsValid() && h.Reason != probe.TimeExceeded && !h.Reached {
			word += "!" + h.Reason.String()
		}
		if h.Refused != probe.NoResponse {
			word += "+" + h.Refused.String()
		}
		if h.Reached {
			word += "="
		}
		if h.Ends {
			word += "."
		}
		list = append(list, word)
	}
	return strings.Join(list, " ")
}

// eachWay traces by every protocol and in both families.
func eachWay(t *testing.T, run func(t *testing.T, v6 bool, c trace.Config)) {
	t.Helper()
	for _, a := range append(slices.Clone(asked), asking{"udp open", probe.UDP, 53, ""}) {
		for _, target := range []netip.Addr{target4, target6} {
			t.Run(fmt.Sprint(a.name, " ", target), func(t *testing.T) {
				run(t, target.Is6(), trace.Config{Target: target, Kind: a.kind, Port: a.port})
			})
		}
	}
}

// in words of IPv6, where it has others.
func in6(text string) string {
	return strings.NewReplacer("net-unreach", "no-route", "host-unreach", "addr-unreach", "proto-unreach", "param-problem").Replace(text)
}
