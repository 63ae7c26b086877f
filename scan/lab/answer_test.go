package lab_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

var answered = netip.MustParsePrefix("10.128.0.0/9")

// answering is a host beside another one that answers for a range.
func answering(t *testing.T, how lab.Answers) (client, router *lab.Host) {
	t.Helper()
	labtest.NeedXDP(t)
	n := labtest.New(t)
	client, router = n.Host("client"), n.Host("router")
	_, far := n.Link(client, router, "10.1.0.1/24", "10.1.0.2/24")
	how.Range = answered
	client.Route(answered.String(), "10.1.0.2")
	router.Answer(far, how)
	return client, router
}

// asked is one question, as a frame from the client.
type asked struct {
	dst netip.Addr
	l4  gopacket.SerializableLayer // without addresses
}

// ask sends questions and returns what came in for each, nil being silence.
func ask(t *testing.T, client, router *lab.Host, wait time.Duration, questions []asked) (answers []*lab.Packet) {
	t.Helper()
	wire := client.Capture("eth0")
	device := client.Frames("eth0")
	for _, f := range frames(t, client, router, questions) {
		if _, err := device.Write(f); err != nil {
			t.Fatal(err)
		}
	}
	in := wire.PacketsAfter(wait).In().Find(func(p *lab.Packet) bool { return p.IPv4() != nil })
	for _, q := range questions {
		var mine *lab.Packet
		for i, p := range in {
			src, _ := p.Addrs()
			if src == q.dst && mine == nil && sameFlow(q.l4, p) {
				mine, in = p, append(in[:i:i], in[i+1:]...)
				break
			}
		}
		answers = append(answers, mine)
	}
	if len(in) > 0 {
		t.Errorf("nobody asked for\n%v", in)
	}
	return answers
}

// frames writes questions as frames.
func frames(t *testing.T, client, router *lab.Host, questions []asked) (list [][]byte) {
	t.Helper()
	for i, q := range questions {
		ip := &layers.IPv4{
			Version: 4, TTL: 39, Id: uint16(i), SrcIP: []byte{10, 1, 0, 1}, DstIP: q.dst.AsSlice(),
			Protocol: layers.IPProtocolICMPv4,
		}
		if tcp, ok := q.l4.(*layers.TCP); ok {
			ip.Protocol = layers.IPProtocolTCP
			if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
				t.Fatal(err)
			}
		}
		b := gopacket.NewSerializeBuffer()
		err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
			&layers.Ethernet{SrcMAC: client.MAC("eth0"), DstMAC: router.MAC("eth0"), EthernetType: layers.EthernetTypeIPv4},
			ip, q.l4, gopacket.Payload("abc"))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, b.Bytes())
	}
	return list
}

func sameFlow(q gopacket.SerializableLayer, p *lab.Packet) bool {
	tcp, ok := q.(*layers.TCP)
	if !ok {
		return p.TCP() == nil
	}
	return p.TCP() != nil && p.TCP().SrcPort == tcp.DstPort && p.TCP().DstPort == tcp.SrcPort
}

// TestAnswers: what comes back is what a host would say, in each field, to each
// kind of question.
func TestAnswers(t *testing.T) {
	how := lab.Answers{Range: answered, Seed: 3, Alive: 0.5, Open: []uint16{22, 443}, OpenShare: 0.25}
	for _, dropped := range []bool{false, true} {
		how.Dropped = dropped
		client, router := answering(t, how)
		var questions []asked
		addr := answered.Addr()
		for i := range 64 {
			addr = addr.Next()
			tcp := func(dst uint16, set func(*layers.TCP)) {
				l := &layers.TCP{
					SrcPort: layers.TCPPort(40000 + len(questions)), DstPort: layers.TCPPort(dst),
					Seq: 0xfffffffe + uint32(i), Ack: 0x89abcdef + uint32(i), Window: 1024,
				}
				set(l)
				questions = append(questions, asked{addr, l})
			}
			syn := func(l *layers.TCP) { l.SYN = true }
			tcp(443, syn)
			tcp(uint16(1000+i), syn)
			tcp(22, func(l *layers.TCP) {
				l.SYN = true
				l.Options = []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{5, 0xb4}}}
			})
			tcp(443, func(l *layers.TCP) { l.ACK = true })
			tcp(443, func(l *layers.TCP) { l.SYN, l.ACK = true, true })
			tcp(443, func(l *layers.TCP) { l.RST = true })
			tcp(443, func(l *layers.TCP) { l.RST, l.ACK = true, true })
			tcp(443, func(l *layers.TCP) { l.FIN = true })
			questions = append(questions,
				asked{addr, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0), Id: uint16(len(questions)), Seq: 9}},
				asked{addr, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(13, 0), Id: uint16(len(questions)), Seq: 9}})
		}
		alive := 0
		for i, p := range ask(t, client, router, 50*time.Millisecond, questions) {
			checkAnswer(t, &how, questions[i], p)
			if p != nil {
				alive++
			}
		}
		if alive == 0 {
			t.Error("nothing was answered")
		}
	}
}

