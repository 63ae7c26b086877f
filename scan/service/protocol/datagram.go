package protocol

import (
	"slices"
	"sync"
)

// Datagram is what the answers of a protocol over UDP say. Its first question, and what
// proves an answer to it, is the payload of that name in probe/payload, where the ports
// are, too. All of it is read-only; its functions are pure and take any bytes.
type Datagram struct {
	Name    string // of the service, in IANA's words where it has any: "domain"
	Payload string // in probe/payload: "dns"
	Source  string // the standards that say what an answer holds
	// Read says what a proven answer tells; nil: nothing but that the protocol is spoken.
	Read func(answer []byte) Facts
	More []Question // asked beside the first one
	// Elsewhere: it is asked at open ports whose own protocol is not spoken there, too.
	Elsewhere bool
}

// Question is one more question over UDP.
type Question struct {
	Append func(b []byte, id uint64) []byte    // writes it at the end of b
	Match  func(id uint64, answer []byte) bool // whether answer is to it
	Read   func(answer []byte) Facts           // what such an answer tells
}

// datagrams is what is known here, filled while package variables are initialised and
// never after.
var datagrams []*Datagram

// registerDatagram makes a protocol over UDP known. It is for package variables only.
func registerDatagram(d Datagram) *Datagram {
	datagrams = append(datagrams, &d)
	return &d
}

// Datagrams returns every protocol over UDP.
func Datagrams() []*Datagram { return slices.Clone(datagrams) }

var byPayload = sync.OnceValue(func() map[string]*Datagram {
	m := map[string]*Datagram{}
	for _, d := range datagrams {
		m[d.Payload] = d
	}
	return m
})

// ByPayload returns what the answers to a payload say; nil: nobody reads them.
func ByPayload(name string) *Datagram { return byPayload()[name] }

// Plus joins what two answers of one server say. Where both say something, f is right.
func (f Facts) Plus(g Facts) Facts {
	if f.Product == "" {
		f.Product, f.Version, f.CPE = g.Product, g.Version, g.CPE
	} else if f.Version == "" && f.Product == g.Product {
		f.Version, f.CPE = g.Version, g.CPE
	}
	if f.Key == "" {
		f.Key, f.Text, f.Rest = g.Key, g.Text, g.Rest
	} else if g.Key == "" {
		f.Info = join(f.Info, g.Rest)
	}
	for _, s := range []struct {
		to   *string
		from string
	}{{&f.Service, g.Service}, {&f.OS, g.OS}, {&f.Host, g.Host}, {&f.Banner, g.Banner}} {
		if *s.to == "" {
			*s.to = s.from
		}
	}
	f.Info = join(f.Info, g.Info)
	return f
}

// Protocols whose answers hold nothing that says who gave them.
var _ = slices.Collect(func(yield func(*Datagram) bool) {
	for _, d := range []Datagram{
		{Name: "echo", Payload: "echo", Source: "RFC 862"},
		{Name: "chargen", Payload: "chargen", Source: "RFC 864"},
		{Name: "time", Payload: "time", Source: "RFC 868"},
		{Name: "route", Payload: "rip", Source: "RFC 2453"},
		{Name: "openvpn", Payload: "openvpn", Source: "OpenVPN wire protocol"},
		{Name: "ldap", Payload: "cldap", Source: "MS-ADTS 6.3.3"},
		{Name: "svrloc", Payload: "slp", Source: "RFC 2608"},
		{Name: "h323gatestat", Payload: "h323-ras", Source: "H.225.0"},
		{Name: "mgcp-gateway", Payload: "mgcp", Source: "RFC 3435"},
		{Name: "gtp-control", Payload: "gtp", Source: "3GPP 29.060"},
		{Name: "pfcp", Payload: "pfcp", Source: "3GPP 29.244"},
		{Name: "teamspeak3", Payload: "teamspeak3", Source: "TeamSpeak 3's handshake"},
		{Name: "quake3", Payload: "quake3", Source: "Quake III Arena's out-of-band messages"},
		{Name: "bacnet", Payload: "bacnet", Source: "ASHRAE 135 annex J"},
	} {
		if !yield(registerDatagram(d)) {
			return
		}
	}
})
