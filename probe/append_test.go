package probe_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/probe/payload"
	"sonde/probe/wire"
)

// golden are the packets of questions, byte by byte: the fields of the IP
// header, those of the transport header, the rest. Another program has found
// their checksums right.
var golden = map[string]string{
	"syn v4":           "45 00 0028 9f57 4000 40 06 8772 0a000001 0a010005 ee48 0050 6b847ac9 00000000 5002 faf0 cc04 0000",
	"ack v4":           "45 00 0028 3877 4000 40 06 ee52 0a000001 0a010005 ee48 0050 38775114 66e7c7f8 5010 faf0 f9d8 0000",
	"echo v4":          "45 00 0054 9d17 4000 40 01 898b 0a000001 0a010005 08 00 64ae cd0f fb06 9d16698fd49804f9 08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637",
	"udp v4":           "45 00 003a 65bf 4000 40 11 c0ed 0a000001 0a010005 ee48 0035 0026 ac56 2e22 0100 0001 0000 0000 0000 0776657273696f6e0462696e6400 0010 0003",
	"empty udp v4":     "45 00 001c c479 4000 40 11 6251 0a000001 0a010005 ee48 270f 0008 d67f",
	"tftp v4":          "45 00 003b 5f31 4000 40 11 c77a 0a000001 0a010005 eeac 0045 0027 5d3e 0001 736f6e64652d3239633335626636323964366134666600 6f6374657400",
	"window v4":        "45 00 0028 9ba7 4000 40 06 8b22 0a000001 0a010005 ee48 0050 9ba67861 7a392dd1 5010 faf0 f631 0000",
	"fin v4":           "45 00 0028 bbeb 4000 40 06 6ade 0a000001 0a010005 ee48 0050 bbeaacdd 00000000 5001 faf0 498b 0000",
	"null v4":          "45 00 0028 bea7 4000 40 06 6822 0a000001 0a010005 ee48 0050 bea7363c 00000000 5000 faf0 bd70 0000",
	"xmas v4":          "45 00 0028 7b57 4000 40 06 ab72 0a000001 0a010005 ee48 0050 7b569ce6 00000000 5029 faf0 99ee 0000",
	"maimon v4":        "45 00 0028 f56f 4000 40 06 315a 0a000001 0a010005 ee48 0050 f56fd700 423e99ce 5011 faf0 09c6 0000",
	"timestamp v4":     "45 00 0028 8341 4000 40 01 a38d 0a000001 0a010005 0d 00 09c2 3d0a 5d75 ac33a28a0000000000000000",
	"mask v4":          "45 00 0020 bde5 4000 40 01 68f1 0a000001 0a010005 11 00 7bd1 82b9 f074 00000000",
	"guessable udp v4": "45 00 001d efad 4000 40 11 371c 0a000001 0a010005 ee 48 059a 0009 f4f2 03",
	"neighbour v4":     "0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a010005",
	"syn v6":           "600f44f0 0014 06 40 fd000000000000000000000000000001 fd010000000000000000000000000005 ee48 0050 23eecd8f 00000000 5002 faf0 dad2 0000",
	"ack v6":           "6000c2a2 0014 06 40 fd000000000000000000000000000001 fd010000000000000000000000000005 ee48 0050 8b30c2a2 ace5500d 5010 faf0 817c 0000",
	"echo v6":          "6007aaf3 0040 3a 40 fd000000000000000000000000000001 fd010000000000000000000000000005 80 00 da89 2cd3 1d03 9bd7aaf34c51e2fc 08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637",
	"udp v6":           "6001f5cc 0026 11 40 fd000000000000000000000000000001 fd010000000000000000000000000005 ee48 0035 0026 5493 9fe3 0100 0001 0000 0000 0000 0776657273696f6e0462696e6400 0010 0003",
	"empty udp v6":     "60029920 0008 11 40 fd000000000000000000000000000001 fd010000000000000000000000000005 ee48 270f 0008 f07d",
	"tftp v6":          "6005b7a8 0027 11 40 fd000000000000000000000000000001 fd010000000000000000000000000005 eeac 0045 0027 7b49 0001 736f6e64652d6566633535636330323861336131353600 6f6374657400",
	"window v6":        "600eb8c4 0014 06 40 fd000000000000000000000000000001 fd010000000000000000000000000005 ee48 0050 2d6eb8c4 552bab14 5010 faf0 e5cf 0000",
	"fin v6":           "600b2f2e 0014 06 40 fd000000000000000000000000000001 fd010000000000000000000000000005 ee48 0050 c32b2f2e 00000000 5001 faf0 d9f7 0000",
	"null v6":          "6004e20f 0014 06 40 fd000000000000000000000000000001 fd010000000000000000000000000005 ee48 0050 8f04e20f 00000000 5000 faf0 5b3e 0000",
	"xmas v6":          "60026f52 0014 06 40 fd000000000000000000000000000001 fd010000000000000000000000000005 ee48 0050 44e26f52 00000000 5029 faf0 17f5 0000",
	"maimon v6":        "600936ec 0014 06 40 fd000000000000000000000000000001 fd010000000000000000000000000005 ee48 0050 513936ec 5c9a2b63 5011 faf0 bc1e 0000",
	"guessable udp v6": "60040c77 0009 11 40 fd000000000000000000000000000001 fd010000000000000000000000000005 ee 48 059a 0009 0ef1 03",
	"neighbour v6":     "60000000 0020 3a ff fd000000000000000000000000000001 ff0200000000000000000001ff000005 87 00 7d90 00000000 fd010000000000000000000000000005 01 01 020000000001",
}

