package protocol

import (
	"fmt"
	"strings"
)

// ONC RPC behind a record mark: the port mapper lists who is registered; other programs
// say that they are not it.
var _ = register(Protocol{
	Name:   "rpcbind",
	Source: "RFC 5531 sections 9 and 11, RFC 1833 section 3",
	Ports:  []uint16{111},
	Ask: always("\x80\x00\x00\x28" + "sond\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x86\xa0\x00\x00\x00\x02\x00\x00\x00\x04" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 28 || b[0]&0x80 == 0 || string(b[4:8]) != "sond" || be.Uint32(b[8:]) != 1 {
			return f, No
		}
		f.Banner = "-"
		size := int(be.Uint32(b) & 0x7fffffff)
		if size < 24 || size > maxText {
			return Facts{}, No
		}
		if len(b) < 4+size {
			return f, Begun
		}
		if be.Uint32(b[12:]) != 0 || be.Uint32(b[24:]) != 0 { // denied, or no such program, version or procedure
			f.Service = "sunrpc"
			return f, Whole
		}
		f.Info = rpcPrograms(b[28 : 4+size])
		return f, Whole
	},
})

// rpcNames are programs by their numbers in IANA's registry.
var rpcNames = map[uint32]string{100000: "portmapper", 100003: "nfs", 100004: "ypserv", 100005: "mountd", 100007: "ypbind", 100011: "rquotad", 100021: "nlockmgr",
	100024: "status", 100227: "nfs_acl", 100009: "yppasswdd", 100002: "rusersd", 100008: "walld", 100012: "sprayd"}

// rpcPrograms lists who is registered with a port mapper, but for itself.
func rpcPrograms(b []byte) string {
	var list []string
	seen := map[uint32]bool{100000: true}
	for len(b) >= 20 && be.Uint32(b) == 1 && len(list) < 8 {
		program := be.Uint32(b[4:])
		b = b[20:]
		if seen[program] {
			continue
		}
		seen[program] = true
		name := rpcNames[program]
		if name == "" {
			name = fmt.Sprint(program)
		}
		list = append(list, name)
	}
	return strings.Join(list, " ")
}

// Over UDP the port mapper says which versions of it there are, and lists who is registered.
var _ = registerDatagram(Datagram{
	Name:    "rpcbind",
	Payload: "portmap",
	Source:  "RFC 5531 sections 9 and 11, RFC 1833 section 3",
	Read: func(b []byte) (f Facts) {
		f.Banner = "-"
		if len(b) == 32 && be.Uint32(b[20:]) == 2 { // no such version, but from the lowest to the highest
			f.Info = fmt.Sprintf("versions %d to %d", be.Uint32(b[24:]), be.Uint32(b[28:]))
		}
		return f
	},
	More: []Question{{
		Append: func(b []byte, id uint64) []byte {
			for _, word := range [...]uint32{uint32(id), 0, 2, 100000, 2, 4, 0, 0, 0, 0} { // DUMP of version 2
				b = be.AppendUint32(b, word)
			}
			return b
		},
		Match: func(id uint64, b []byte) bool {
			return len(b) >= 28 && be.Uint32(b) == uint32(id) && be.Uint32(b[4:]) == 1 && be.Uint32(b[8:]) == 0
		},
		Read: func(b []byte) (f Facts) {
			if len(b) >= 28 && be.Uint32(b[16:]) == 0 && be.Uint32(b[20:]) == 0 {
				f.Info = rpcPrograms(b[24:])
			}
			return f
		},
	}},
})
