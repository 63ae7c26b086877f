package wire

import (
	"slices"
	"testing"
)

// TestExcerpt: of a packet of any length as much is there as was quoted, and of the whole
// one what Parse reads.
func TestExcerpt(t *testing.T) {
	g := newGenerator(11)
	for range 2000 {
		b := g.packet()
		if typeOf(b) == TypeARP {
			continue
		}
		var whole Packet
		var x Excerpt
		if !whole.Parse(b, typeOf(b)) {
			continue
		}
		if !x.Parse(b) || x.Layer != whole.Layer || x.IP != whole.IP || x.TCP != whole.TCP || x.UDP.Src != whole.UDP.Src || x.UDP.Sum != whole.UDP.Sum || !x.Whole() {
			t.Fatalf("%x: %+v, want %+v", b, x.Packet, whole)
		}
		for n := range len(b) {
			var part Excerpt
			if !part.Parse(b[:n:n]) {
				if n >= len(x.Header) {
					t.Fatalf("the first %d bytes of %x are not understood", n, b)
				}
				continue
			}
			if part.IP != x.IP || len(part.Header)+len(part.Behind) != n || !slices.Equal(part.IPOptions(), x.IPOptions()) {
				t.Fatalf("the first %d bytes of %x: %+v", n, b, part)
			}
			if part.Layer == LayerTCP && (n-len(x.Header) >= 4 && part.TCP.Dst != x.TCP.Dst || n-len(x.Header) >= 8 && part.TCP.Seq != x.TCP.Seq) {
				t.Fatalf("the first %d bytes of %x: %+v", n, b, part.TCP)
			}
			if sum, ok := part.ExpectedSum(&x); ok {
				if seen, _ := part.Sum(); sum != seen && sum^seen != 0xffff {
					t.Fatalf("the first %d bytes of %x: %04x is expected, and there is %04x", n, b, sum, seen)
				}
			}
		}
	}
}
