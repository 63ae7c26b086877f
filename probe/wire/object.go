package wire

import (
	"encoding/binary"
	"net/netip"
	"strings"
)

// classInterface is the class of objects that tell of an interface (RFC 5837 §4.1).
const classInterface = 2

// Object is one of the objects in the extension of an ICMP error.
type Object struct {
	Class, Type uint8
	Value       []byte // without the header of the object; borrowed
}

// Objects returns the objects of an extension (RFC 4884 §7), as Packet.Extension has it,
// as far as they are well-formed.
func Objects(extension []byte) (list []Object) {
	if len(extension) < extensionHeader {
		return nil
	}
	for b := extension[extensionHeader:]; ; {
		n := objectSize(b)
		if n == 0 {
			return list
		}
		list = append(list, Object{Class: b[2], Type: b[3], Value: b[objectHeader:n]})
		b = b[n:]
	}
}

// IsLabels tells whether o is the MPLS label stack that a packet came with (RFC 4950 §5).
func (o *Object) IsLabels() bool { return o.Class == classMPLS && o.Type == incomingStack }

// Interface is what a router says of one of its interfaces, or of what is behind it (RFC
// 5837 §4.1), as far as it does.
type Interface struct {
	Role  Role
	Index uint32     // ifIndex (RFC 2863); 0: not told
	Addr  netip.Addr // zero: not told
	Name  string     // ifName, as the router wrote it, however odd; "": not told
	MTU   uint32     // 0: not told
}

// Role is what an interface, or an address, has to do with a packet.
type Role uint8

// The roles, as they are numbered on the wire.
const (
	Incoming    Role = iota // the packet came in by it
	IncomingSub             // it is part of the one by which the packet came in
	Outgoing                // the packet would have left by it
	NextHop                 // Addr is where the packet would have gone
)

var roleNames = [...]string{Incoming: "incoming", IncomingSub: "incoming-part", Outgoing: "outgoing", NextHop: "next-hop"}

func (r Role) String() string { return roleNames[r&3] }

// ParseRole is the inverse of String.
func ParseRole(name string) (Role, bool) {
	for r, n := range roleNames {
		if n == name {
			return Role(r), true
		}
	}
	return 0, false
}

// Interface reads an object as what tells of an interface. It returns false where it is of
// another class, or malformed: all that its type announces must be there, and fill it.
func (o *Object) Interface() (i Interface, ok bool) {
	const hasIndex, hasAddr, hasName, hasMTU = 0x08, 0x04, 0x02, 0x01 // RFC 5837 §4.1
	if o.Class != classInterface || o.Type&0x30 != 0 {
		return i, false
	}
	i.Role = Role(o.Type >> 6)
	b, short := o.Value, false
	take := func(n int) (part []byte) {
		if len(b) < n {
			short, b = true, nil
			return make([]byte, n)
		}
		part, b = b[:n], b[n:]
		return part
	}
	if o.Type&hasIndex != 0 {
		i.Index = binary.BigEndian.Uint32(take(4))
	}
	if o.Type&hasAddr != 0 {
		switch binary.BigEndian.Uint16(take(4)) { // address family numbers (IANA)
		case 1:
			i.Addr = netip.AddrFrom4([4]byte(take(4)))
		case 2:
			i.Addr = netip.AddrFrom16([16]byte(take(16)))
		default:
			return Interface{}, false
		}
	}
	if o.Type&hasName != 0 {
		size := max(int(take(1)[0]), 1) // that byte, and zeros at the end, are counted
		i.Name = strings.TrimRight(string(take(size-1)), "\x00")
	}
	if o.Type&hasMTU != 0 {
		i.MTU = binary.BigEndian.Uint32(take(4))
	}
	if short || len(b) > 0 {
		return Interface{}, false
	}
	return i, true
}

// AppendObject appends an object to an extension, which has none if it is empty, for those
// who write ICMP errors: behind a quote of at least 128 bytes. size are the bytes in b before
// the extension.
func AppendObject(b []byte, size int, o Object) []byte {
	if len(b) == size {
		b = append(b, extensionVersion<<4, 0, 0, 0)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(objectHeader+len(o.Value)))
	b = append(append(b, o.Class, o.Type), o.Value...)
	binary.BigEndian.PutUint16(b[size+2:], 0)
	binary.BigEndian.PutUint16(b[size+2:], Checksum(b[size:]))
	return b
}
