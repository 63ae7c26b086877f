package lab

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// some lets only a part of the packets that matched so far go on.
func (t *translator) some(r Rule) error {
	if r.Share < 0 || r.Share > 1 {
		return fmt.Errorf("rule: Share %v is not between 0 and 1", r.Share)
	}
	if r.Share > 0 {
		t.generate(unix.NFT_NG_RANDOM, 10_000)
		t.below(uint32(math.Round(r.Share * 10_000)))
	}
	if r.Every > 0 {
		t.generate(unix.NFT_NG_INCREMENTAL, uint32(r.Every))
		t.below(1)
	}
	if r.First > 0 {
		t.generate(unix.NFT_NG_INCREMENTAL, math.MaxUint32)
		t.below(uint32(r.First))
	}
	if r.Rate > 0 {
		burst := r.Burst
		if burst == 0 {
			burst = 5
		}
		t.add(&expr.Limit{Type: expr.LimitTypePkts, Rate: uint64(r.Rate), Unit: expr.LimitTimeSecond, Burst: uint32(burst)})
	}
	return nil
}

func (t *translator) generate(kind, modulus uint32) {
	t.add(&expr.Numgen{Register: reg, Type: kind, Modulus: modulus})
}

// below compares a number in the machine's own byte order: comparisons are of
// bytes, so it is turned first.
func (t *translator) below(n uint32) {
	t.add(
		&expr.Byteorder{SourceRegister: reg, DestRegister: reg, Op: expr.ByteorderHton, Len: 4, Size: 4},
		&expr.Cmp{Op: expr.CmpOpLt, Register: reg, Data: binary.BigEndian.AppendUint32(nil, n)},
	)
}

func (t *translator) action(a Action) error {
	switch a.kind() {
	case Count:
	case Accept:
		t.add(&expr.Verdict{Kind: expr.VerdictAccept})
	case Drop:
		t.add(&expr.Verdict{Kind: expr.VerdictDrop})
	case Reset:
		t.add(&expr.Reject{Type: unix.NFT_REJECT_TCP_RST})
	case NoTrack:
		t.add(&expr.Notrack{})
	case SynProxy:
		t.add(&expr.SynProxy{
			Mss: 1460, MssValueSet: true, Wscale: 7, WscaleValueSet: true,
			Timestamp: true, SackPerm: true,
		})
	case icmp, icmpv6:
		t.add(&expr.Reject{Type: unix.NFT_REJECT_ICMP_UNREACH, Code: a.code()})
	case icmpx:
		t.add(&expr.Reject{Type: unix.NFT_REJECT_ICMPX_UNREACH, Code: a.code()})
	case tos:
		// The checksum of the IPv4 header is at offset 10 (RFC 791 §3.1); the
		// kernel updates it for words of two bytes, so version and header
		// length are written back with the TOS byte.
		t.load(expr.PayloadBaseNetworkHeader, 0, 2)
		t.add(
			&expr.Bitwise{SourceRegister: reg, DestRegister: reg, Len: 2, Mask: []byte{0xff, 0}, Xor: []byte{0, a.code()}},
			&expr.Payload{
				OperationType: expr.PayloadWrite, SourceRegister: reg,
				Base: expr.PayloadBaseNetworkHeader, Offset: 0, Len: 2,
				CsumType: expr.CsumTypeInet, CsumOffset: 10,
			},
		)
	case class:
		// The traffic class stands between the version and the flow label (RFC
		// 8200 §3). The header has no checksum, and none of another layer
		// covers it.
		t.load(expr.PayloadBaseNetworkHeader, 0, 2)
		t.add(
			&expr.Bitwise{SourceRegister: reg, DestRegister: reg, Len: 2, Mask: []byte{0xf0, 0x0f}, Xor: []byte{a.code() >> 4, a.code() << 4}},
			&expr.Payload{OperationType: expr.PayloadWrite, SourceRegister: reg, Base: expr.PayloadBaseNetworkHeader, Offset: 0, Len: 2},
		)
	default:
		return fmt.Errorf("unknown action %#x", uint16(a))
	}
	return nil
}
