package wire

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"testing"
)

// datagram is a packet with a payload of so many bytes behind its IP header.
func datagram(v6 bool, size int, options string) []byte {
	ip := IP{Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), TTL: 64, ID: 0x1234}
	if v6 {
		ip.Src, ip.Dst = netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")
	}
	data := make([]byte, size-udpHeader)
	for i := range data {
		data[i] = byte(i)
	}
	b := AppendUDP([]byte("kept"), &ip, &UDP{Src: 1, Dst: 2}, data)
	if opts, err := ParseIPOptions(options); err == nil && !v6 {
		b = InsertIPOptions(b, 4, opts)
	}
	return b[4:]
}

// TestFragmentsAreAll: the fragments of a packet, put together by their offsets, are its
// payload, and each has the header of the whole.
func TestFragmentsAreAll(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		for _, options := range []string{"", "94040000", "8301020701020304"} {
			for size := 8; size < 200; size += 7 {
				for part := 8; part <= 64; part += 8 {
					whole := datagram(v6, size, options)
					if got := PayloadSize(whole); got != size {
						t.Fatalf("a payload of %d is %d", size, got)
					}
					together := make([]byte, size)
					for at := 0; at < size; at += part {
						b := AppendFragment([]byte("kept"), whole, at, part, 0x01020304)[4:]
						var f Fragment
						ok := f.Parse(b, typeOf(b))
						if size <= part {
							if !v6 && (ok || !bytes.Equal(b, whole)) {
								t.Fatalf("one fragment of all is %+v, %v", f, ok)
							}
							f = Fragment{Data: b[len(b)-size:]}
						} else if !ok || f.Offset != at || f.More != (at+part < size) || len(f.Data) > part || f.IP.TTL != 64 || f.IP.Proto != ProtoUDP {
							t.Fatalf("%d of %d from %d on: %+v, %v", part, size, at, f, ok)
						}
						if id := uint32(0x1234); ok && f.ID != id && !v6 || ok && v6 && f.ID != 0x01020304 {
							t.Fatalf("the ID is %x", f.ID)
						}
						if !v6 && Checksum(b[:4*(b[0]&15)]) != 0 {
							t.Fatalf("the checksum of the header is wrong: %x", b)
						}
						copy(together[at:], f.Data)
					}
					if !bytes.Equal(together, whole[len(whole)-size:]) {
						t.Fatalf("%d in parts of %d: %x, want %x", size, part, together, whole)
					}
				}
			}
		}
	}
}

// TestFragmentOptions: later fragments have those options of IPv4 that say so, and no others
// (RFC 791 §3.1).
func TestFragmentOptions(t *testing.T) {
	for options, later := range map[string]string{
		"94040000": "94040000", "44040500": "", "0101940400000000": "94040000", "440405009404000001": "94040000", "8303048303ff": "8303048303ff0000", "94": "",
	} {
		b := AppendFragment(nil, datagram(false, 64, options), 16, 16, 0)
		if got := hex.EncodeToString(b[20 : 4*(b[0]&15)]); got != later {
			t.Errorf("of the options %s a later fragment has %s, want %s", options, got, later)
		}
		first := AppendFragment(nil, datagram(false, 64, options), 0, 16, 0)
		if got := hex.EncodeToString(first[20 : 4*(first[0]&15)]); got[:len(options)] != options {
			t.Errorf("of the options %s the first fragment has %s", options, got)
		}
	}
}

// TestSpoilChecksum: a spoiled checksum is never right, nor none, whatever it was; and by as
// much as it is wrong it stays behind a NAT.
func TestSpoilChecksum(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		for i := range 1 << 16 {
			b := datagram(v6, 12, "")
			at := ChecksumOffset(b)
			b[len(b)-2], b[len(b)-1], b[at], b[at+1] = byte(i>>8), byte(i), 0, 0
			var ip IP
			header, _, _ := ip.parse(b, v6)
			sum := SegmentChecksum(ip.Src, ip.Dst, ProtoUDP, b[header:])
			b[at], b[at+1] = byte(sum>>8), byte(sum)
			SpoilChecksum(b)
			if rest := SegmentChecksum(ip.Src, ip.Dst, ProtoUDP, b[header:]); rest == 0 || rest == 0xffff || b[at]|b[at+1] == 0 {
				t.Fatalf("%04x spoiled is %x, and right", sum, b[at:at+2])
			}
		}
	}
	arp := make([]byte, 28)
	if SpoilChecksum(arp); !bytes.Equal(arp, make([]byte, 28)) {
		t.Error("what has no checksum is changed")
	}
}