// checkAnswer holds one answer, nil being silence, against what is promised.
func checkAnswer(t *testing.T, how *lab.Answers, q asked, p *lab.Packet) {
	t.Helper()
	if !how.Up(q.dst) {
		if p != nil {
			t.Errorf("%v is not there, but %v", q.dst, p)
		}
		return
	}
	if p != nil {
		checkSums(t, p)
		ip := p.IPv4()
		if ip.TTL != 64 || ip.IHL != 5 || ip.TOS != 0 {
			t.Errorf("%v: header %+v", p, ip)
		}
	}
	if echo, ok := q.l4.(*layers.ICMPv4); ok {
		if typ, _, ok := packetICMP(p); echo.TypeCode.Type() == 8 && (!ok || typ != 0) {
			t.Errorf("echo request to %v: %v", q.dst, p)
		} else if echo.TypeCode.Type() != 8 && p != nil {
			t.Errorf("timestamp request to %v: %v", q.dst, p)
		} else if p != nil {
			l := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4)
			if l.Id != echo.Id || l.Seq != echo.Seq || string(l.Payload) != "abc" {
				t.Errorf("reply of %v: %+v", q.dst, l)
			}
		}
		return
	}
	l := q.l4.(*layers.TCP)
	var want *layers.TCP
	switch open := how.Listens(q.dst, uint16(l.DstPort)); {
	case l.RST || l.FIN:
	case l.ACK:
		want = &layers.TCP{RST: true, Seq: l.Ack}
	case open:
		want = &layers.TCP{SYN: true, ACK: true, Ack: l.Seq + 1, Window: 0xfaf0}
	case !how.Dropped:
		want = &layers.TCP{RST: true, ACK: true, Ack: l.Seq + 1}
	}
	if (p == nil) != (want == nil) {
		t.Errorf("%v:%v, S %v A %v R %v F %v: %v", q.dst, l.DstPort, l.SYN, l.ACK, l.RST, l.FIN, p)
		return
	}
	if p == nil {
		return
	}
	got := p.TCP()
	if int(p.IPv4().Length) != len(p.Data())-14 {
		t.Errorf("%v: %d bytes, and says %d", p, len(p.Data())-14, p.IPv4().Length)
	}
	if want.SYN {
		want.Seq = got.Seq
		if len(got.Options) != 1 || got.Options[0].OptionType != layers.TCPOptionKindMSS ||
			binary.BigEndian.Uint16(got.Options[0].OptionData) != 1460 {
			t.Errorf("%v: options %v", p, got.Options)
		}
	} else if len(got.Options) > 0 {
		t.Errorf("%v: options %v", p, got.Options)
	}
	if got.SYN != want.SYN || got.ACK != want.ACK || got.RST != want.RST || got.FIN || got.PSH || got.URG ||
		got.Seq != want.Seq || got.Ack != want.Ack || got.Window != want.Window || got.Urgent != 0 || len(got.Payload) > 0 {
		t.Errorf("%v: %+v, want %+v", p, got, want)
	}
}

func packetICMP(p *lab.Packet) (typ, code uint8, ok bool) {
	if p == nil {
		return 0, 0, false
	}
	return p.ICMP()
}

// checkSums sums up both headers; correct ones give 0xffff (RFC 1071).
func checkSums(t *testing.T, p *lab.Packet) {
	t.Helper()
	b := p.Data()[14:]
	if s := onesSum(0, b[:20]); s != 0xffff {
		t.Errorf("%v: IP sums up to %#x", p, s)
	}
	var pseudo uint32
	if p.TCP() != nil {
		pseudo = uint32(onesSum(0, b[12:20])) + 6 + uint32(len(b)-20)
	}
	if s := onesSum(pseudo, b[20:]); s != 0xffff {
		t.Errorf("%v: the rest sums up to %#x", p, s)
	}
}

func onesSum(s uint32, b []byte) uint16 {
	for i, c := range b {
		s += uint32(c) << (8 * (1 - i%2))
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
