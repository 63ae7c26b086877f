package compare

import (
	"math"
	"net/netip"
	"slices"

	"sonde/probe/wire"
)

// field is one of those by which it is told whether two packets are the same.
type field uint8

const (
	fieldClient field = iota // addresses and ports, by who asked
	fieldClientPort
	fieldServer
	fieldServerPort
	fieldID
	fieldLabel
	fieldSeq
	fieldTime // TCP timestamps
	fieldText // payload
	fieldICMP // identifier and sequence number
	fieldWindow
	fieldOptions // which there are
	fields
)

// values are the fields of p as numbers; 0 stands for one that p has not.
func (p *packet) values() (v [fields]uint64) {
	client, server := p.ends()
	v[fieldClient], v[fieldServer] = hashAddr(1, client.Addr()), hashAddr(1, server.Addr())
	v[fieldClientPort], v[fieldServerPort] = uint64(client.Port())+1, uint64(server.Port())+1
	v[fieldID], v[fieldLabel] = uint64(p.id), uint64(p.label)
	if p.kind == echo || p.kind == reply {
		v[fieldICMP] = uint64(p.seq) + 1
	} else if p.proto == wire.ProtoTCP {
		v[fieldSeq], v[fieldWindow] = uint64(p.seq)+1, uint64(p.window)+1
		v[fieldOptions] = uint64(p.options.order)<<8 | uint64(p.options.wscale)
	}
	if p.options.has&hasTime != 0 {
		v[fieldTime] = mix(uint64(p.options.val), uint64(p.options.echo)) | 1
	}
	if p.size > 0 {
		v[fieldText] = mix(p.sum, uint64(p.size)) | 1
	}
	return v
}

// knowledge is how much it says that a field of two packets is the same, or is not, in
// bits: the logarithms of likelihood ratios (I. P. Fellegi, A. B. Sunter, JASA 64, 1969).
type knowledge struct {
	same, differ [kinds][fields]float64
	useful       [kinds][prints]bool // prints by which packets of that kind are found
}

// survival counts how often a field was the same in two packets.
type survival struct{ same, total float64 }

// usual is what is believed of a field before a pair was seen: how often it survives
// the way, and how often two packets that are not the same have it in common.
var usual = [fields]struct{ survives, common float64 }{
	fieldClient: {0.5, 0.5}, fieldClientPort: {0.6, 0.01}, fieldServer: {0.8, 0.5}, fieldServerPort: {0.9, 0.3},
	fieldID: {0.9, 0.001}, fieldLabel: {0.9, 0.01}, fieldSeq: {0.8, 0.0001}, fieldTime: {0.9, 0.001},
	fieldText: {0.98, 0.1}, fieldICMP: {0.9, 0.05}, fieldWindow: {0.9, 0.5}, fieldOptions: {0.7, 0.5},
}

// rarest is how rarely a field is believed to be the same by chance, whatever a sample
// says: by its size, and since few of them are drawn evenly.
func rarest(f field) float64 {
	switch f {
	case fieldSeq, fieldTime, fieldText:
		return 1.0 / (1 << 22)
	case fieldLabel:
		return 1.0 / (1 << 17)
	}
	return 1.0 / (1 << 14)
}

// learn makes knowledge of what was counted: survived of pairs, by field, and shared,
// how often two packets of one file have a field in common.
func learn(survived, shared *[kinds][fields]survival, found *[kinds][prints]int) *knowledge {
	k := new(knowledge)
	for kind := range kinds {
		for f := range fields {
			const doubt = 2 // pairs that the usual counts for
			s, c := survived[kind][f], shared[kind][f]
			p := (s.same + doubt*usual[f].survives) / (s.total + doubt)
			q := (c.same + doubt*usual[f].common) / (c.total + doubt)
			q = min(max(q, rarest(f)), 0.98)
			p = min(max(p, q), 0.998) // less often than by chance says nothing
			k.same[kind][f] = math.Log2(p / q)
			// That it is not the same speaks against them only as far as pairs have shown
			// that it survives: with none, nothing is known of what stands on the way.
			shown := max(s.same/(s.total+1), float64(mostFound(f, &found[kind]))/float64(slices.Max(found[kind][:])+1))
			shown = min(max(shown, q), 0.998)
			k.differ[kind][f] = math.Log2((1 - shown) / (1 - q))
		}
		k.choose(kind, &found[kind])
	}
	return k
}

// mostFound is how many pairs were found by the print of a field that found the most. Of
// those that were found at all, so many at least have the field as it was.
func mostFound(f field, found *[prints]int) (most int) {
	for print, fields := range covers {
		if slices.Contains(fields, f) {
			most = max(most, found[print])
		}
	}
	return most
}

// choose says by which prints packets of a kind are found: the three that found most.
// Where none did, all are tried.
func (k *knowledge) choose(kind kind, found *[prints]int) {
	for range 3 {
		best := -1
		for i, n := range found {
			if n > 0 && !k.useful[kind][i] && (best < 0 || n > found[best]) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		k.useful[kind][best] = true
	}
	if k.useful[kind] == ([prints]bool{}) {
		for i := range prints {
			k.useful[kind][i] = true
		}
	}
}

// alike is how much speaks for it that n and f, of the same kind, are the same packet,
// in bits, by everything but their times.
func (k *knowledge) alike(n, f *packet) float64 { return k.alikeBut(n, f, nil) }

// alikeBut is alike without some fields.
func (k *knowledge) alikeBut(n, f *packet, but []field) float64 {
	sum := 0.0
	a, b := n.values(), f.values()
	for i := range fields {
		switch {
		case a[i] == 0 && b[i] == 0 || slices.Contains(but, i):
		case i == fieldText && n.size == f.size && (n.sum == 0) != (f.sum == 0):
			// One of them was cut before its payload.
		case a[i] == b[i]:
			sum += k.same[n.kind][i]
		default:
			sum += k.differ[n.kind][i]
		}
	}
	return sum
}

// tail is the end of an address, which translation of whole networks leaves alone
// (RFC 6296 §3: of the interface identifier all but 16 bits at most).
func tail(a netip.Addr) uint64 {
	b := a.As16()
	if a.Is4() {
		return uint64(b[15])
	}
	return uint64(b[12])<<24 | uint64(b[13])<<16 | uint64(b[14])<<8 | uint64(b[15])
}
