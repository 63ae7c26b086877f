package wire

import (
	"encoding/hex"
	"testing"
)

// TestAppendForeign: addresses of the wrong family, or none, are no panic.
func TestAppendForeign(t *testing.T) {
	for _, ip := range []IP{{}, {Dst: b4}, {Src: a6, Dst: b4}, {Src: a4, Dst: b6}} {
		AppendTCP(nil, &ip, &TCP{}, nil)
		AppendUDP(nil, &ip, &UDP{}, nil)
		AppendICMP(nil, &ip, &ICMP{}, nil)
		AppendND(nil, &ip, &ND{}, true)
	}
	AppendARP(nil, &ARP{})
	AppendARP(nil, &ARP{SenderIP: a6})
}

// TestAppendOverflow: a value that is too large for its field stays within it.
func TestAppendOverflow(t *testing.T) {
	b := AppendIP(nil, &IP{Src: a6, Dst: b6, TOS: 0xb8, Flow: 0xfff12345}, 0)
	if got := hex.EncodeToString(b[:4]); got != "6b812345" {
		t.Errorf("flow label: %s", got)
	}
	m := ICMP{Msg: PacketTooBig, Info: 0x12345}
	m.SetType(false)
	b = AppendICMP(nil, &IP{Src: a4, Dst: b4}, &m, nil)
	if got := hex.EncodeToString(b[24:28]); got != "00002345" {
		t.Errorf("MTU: %s", got)
	}
}

// TestAppendFrame puts a frame together: everything appends, nothing starts
// anew.
func TestAppendFrame(t *testing.T) {
	b := AppendEthernet(nil, Broadcast, MAC{2, 0, 0, 0, 0, 1}, TypeARP)
	b = AppendARP(b, &ARP{Op: 1, SenderMAC: MAC{2, 0, 0, 0, 0, 1}, SenderIP: a4, TargetIP: b4})
	const want = "ffffffffffff0200000000010806" + "0001080006040001" + "0200000000010a000001" + "0000000000000a000002"
	if got := hex.EncodeToString(b); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	b = AppendEthernet(b[:0], MAC{1}, MAC{2}, TypeIPv6)
	b = AppendTCP(b, &IP{Src: a6, Dst: b6}, &TCP{Src: 1, Dst: 2}, []byte("x"))
	wantValid(t, b[14:])
	if p := parsed(t, b[14:]); p.TCP.Dst != 2 || string(p.Payload) != "x" {
		t.Errorf("%+v", p)
	}
}
