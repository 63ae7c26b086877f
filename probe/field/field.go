// Package field is the one table of the fields of packets: what they are called, in which
// headers they are, how people write them, and how they are read from a packet. All has
// those that can be chosen. Which of them apply to a question follows from the headers that
// its packets have, see Of and Field.Applies. Compare says which of all fields of a packet
// are not as they were sent.
package field

import (
	"sonde/probe"
	"sonde/probe/wire"
)

// Layers are headers that a packet has: one of IP, and one behind it.
type Layers uint8

// The headers.
const (
	IPv4 Layers = 1 << iota
	IPv6
	TCP
	UDP
	ICMP

	families   = IPv4 | IPv6
	transports = TCP | UDP | ICMP
)

// Frames says what packets have to leave as.
type Frames uint8

const (
	Any    Frames = iota // a raw socket sends them as they are
	Rather               // link-layer frames: a firewall of this machine might change what a socket sends
	Only                 // link-layer frames: the kernel does change it
)

// Field is one field of a header, or one property of a packet.
type Field struct {
	// Name is the long name of its flag, and what it is called wherever fields are named:
	// "ip-id".
	Name string
	// Value is what stands for its value in a usage line, and Doc what it is, for people.
	// Without a Value the field is on or off, and its flag needs none.
	Value, Doc string
	// Example is a value that no packet has by itself.
	Example string
	// In are the headers it may be in: of a family and of a transport that both have it.
	In Layers
	// Only tells, of kinds whose packets have these headers, which can have the field. Nil:
	// all.
	Only func(probe.Traits) bool
	// Not are fields above it in the table that set the same bits: one of them is enough.
	Not []string
	// Parse puts the value that people write into a craft for one family. Its error says
	// which values there are. Nil: what is chosen is no part of a craft.
	Parse func(c *probe.Craft, v6 bool, text string) error
	// Read reads it from a packet as Parse would take it; false: it is not there. Nil: a
	// wire.Packet does not tell it, or another field does.
	Read func(p *wire.Packet) (string, bool)
	// Frames tells whether a raw socket sends what c has to a family, or another thing. Nil:
	// it always does.
	Frames func(c *probe.Craft, v6 bool) Frames
	// Kernel: the kernel's own packets can have it, too.
	Kernel bool

	// ends is how many bytes of the header of the transport have to be there to read it: 0
	// where the header of IP is enough.
	ends uint8
	// other: other rows have all that it tells of a packet, so that Compare leaves it out.
	other bool
	// compare is how Compare reads it from both packets, and whether one has it, where that
	// is more than to read it twice.
	compare func(sent, seen *wire.Excerpt) (Reading, bool)
}

// chosen tells whether people can choose it: it has a flag.
func (f *Field) chosen() bool { return f.Doc != "" }

// Of are the headers of a kind's packets; 0 where it asks the link itself.
func Of(k probe.Kind) Layers {
	l, t := families, k.Traits()
	switch k.Class() {
	case probe.ClassTCP:
		l |= TCP
	case probe.ClassUDP:
		l |= UDP
	case probe.ClassEcho:
		l |= ICMP
	}
	switch {
	case t.Link:
		return 0
	case t.OnlyIPv4:
		return l &^ IPv6
	}
	return l
}

// Within tells whether packets with these headers may have the field.
func (f *Field) Within(l Layers) bool { return f.In&l&families != 0 && f.In&l&transports != 0 }

// Applies tells whether the packets of a kind have the field.
func (f *Field) Applies(k probe.Kind) bool {
	return f.Within(Of(k)) && (f.Only == nil || f.Only(k.Traits()))
}

// Family tells whether packets of that family have the field.
func (f *Field) Family(v6 bool) bool {
	if v6 {
		return f.In&IPv6 != 0
	}
	return f.In&IPv4 != 0
}

// All are all fields that can be chosen, in the order of the headers.
func All() []*Field {
	list := make([]*Field, 0, len(table))
	for i := range table {
		if table[i].chosen() {
			list = append(list, &table[i])
		}
	}
	return list
}

// Find returns the field of a name that can be chosen; nil: there is none.
func Find(name string) *Field {
	for i := range table {
		if table[i].Name == name && table[i].chosen() {
			return &table[i]
		}
	}
	return nil
}

// ByFrames says what packets made as c have to leave as, and because of which field; nil: of
// none.
func ByFrames(c *probe.Craft, v6 bool) (need Frames, why *Field) {
	for i := range table {
		if f := &table[i]; f.Frames != nil && f.Family(v6) {
			if n := f.Frames(c, v6); n > need {
				need, why = n, f
			}
		}
	}
	return need, why
}
