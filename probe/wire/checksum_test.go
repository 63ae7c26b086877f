package wire

import (
	"encoding/binary"
	"testing"
)

// slowSum is RFC 1071 §1 word for word, one 16-bit number after the other.
func slowSum(b []byte) uint16 {
	var total uint32
	for i := 0; i < len(b); i += 2 {
		word := uint32(b[i]) << 8
		if i+1 < len(b) {
			word |= uint32(b[i+1])
		}
		if total += word; total > 0xffff {
			total -= 0xffff
		}
	}
	return ^uint16(total)
}

func TestChecksum(t *testing.T) {
	// The example of RFC 1071 §3: the sum is ddf2.
	if got := Checksum(unhex(t, "0001 f203 f4f5 f6f7")); got != ^uint16(0xddf2) {
		t.Errorf("%04x", got)
	}
	g := newGenerator(6)
	for i := range 2000 {
		b := g.bytes(i % 200)
		if got, want := Checksum(b), slowSum(b); got != want {
			t.Fatalf("%x: %04x, want %04x", b, got, want)
		}
	}
	ones := make([]byte, 65535)
	for i := range ones {
		ones[i] = 0xff
	}
	if got, want := Checksum(ones), slowSum(ones); got != want {
		t.Errorf("64 kB of ff: %04x, want %04x", got, want)
	}
}

// TestUDPChecksumZero builds datagrams whose checksum comes out as 0.
func TestUDPChecksumZero(t *testing.T) {
	for _, ip := range []IP{{Src: a4, Dst: b4}, {Src: a6, Dst: b6}} {
		u := UDP{Src: 1, Dst: 2}
		b := AppendUDP(nil, &ip, &u, []byte{0, 0})
		// What the checksum was is what the payload has to add to bring it to 0.
		var payload [2]byte
		binary.BigEndian.PutUint16(payload[:], SentChecksum(b))
		b = AppendUDP(nil, &ip, &u, payload[:])
		if got := SentChecksum(b); got != 0xffff {
			t.Errorf("to %v: checksum %04x, want ffff", ip.Dst, got)
		}
		wantValid(t, b)
	}
}

func TestChecksumOffset(t *testing.T) {
	extended := withExtension(unhex(t, ackV6), extDestination, 0, make([]byte, 6))
	for _, test := range []struct {
		name   string
		packet []byte
		want   int
	}{
		{"TCP", unhex(t, synV4), 36},
		{"TCP v6", unhex(t, ackV6), 56},
		{"TCP v6 behind an extension header", extended, 64},
		{"UDP", unhex(t, udpV4), 26},
		{"ICMP", unhex(t, echoV4), 22},
		{"ICMP, cut", unhex(t, echoV4)[:23], 0},
		{"nothing", nil, 0},
		{"unknown protocol", AppendIP(nil, &IP{Src: a4, Dst: b4, Proto: 47}, 0), 0},
	} {
		if got := ChecksumOffset(test.packet); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
	if got := SentChecksum(unhex(t, udpV4)); got != 0xabcd {
		t.Errorf("SentChecksum: %04x", got)
	}
}