func TestAppendGolden(t *testing.T) {
	for _, q := range questions() {
		want, err := hex.DecodeString(strings.ReplaceAll(golden[q.name], " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		got := q.kind.Append([]byte("kept"), source(!q.p.Target.Is4()), q.p)
		if string(got[:4]) != "kept" || hex.EncodeToString(got[4:]) != hex.EncodeToString(want) {
			t.Errorf("%s:\n got %x\nwant %x", q.name, got[4:], want)
		}
	}
}

// TestAppendCraft asks with every field that a variant may shape.
func TestAppendCraft(t *testing.T) {
	opts, ts, err := wire.ParseOptions("linux", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range questions() {
		if q.kind.Traits().Link {
			continue
		}
		s := source(!q.p.Target.Is4())
		s.Ports = probe.Ports{First: 4025, N: 1, Fixed: true}
		s.Roaming = probe.Ports{}
		s.Craft = []probe.Craft{{}, {TTL: 7, TOS: 184, Window: 1000, TCPOptions: opts, Timestamp: ts}}
		plain := parse(t, q.kind.Append(nil, s, q.p), etherType(q.kind, q.p))
		if plain.IP.TTL != 64 || plain.IP.TOS != 0 || plain.TCP.OptLen != 0 {
			t.Errorf("%s: a zero craft gives %+v", q.name, plain.IP)
		}
		p := q.p
		p.Variant = 1
		crafted := parse(t, q.kind.Append(nil, s, p), etherType(q.kind, p))
		if crafted.IP.TTL != 7 || crafted.IP.TOS != 184 || crafted.IP.Src != s.Addr || crafted.IP.Dst != q.p.Target {
			t.Errorf("%s: %+v", q.name, crafted.IP)
		}
		if q.p.Target.Is4() && (!crafted.IP.DF || crafted.IP.ID == 0) {
			t.Errorf("%s: DF %v, ID %d", q.name, crafted.IP.DF, crafted.IP.ID)
		}
		if port := crafted.TCP.Src + crafted.UDP.Src; crafted.Layer != wire.LayerICMP && port != 4025 {
			t.Errorf("%s: source port %d", q.name, port)
		}
		if crafted.Layer == wire.LayerTCP && crafted.TCP.Window != 1000 {
			t.Errorf("%s: window %d", q.name, crafted.TCP.Window)
		}
		p.TTL = 3 // of the question, over that of the variant
		if ttl := parse(t, q.kind.Append(nil, s, p), etherType(q.kind, p)).IP.TTL; ttl != 3 {
			t.Errorf("%s: TTL %d, want 3", q.name, ttl)
		}
		if !q.kind.Traits().Options {
			continue
		}
		// All options as given; the timestamp's value is a base of the flow's own
		// plus the clock in milliseconds.
		before := crafted.TCP
		s.Clock += 250
		after := parse(t, q.kind.Append(nil, s, probe.Probe{Target: q.p.Target, Port: 80, Variant: 1, Try: 2}), etherType(q.kind, p)).TCP
		a, okA := wire.FindOption(before.Options(), 8)
		b, okB := wire.FindOption(after.Options(), 8)
		if !okA || !okB || value(b)-value(a) != 250 {
			t.Errorf("%s: timestamps %x and %x, want 250 apart", q.name, a, b)
		}
		if after.Seq != before.Seq {
			t.Errorf("%s: with one port, a further try is another SYN", q.name)
		}
		copy(before.Opt[ts:ts+4], opts[ts:ts+4])
		if string(before.Options()) != string(opts) {
			t.Errorf("%s: options %x, want %x", q.name, before.Options(), opts)
		}
	}
}

func value(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// TestAppendPayloads asks every port that has a protocol in its words.
func TestAppendPayloads(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		s := source(v6)
		udp := probe.UDP.(probe.PacketKind)
		for ask := range payload.All() {
			for _, port := range ask.Ports {
				p := probe.Probe{Target: theirs(v6), Port: port, Try: 2}
				pkt := parse(t, udp.Append(nil, s, p), etherType(udp, p))
				want := uint16(61001)
				if ask.NewPort {
					want = 61101
				}
				if pkt.UDP.Src != want || pkt.UDP.Dst != port || len(pkt.Payload) == 0 ||
					string(pkt.Payload) != string(probe.AppendPayload(nil, s, p)) {
					t.Errorf("%s: %+v %q", ask.Name, pkt.UDP, pkt.Payload)
				}
			}
		}
	}
}

// TestTriesAsk: with a block of ports every try comes from a port of its own,
// with a number of its own.
func TestTriesAsk(t *testing.T) {
	for _, q := range questions() {
		if q.kind == probe.Neighbour || q.kind.Class() == probe.ClassEcho {
			continue
		}
		s := source(!q.p.Target.Is4())
		ports, numbers := map[uint16]bool{}, map[uint32]bool{}
		for try := uint8(1); try <= 15; try++ {
			q.p.Try = try
			pkt := parse(t, q.kind.Append(nil, s, q.p), etherType(q.kind, q.p))
			ports[pkt.TCP.Src+pkt.UDP.Src] = true
			numbers[pkt.TCP.Seq] = true
		}
		if len(ports) != 15 || q.kind.Class() == probe.ClassTCP && len(numbers) != 15 {
			t.Errorf("%s: 15 tries from %d ports with %d numbers", q.name, len(ports), len(numbers))
		}
	}
}

func TestLinkFrames(t *testing.T) {
	link := probe.Neighbour.(probe.LinkKind)
	if typ, to := link.Frame(probe.Probe{Target: theirs4}); typ != wire.TypeARP || to != wire.Broadcast {
		t.Errorf("ARP goes as %#x to %v", typ, to)
	}
	group, mac := wire.SolicitedNode(theirs6)
	if typ, to := link.Frame(probe.Probe{Target: theirs6}); typ != wire.TypeIPv6 || to != mac {
		t.Errorf("ND goes as %#x to %v, want %v", typ, to, mac)
	}
	if got := parse(t, link.Append(nil, source(true), probe.Probe{Target: theirs6}), wire.TypeIPv6).IP.Dst; got != group {
		t.Errorf("ND goes to %v, want %v", got, group)
	}
	// Without an address of our own on the link: an ARP probe, RFC 5227 §2.1.1.
	s := source(false)
	s.Own = ours6
	if a := parse(t, link.Append(nil, s, probe.Probe{Target: theirs4}), wire.TypeARP).ARP; !a.SenderIP.IsUnspecified() {
		t.Errorf("ARP as %v", a.SenderIP)
	}
}
