package lab

import (
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// DNS returns a Responder that answers as a name server for these names (without
// the final dot) and for the reverse names of their addresses. Any other name
// does not exist.
func DNS(names map[string][]netip.Addr) Responder {
	return func(query []byte, _ netip.AddrPort) []byte {
		var m dnsmessage.Message
		if m.Unpack(query) != nil || m.Response || len(m.Questions) != 1 {
			return nil
		}
		q := m.Questions[0]
		reply := dnsmessage.Message{
			Header: dnsmessage.Header{
				ID: m.ID, Response: true, Authoritative: true,
				RecursionDesired: m.RecursionDesired, RCode: dnsmessage.RCodeNameError,
			},
			Questions: m.Questions,
		}
		for name, addrs := range names {
			for _, a := range addrs {
				if body, ok := record(q, name, a); ok {
					reply.RCode = dnsmessage.RCodeSuccess
					if body == nil {
						continue // the name exists, with another type
					}
					reply.Answers = append(reply.Answers, dnsmessage.Resource{
						Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 60},
						Body:   body,
					})
				}
			}
		}
		b, err := reply.Pack()
		if err != nil {
			return nil
		}
		return b
	}
}

// record tells whether q asks for this name or this address, and what the answer
// is; nil where the name has no record of the type asked for.
func record(q dnsmessage.Question, name string, a netip.Addr) (body dnsmessage.ResourceBody, ok bool) {
	asked := strings.ToLower(q.Name.String())
	switch {
	case asked == strings.ToLower(name)+".":
		switch {
		case q.Type == dnsmessage.TypeA && a.Is4():
			return &dnsmessage.AResource{A: a.As4()}, true
		case q.Type == dnsmessage.TypeAAAA && a.Is6():
			return &dnsmessage.AAAAResource{AAAA: a.As16()}, true
		}
		return nil, true
	case asked == reverse(a):
		ptr, err := dnsmessage.NewName(name + ".")
		if q.Type != dnsmessage.TypePTR || err != nil {
			return nil, true
		}
		return &dnsmessage.PTRResource{PTR: ptr}, true
	}
	return nil, false
}

// reverse returns the name under in-addr.arpa (RFC 1035 §3.5) or ip6.arpa
// (RFC 3596 §2.5) that stands for an address.
func reverse(a netip.Addr) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	raw := a.AsSlice()
	for i := len(raw) - 1; i >= 0; i-- {
		if a.Is6() {
			b.Write([]byte{digits[raw[i]&15], '.', digits[raw[i]>>4], '.'})
			continue
		}
		b.WriteString(netip.AddrFrom4([4]byte{3: raw[i]}).String()[len("0.0.0."):] + ".")
	}
	if a.Is6() {
		return b.String() + "ip6.arpa."
	}
	return b.String() + "in-addr.arpa."
}
