package field

import (
	"bytes"
	"encoding/hex"
	"math/bits"
	"slices"
	"strings"

	"sonde/probe/wire"
)

// Reading is what became of one field of a packet of ours where somebody shows the packet.
type Reading struct {
	Name       string // as in the table
	Sent, Seen string // "": there is no such thing in the packet, as no MSS among its options
	Hidden     bool   // too little is shown to tell; Seen is empty
}

// Changed tells whether the field is not as it was sent.
func (r *Reading) Changed() bool { return !r.Hidden && r.Sent != r.Seen }

// Compare appends what became of each field of sent, all of a packet, where seen shows it:
// one reading for each field that sent has, in the order of the table, and one for each that
// only seen has. sent has the TTL that it should have come with. What follows from the change
// of another field, such as the checksum that a router corrects, is no change; nor is what
// known systems write in another order of bytes into what they quote.
func Compare(list []Reading, sent, seen *wire.Excerpt) []Reading {
	for i := range table {
		f := &table[i]
		switch {
		case f.other:
			continue
		case f.compare != nil:
			if r, ok := f.compare(sent, seen); ok {
				r.Name = f.Name
				list = append(list, r)
			}
			continue
		}
		was, had := f.of(sent)
		if !had {
			continue
		}
		r := Reading{Name: f.Name, Sent: was}
		if len(seen.Behind) < int(f.ends) {
			r.Hidden = true
		} else {
			r.Seen, _ = f.of(seen)
		}
		list = append(list, r)
	}
	return list
}

// of reads the field from a packet as far as that is there.
func (f *Field) of(x *wire.Excerpt) (string, bool) {
	if f.Read == nil || !f.Family(!x.IP.Src.Is4()) || f.In&transports&layerOf(x) == 0 {
		return "", false
	}
	return f.Read(&x.Packet)
}

func layerOf(x *wire.Excerpt) Layers {
	switch x.Layer {
	case wire.LayerTCP:
		return TCP
	case wire.LayerUDP:
		return UDP
	case wire.LayerICMP:
		return ICMP
	}
	return 0
}

// compareECN has the names of the codepoints (RFC 3168 §5).
func compareECN(sent, seen *wire.Excerpt) (Reading, bool) {
	return Reading{Sent: wire.ECNName(sent.IP.TOS), Seen: wire.ECNName(seen.IP.TOS)}, true
}

// compareID: stacks that keep it in their own order of bytes quote it in that.
func compareID(sent, seen *wire.Excerpt) (Reading, bool) {
	is := seen.IP.ID
	if is == bits.ReverseBytes16(sent.IP.ID) {
		is = sent.IP.ID
	}
	return Reading{Sent: decimal(sent.IP.ID), Seen: decimal(is)}, sent.IP.Src.Is4()
}

// compareLength: stacks from BSD quote it in their own order of bytes, without the header,
// or both. Of a fragment it is another one, whoever made it.
func compareLength(sent, seen *wire.Excerpt) (Reading, bool) {
	was, is := sent.IP.Len, seen.IP.Len
	header := uint16(len(seen.Header))
	for _, n := range [...]uint16{is, is + header} {
		if n == was || bits.ReverseBytes16(n) == was || bits.ReverseBytes16(is)+header == was {
			is = was
		}
	}
	if !sent.IP.Src.Is4() { // the length of the payload stands in the header
		was, is = was-40, is-40
	}
	if seen.Fragment {
		return Reading{Sent: decimal(was), Hidden: true}, true
	}
	return Reading{Sent: decimal(was), Seen: decimal(is)}, true
}

func compareSource(sent, seen *wire.Excerpt) (Reading, bool) {
	return Reading{Sent: sent.IP.Src.String(), Seen: seen.IP.Src.String()}, true
}

func compareTarget(sent, seen *wire.Excerpt) (Reading, bool) {
	return Reading{Sent: sent.IP.Dst.String(), Seen: seen.IP.Dst.String()}, true
}

func compareIPOptions(sent, seen *wire.Excerpt) (Reading, bool) {
	was, is := hex.EncodeToString(sent.IPOptions()), hex.EncodeToString(seen.IPOptions())
	return Reading{Sent: was, Seen: is}, was != "" || is != ""
}

func compareExtensions(sent, seen *wire.Excerpt) (Reading, bool) {
	was, is := extensionNames(sent), extensionNames(seen)
	return Reading{Sent: was, Seen: is}, was != "" || is != ""
}

// extensionNames are the extension headers of IPv6, but for that of fragments, which may be
// made of a packet anywhere on the way to the first link.
func extensionNames(x *wire.Excerpt) string {
	names := map[uint8]string{0: "hop-by-hop", 43: "routing", 51: "ah", 60: "destination"}
	var list []string
	x.Extensions(func(number uint8) {
		if name := names[number]; name != "" {
			list = append(list, name)
		}
	})
	return strings.Join(list, ",")
}

