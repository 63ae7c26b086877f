package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// reg is the register that every match loads what it compares into.
const reg = 1

// translator turns one Rule into nftables expressions: loads and comparisons,
// any of which that fails ends the rule, then the counter, then the verdict.
type translator struct {
	conn  *nftables.Conn
	table *nftables.Table
	sets  *uint32 // how many the batch of changes has, so that each has a number of its own
	exprs []expr.Any
}

func (t *translator) add(e ...expr.Any) { t.exprs = append(t.exprs, e...) }

// equal compares the register with bytes as they are on the wire.
func (t *translator) equal(b ...byte) {
	t.add(&expr.Cmp{Op: expr.CmpOpEq, Register: reg, Data: b})
}

func (t *translator) meta(key expr.MetaKey) { t.add(&expr.Meta{Key: key, Register: reg}) }

func (t *translator) load(base expr.PayloadBase, offset, bytes uint32) {
	t.add(&expr.Payload{DestRegister: reg, Base: base, Offset: offset, Len: bytes})
}

func (t *translator) rule(r Rule) error {
	if r.In != "" && r.Chain != Ingress {
		t.meta(expr.MetaKeyIIFNAME)
		t.equal(ifname(r.In)...)
	}
	if r.Out != "" && r.Chain != Egress {
		t.meta(expr.MetaKeyOIFNAME)
		t.equal(ifname(r.Out)...)
	}
	for _, match := range []func(Rule) error{t.proto, t.addrs, t.ttl, t.tos, t.longer, t.ports, t.icmpType, t.flags, t.options, t.state, t.hash, t.some} {
		if err := match(r); err != nil {
			return err
		}
	}
	switch r.Do.kind() {
	case icmp, tos:
		t.family(unix.ETH_P_IP)
	case icmpv6, class:
		t.family(unix.ETH_P_IPV6)
	}
	t.add(&expr.Counter{})
	return t.action(r.Do)
}

// family matches the network layer's protocol. Unlike meta nfproto, the
// EtherType is there in all chains.
func (t *translator) family(etherType uint16) {
	t.meta(expr.MetaKeyPROTOCOL)
	t.equal(binary.BigEndian.AppendUint16(nil, etherType)...)
}

func (t *translator) proto(r Rule) error {
	numbers := map[string]byte{
		"tcp": unix.IPPROTO_TCP, "udp": unix.IPPROTO_UDP,
		"icmp": unix.IPPROTO_ICMP, "icmpv6": unix.IPPROTO_ICMPV6,
	}
	switch number, ok := numbers[r.Proto]; {
	case ok:
		t.meta(expr.MetaKeyL4PROTO)
		t.equal(number)
	case r.Proto == "arp" && (r.Chain == Ingress || r.Chain == Egress):
		t.family(unix.ETH_P_ARP)
	case r.Proto != "":
		return fmt.Errorf("protocol %q in chain %s", r.Proto, r.Chain)
	}
	return nil
}

