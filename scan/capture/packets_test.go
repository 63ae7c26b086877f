package capture

import (
	"net/netip"
	"time"

	"sonde/probe/wire"
)

var (
	us, them   = netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	us6, them6 = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	ourMAC     = wire.MAC{2, 0, 0, 0, 0, 1}
	theirMAC   = wire.MAC{2, 0, 0, 0, 0, 2}
)

// traced is one packet with its line and what tshark calls its protocol.
type traced struct {
	dir     Direction
	at      time.Duration
	typ     uint16
	mac     wire.MAC // the other end's; zero: the kernel made the frame
	b       []byte
	comment string
	line    string
	proto   string
}

// ends are the addresses of x's frame.
func (x *traced) ends() (from, to wire.MAC) {
	switch {
	case x.mac == wire.MAC{}:
		return
	case x.dir == Sent:
		return ourMAC, x.mac
	}
	return x.mac, ourMAC
}

// write writes x to w.
func (x *traced) write(w *Writer) {
	from, to := x.ends()
	w.Packet(x.dir, x.at, x.typ, from, to, x.b, []byte(x.comment))
}

func packets() []traced {
	options := []byte{2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7}
	tcp := wire.TCP{Src: 61003, Dst: 80, Seq: 12345, Flags: wire.SYN, Window: 64240}
	tcp.OptLen = uint8(copy(tcp.Opt[:], options))
	out := wire.IP{Src: us, Dst: them, TTL: 64, TOS: 0xb8, DF: true}
	syn := wire.AppendTCP(nil, &out, &tcp, nil)
	back := wire.IP{Src: them, Dst: us, TTL: 63}
	out6, back6 := wire.IP{Src: us6, Dst: them6, TTL: 64}, wire.IP{Src: them6, Dst: us6, TTL: 255}
	reset := wire.TCP{Src: 80, Dst: 61003, Ack: 12346, Flags: wire.RST | wire.ACK}
	udp := wire.AppendUDP(nil, &out6, &wire.UDP{Src: 40000, Dst: 53}, []byte("abcde"))
	return []traced{
		{Sent, 0, wire.TypeARP, wire.Broadcast, wire.AppendARP(nil, &wire.ARP{Op: 1, SenderMAC: ourMAC, SenderIP: us, TargetIP: them}),
			"who is 10.0.0.2", "SENT 0.0000 arp who has 10.0.0.2? tell 10.0.0.1 at 02:00:00:00:00:01", "arp"},
		{Received, 100 * time.Microsecond, wire.TypeARP, theirMAC,
			wire.AppendARP(nil, &wire.ARP{Op: 2, SenderMAC: theirMAC, SenderIP: them, TargetMAC: ourMAC, TargetIP: us}),
			"", "RCVD 0.0001 arp 10.0.0.2 is at 02:00:00:00:00:02", "arp"},
		{Sent, 2100 * time.Microsecond, wire.TypeIPv4, wire.MAC{}, syn, "tcp 80, try 1",
			"SENT 0.0021 10.0.0.1:61003 > 10.0.0.2:80 tcp S seq 12345 win 64240 ttl 64 tos 0xb8 df len 60 <mss=1460,sackok,ts=9:0,nop,wscale=7>", "tcp"},
		{Received, 1002100001 * time.Nanosecond, wire.TypeIPv4, wire.MAC{}, wire.AppendTCP(nil, &back, &reset, nil), "tcp 80: closed",
			"RCVD 1.0021 10.0.0.2:80 > 10.0.0.1:61003 tcp RA seq 0 ack 12346 win 0 ttl 63 len 40", "tcp"},
		{Received, time.Second, wire.TypeIPv4, theirMAC,
			wire.AppendICMP(nil, &back, &wire.ICMP{Type: 3, Code: 13}, syn[:28]), "odd",
			"RCVD 1.0000 10.0.0.2 > 10.0.0.1 icmp admin-prohibited 3/13 ttl 63 len 56 quoting 10.0.0.1:61003 > 10.0.0.2:80 tcp seq 12345 ttl 64 tos 0xb8 df len 60 quoted 28", "icmp"},
		{Sent, time.Second, wire.TypeIPv4, theirMAC, wire.AppendICMP(nil, &out, &wire.ICMP{Type: 8, ID: 77, Seq: 3}, []byte("ping")), "echo",
			"SENT 1.0000 10.0.0.1 > 10.0.0.2 icmp echo-request 8/0 id 77 seq 3 ttl 64 tos 0xb8 df len 32", "icmp"},
		{Sent, time.Second, wire.TypeIPv6, theirMAC, udp, "udp 53",
			"SENT 1.0000 [2001:db8::1]:40000 > [2001:db8::2]:53 udp ttl 64 len 53 data 5", "udp"},
		{Received, time.Second, wire.TypeIPv6, theirMAC, wire.AppendICMP(nil, &back6, &wire.ICMP{Type: 2, Info: 1280}, udp), "",
			"RCVD 1.0000 2001:db8::2 > 2001:db8::1 icmp packet-too-big 2/0 mtu 1280 ttl 255 len 101 quoting [2001:db8::1]:40000 > [2001:db8::2]:53 udp ttl 64 len 53 quoted 53", "icmpv6"},
		{Received, time.Second, wire.TypeIPv6, theirMAC,
			wire.AppendND(nil, &back6, &wire.ND{Target: them6, MAC: theirMAC, HasMAC: true, Solicited: true}, false), "",
			"RCVD 1.0000 2001:db8::2 > 2001:db8::1 icmp neighbour-advertisement 136/0 target 2001:db8::2 mac 02:00:00:00:00:02 ttl 255 len 72", "icmpv6"},
		{Received, time.Second, wire.TypeIPv4, theirMAC, []byte{0x45, 0x1b, 0, 20},
			"", "RCVD 1.0000 not understood: type 0x800 len 4 451b0014", ""},
	}
}