// compareSum: a checksum that follows from what else is seen to have changed is no change.
// Some systems quote none.
func compareSum(sent, seen *wire.Excerpt) (Reading, bool) {
	was, ok := sent.Sum()
	r := Reading{Sent: sum(was)}
	is, there := seen.Sum()
	want, known := seen.ExpectedSum(sent)
	switch {
	case !there, is == 0 && was != 0, is != was && !known:
		r.Hidden = true
	case is == want || is^want == 0xffff && (is == 0 || want == 0): // the same number in one's complement
		r.Seen = r.Sent
	default:
		r.Seen = sum(is)
	}
	return r, ok
}

func sum(n uint16) string { return "0x" + hex.EncodeToString([]byte{byte(n >> 8), byte(n)}) }

// compareData compares as much of the payload as is shown.
func compareData(sent, seen *wire.Excerpt) (Reading, bool) {
	was, is := sent.Payload, seen.Payload
	size := int(seen.IP.Len) - len(seen.Header) - (len(seen.Behind) - len(is)) // that it says that there is
	n := min(len(was), len(is))
	at := 0
	for at < n && was[at] == is[at] {
		at++
	}
	r := Reading{Sent: dataFrom(was, at)}
	switch {
	case len(was) == 0 && len(is) == 0:
		return r, false
	case at < n:
		r.Seen = dataFrom(is, at)
	case len(is) < len(was) && size == len(is) && seen.Whole() && !seen.Fragment:
		r.Sent, r.Seen = dataFrom(was, 0), dataFrom(is, 0) // it was cut
	case len(is) < len(was):
		r.Sent, r.Hidden = dataFrom(was, 0), true
	default:
		r.Sent = dataFrom(was, 0)
		r.Seen = r.Sent
	}
	return r, len(was) > 0
}

// mostShown is how many bytes of a payload are shown.
const mostShown = 32

// dataFrom shows a payload in hex, around the byte at where it is long.
func dataFrom(b []byte, at int) string {
	if len(b) <= mostShown {
		return hex.EncodeToString(b)
	}
	start := min(max(at-mostShown/2, 0), len(b)-mostShown)
	text := hex.EncodeToString(b[start : start+mostShown])
	if start > 0 {
		text = "…" + text
	}
	if start+mostShown < len(b) {
		text += "…"
	}
	return text
}

// option compares one option of TCP that has a field of its own.
func option(kind uint8) func(sent, seen *wire.Excerpt) (Reading, bool) {
	return func(sent, seen *wire.Excerpt) (Reading, bool) {
		if sent.Layer != wire.LayerTCP {
			return Reading{}, false
		}
		r := Reading{Sent: optionValue(sent, kind)}
		if r.Hidden = !seen.Whole(); !r.Hidden {
			r.Seen = optionValue(seen, kind)
		}
		return r, r.Sent != "" || r.Seen != ""
	}
}

// optionValue is the value of the first option of a kind as people write it, "on" of one
// that has none; "": it is not there.
func optionValue(x *wire.Excerpt, kind uint8) string {
	value, there := wire.FindOption(x.TCP.Options(), kind)
	if !there {
		return ""
	}
	text := string(wire.AppendOptions(nil, slices.Concat([]byte{kind, uint8(len(value) + 2)}, value)))
	if _, v, ok := strings.Cut(text, "="); ok {
		return v
	}
	return on
}

// ownField are the TCP options that have fields of their own.
var ownField = [...]uint8{wire.OptMSS, wire.OptSackOK, wire.OptWScale, wire.OptTimestamp}

// compareOptions compares what the fields of single options do not: which there are, in
// which order, with which padding. Of options that are gone, or new, their own fields tell,
// and padding may have come in their place.
func compareOptions(sent, seen *wire.Excerpt) (Reading, bool) {
	if sent.Layer != wire.LayerTCP {
		return Reading{}, false
	}
	r := Reading{Sent: readOptions(&sent.TCP)}
	if r.Hidden = !seen.Whole(); r.Hidden {
		return r, len(sent.TCP.Options()) > 0
	}
	var apart []uint8 // options that only one of them has
	for _, kind := range ownField {
		if (optionValue(sent, kind) == "") != (optionValue(seen, kind) == "") {
			apart = append(apart, kind)
		}
	}
	r.Seen = r.Sent
	if !bytes.Equal(arrangement(sent, apart), arrangement(seen, apart)) {
		r.Seen = readOptions(&seen.TCP)
	}
	return r, len(sent.TCP.Options()) > 0 || len(seen.TCP.Options()) > 0
}

// arrangement is the list of options without the values of those that have fields of their
// own. Where some are left out, so is all padding.
func arrangement(x *wire.Excerpt, without []uint8) (list []byte) {
	for rest := x.TCP.Options(); ; {
		kind, value, behind, ok := wire.NextOption(rest)
		switch {
		case !ok:
			return append(list, rest...)
		case slices.Contains(without, kind), len(without) > 0 && (kind == wire.OptNOP || kind == wire.OptEOL):
		case slices.Contains(ownField[:], kind):
			list = append(list, kind)
		default:
			list = append(append(list, kind), value...)
		}
		rest = behind
	}
}