func (t *translator) addrs(r Rule) error {
	for _, side := range []struct {
		prefix          string
		offset, offset6 uint32 // RFC 791 §3.1, RFC 8200 §3
	}{{r.Src, 12, 8}, {r.Dst, 16, 24}} {
		if side.prefix == "" {
			continue
		}
		p, err := netip.ParsePrefix(side.prefix)
		if err != nil {
			a, err := netip.ParseAddr(side.prefix)
			if err != nil {
				return err
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		etherType, offset := uint16(unix.ETH_P_IP), side.offset
		if p.Addr().Is6() {
			etherType, offset = unix.ETH_P_IPV6, side.offset6
		}
		t.family(etherType)
		bytes := uint32(p.Addr().BitLen() / 8)
		t.load(expr.PayloadBaseNetworkHeader, offset, bytes)
		mask := make([]byte, bytes)
		for i := range p.Bits() {
			mask[i/8] |= 0x80 >> (i % 8)
		}
		t.add(&expr.Bitwise{SourceRegister: reg, DestRegister: reg, Len: bytes, Mask: mask, Xor: make([]byte, bytes)})
		t.equal(p.Masked().Addr().AsSlice()...)
	}
	return nil
}

// ttl matches the TTL of the family that the addresses are of.
func (t *translator) ttl(r Rule) error {
	if r.TTL == 0 {
		return nil
	}
	if r.Src == "" && r.Dst == "" {
		return errors.New("rule: TTL needs Src or Dst")
	}
	offset := uint32(8) // RFC 791 §3.1
	if strings.Contains(r.Src+r.Dst, ":") {
		offset = 7 // RFC 8200 §3
	}
	t.load(expr.PayloadBaseNetworkHeader, offset, 1)
	t.equal(r.TTL)
	return nil
}

// tos matches the TOS, or traffic class, of the family that the addresses are of.
func (t *translator) tos(r Rule) error {
	switch {
	case r.TOS == 0:
	case r.Src == "" && r.Dst == "":
		return errors.New("rule: TOS needs Src or Dst")
	case strings.Contains(r.Src+r.Dst, ":"): // RFC 8200 §3: behind the four bits of the version
		t.load(expr.PayloadBaseNetworkHeader, 0, 2)
		t.add(&expr.Bitwise{SourceRegister: reg, DestRegister: reg, Len: 2, Mask: []byte{0x0f, 0xf0}, Xor: []byte{0, 0}})
		t.equal(r.TOS>>4, r.TOS<<4)
	default: // RFC 791 §3.1
		t.load(expr.PayloadBaseNetworkHeader, 1, 1)
		t.equal(r.TOS)
	}
	return nil
}

func (t *translator) ports(r Rule) error {
	if (r.Sport != "" || r.Dport != "") && r.Proto != "tcp" && r.Proto != "udp" {
		return fmt.Errorf("ports need Proto tcp or udp, not %q", r.Proto)
	}
	for _, side := range []struct {
		list   string
		offset uint32
	}{{r.Sport, 0}, {r.Dport, 2}} {
		if side.list == "" {
			continue
		}
		t.load(expr.PayloadBaseTransportHeader, side.offset, 2)
		if err := t.oneOf(side.list, nftables.TypeInetService, 2); err != nil {
			return err
		}
	}
	return nil
}

func (t *translator) icmpType(r Rule) error {
	if r.ICMPType == "" {
		return nil
	}
	t.load(expr.PayloadBaseTransportHeader, 0, 1)
	switch r.Proto {
	case "icmp":
		return t.oneOf(r.ICMPType, nftables.TypeICMPType, 1)
	case "icmpv6":
		return t.oneOf(r.ICMPType, nftables.TypeICMP6Type, 1)
	}
	return fmt.Errorf("ICMPType needs Proto icmp or icmpv6, not %q", r.Proto)
}

// longer matches the length of the whole packet.
func (t *translator) longer(r Rule) error {
	if r.Longer > 0 {
		t.meta(expr.MetaKeyLEN)
		t.add(
			&expr.Byteorder{SourceRegister: reg, DestRegister: reg, Op: expr.ByteorderHton, Len: 4, Size: 4},
			&expr.Cmp{Op: expr.CmpOpGt, Register: reg, Data: binary.BigEndian.AppendUint32(nil, uint32(r.Longer))},
		)
	}
	return nil
}

// hash matches one of so many flows, as a bundle of links deals them out.
func (t *translator) hash(r Rule) error {
	if r.Hash > 0 {
		t.load(expr.PayloadBaseTransportHeader, 0, 4)
		t.add(&expr.Hash{SourceRegister: reg, DestRegister: reg, Length: 4, Modulus: uint32(r.Hash), Seed: 7, Type: expr.HashTypeJenkins})
		t.below(1)
	}
	return nil
}

// flags matches byte 13 of the TCP header (RFC 9293 §3.1).
func (t *translator) flags(r Rule) error {
	if r.Flags != "" && r.Proto != "tcp" {
		return fmt.Errorf("rule: Flags need Proto tcp, not %q", r.Proto)
	}
	if r.Flags != "" {
		set, of, ok := strings.Cut(r.Flags, "/")
		if !ok {
			of = "FSRPAU"
		}
		value, err := flagBits(set)
		if err != nil {
			return err
		}
		mask, err := flagBits(of)
		if err != nil {
			return err
		}
		t.load(expr.PayloadBaseTransportHeader, 13, 1)
		t.add(&expr.Bitwise{SourceRegister: reg, DestRegister: reg, Len: 1, Mask: []byte{mask}, Xor: []byte{0}})
		t.equal(value)
	}
	return nil
}

// options matches TCP options.
func (t *translator) options(r Rule) error {
	if r.Options != (TCPOptions{}) && r.Proto != "tcp" {
		return fmt.Errorf("rule: options need Proto tcp, not %q", r.Proto)
	}
	there := func(kind, is byte) {
		t.add(&expr.Exthdr{DestRegister: reg, Type: kind, Len: 1, Op: expr.ExthdrOpTcpopt, Flags: unix.NFT_EXTHDR_F_PRESENT})
		t.equal(is)
	}
	if r.Options.Has != 0 {
		there(r.Options.Has, 1)
	}
	if r.Options.Lacks != 0 {
		there(r.Options.Lacks, 0)
	}
	if r.Options.First != 0 {
		t.load(expr.PayloadBaseTransportHeader, 20, 1)
		t.equal(r.Options.First)
	}
	if r.Options.Shift != 0 { // the third byte of the option (RFC 7323 §2.2)
		t.add(&expr.Exthdr{DestRegister: reg, Type: 3, Offset: 2, Len: 1, Op: expr.ExthdrOpTcpopt})
		t.equal(r.Options.Shift)
	}
	return nil
}

func flagBits(letters string) (bits byte, err error) {
	if letters == "0" {
		return 0, nil
	}
	for _, c := range letters {
		i := strings.IndexRune("FSRPAUEC", c)
		if i < 0 {
			return 0, fmt.Errorf("%q in %q is no TCP flag", c, letters)
		}
		bits |= 1 << i
	}
	return bits, nil
}

func (t *translator) state(r Rule) error {
	if r.State == "" {
		return nil
	}
	var mask uint32
	for _, s := range strings.Split(r.State, ",") {
		switch s {
		case "invalid":
			mask |= expr.CtStateBitINVALID
		case "established":
			mask |= expr.CtStateBitESTABLISHED
		case "related":
			mask |= expr.CtStateBitRELATED
		case "new":
			mask |= expr.CtStateBitNEW
		case "untracked":
			mask |= expr.CtStateBitUNTRACKED
		default:
			return fmt.Errorf("%q is no state of a connection", s)
		}
	}
	t.add(
		&expr.Ct{Key: expr.CtKeySTATE, Register: reg},
		&expr.Bitwise{
			SourceRegister: reg, DestRegister: reg, Len: 4,
			Mask: binaryutil.NativeEndian.PutUint32(mask), Xor: make([]byte, 4),
		},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: reg, Data: make([]byte, 4)},
	)
	return nil
}

// ifname is a name as the kernel compares it: padded with zeros.
func ifname(s string) []byte {
	b := make([]byte, unix.IFNAMSIZ)
	copy(b, s)
	return b
}
