package payload

// mdns asks a multicast DNS responder, by unicast, which types of service it
// offers: PTR _services._dns-sd._udp.local (RFC 6763 §9).
//
// RFC 6762 §5.5 lets a responder answer a query that was sent to its own
// address, provided that the sender is on the same link. Since we do not ask
// from port 5353 we are what §6.7 calls a legacy resolver, whose response
// repeats ID and question as in ordinary DNS; a genuine mDNS response has ID 0
// and no question, and does not match.
//
// Tried on avahi 0.8, which answers on every address but ::1; mDNSResponder and
// systemd-resolved are unverified.
var mdns = register(Payload{
	Name:   "mdns",
	Ports:  []uint16{5353},
	Source: "RFC 6762 §5.4, §5.5, §6.7, RFC 6763 §9",
	Bits:   16,
	Append: func(b []byte, id uint64) []byte {
		return appendDNSQuery(b, uint16(id), 0, mdnsServices) // §18.6: RD must be zero
	},
	Match: func(id uint64, answer []byte) bool {
		// The top bit of QCLASS is QU in a question, and responders may clear it.
		return matchDNSResponse(answer, uint16(id), mdnsServices, 0x7fff)
	},
})

// A question: QNAME, QTYPE 12 PTR, QCLASS 1 IN with the QU bit of RFC 6762
// §5.4, by which we ask for the response by unicast.
const mdnsServices = "\x09_services\x07_dns-sd\x04_udp\x05local\x00" + "\x00\x0c" + "\x80\x01"
