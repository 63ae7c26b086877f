package protocol

import "strings"

// XMPP servers answer whatever is sent by opening a stream of their own, and mostly by an
// error in it.
var _ = register(Protocol{
	Name:   "xmpp-client",
	Source: "RFC 6120 sections 4.2 and 4.9, RFC 6120 section 5.4 (STARTTLS)",
	Ports:  []uint16{5222, 5269, 5347},
	Secure: []uint16{5223, 5270},
	Ask: func(to Target) string {
		return "<?xml version='1.0'?><stream:stream to='" + to.Host + "' version='1.0' xmlns='" + xmppSpace(to.Port) + "' xmlns:stream='http://etherx.jabber.org/streams'>"
	},
	Elsewhere: 0, // it answers to anything
	Read: func(said Said) (f Facts, m Match) {
		text := string(said.Bytes[:min(len(said.Bytes), 2048)])
		if !strings.HasPrefix(text, "<?xml") && !strings.HasPrefix(text, "<stream:stream") || !strings.Contains(text, "http://etherx.jabber.org/streams") {
			return f, No
		}
		f.Banner = "-"
		if strings.Contains(text, "jabber:server") {
			f.Service = "xmpp-server"
		}
		if host := between(text, "from='", "'"); isHostName(host) {
			f.Host = host
		}
		switch {
		case strings.Contains(text, "urn:ietf:params:xml:ns:xmpp-tls"):
			f.Info = "STARTTLS"
		case strings.Contains(text, "host-unknown"):
			f.Info = "serves another name"
		}
		if strings.Contains(text, "</stream:features>") || strings.Contains(text, "</stream:error>") {
			return f, Whole
		}
		return f, Some
	},
	Upgrade: func(c Conn) bool {
		return strings.Contains(string(c.Say("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", nothingMore)), "<proceed")
	},
	Bye: "</stream:stream>",
})

// xmppSpace is the name space for clients, and for servers where these are usual.
func xmppSpace(port uint16) string {
	if port == 5269 || port == 5270 {
		return "jabber:server"
	}
	return "jabber:client"
}

// nothingMore is for answers without an end that is known.
func nothingMore([]byte) bool { return false }
