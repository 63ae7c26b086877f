package protocol

import (
	"fmt"
	"slices"
	"testing"
)

// example is something that a server said, and what is to be read in it.
type example struct {
	to   Stimulus // ToAsk: the question of the protocol that is wanted
	said string
	want string // service|product|version|info, the name of a protocol first where the service has another
}

// examples are what servers said, on the wire.
var examples = slices.Concat(textExamples, wireExamples, writtenExamples)

var textExamples = []example{
	{ToAsk, "$93\r\n# Server\r\nredis_version:7.0.15\r\nredis_git_sha1:00000000\r\nredis_mode:sentinel\r\nos:Linux 6.1\r\n\r\n\r\n", "redis|Redis|7.0.15|sentinel"},
	{ToAsk, "$38\r\nredis_version:7.2.4\r\nvalkey_version:8.0.1\r\n", "redis|Valkey|8.0.1|"},
	{ToGET, "-ERR wrong number of arguments for 'get' command\r\n", "redis|||"},
	{ToOther, "-NOAUTH Authentication required.\r\n", "redis|||wants a password"},
	{Unasked, "-DENIED Redis is running in protected mode because protected mode is enabled\r\n", "redis|Redis||refuses this host"},
	{ToAsk, "VERSION 1.6.18\r\n", "memcached|Memcached|1.6.18|"},
	{Unasked, "220 dict.example dictd 1.13.0/rf on Linux 6.1.0 <auth.mime> <37.1.1@dict.example>\r\n", "dict|dictd|1.13.0|"},
	{Unasked, ":localhost NOTICE * :BitlBee-IRCd initialized, please go on\r\n", "irc|BitlBee||"},
	{ToGET, "HTTP/1.0 501 Tor ControlPort is not an HTTP proxy\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n", "tor-control|Tor||"},
	{Unasked, "220 box LMTP ready\r\n", "lmtp|||"},
	{Unasked, "\x45\x00\x00\x00\xffj\x04Host '10.0.0.1' is not allowed to connect to this MariaDB server", "mysql|MariaDB||refuses this host"},
}

// TestExamples: each is in one protocol, and in no other.
func TestExamples(t *testing.T) {
	for _, e := range examples {
		found := ""
		for _, p := range All() {
			to := e.to
			f, m := p.Read(Said{Bytes: []byte(e.said), To: to})
			if m <= Unclear || p == HTTP { // in whose form others say that they are not it
				continue
			}
			service := p.Name
			if f.Service != "" {
				service = f.Service
			}
			if got := fmt.Sprintf("%s|%s|%s|%s", service, f.Product, f.Version, f.Info); found != "" || got != e.want {
				t.Errorf("%.60q is %s, want %s", e.said, found+got, e.want)
			}
			found += service + " and "
		}
		if found == "" {
			t.Errorf("%.60q is nothing, want %s", e.said, e.want)
		}
	}
}

// TestPorts: no port is in two protocols, and every protocol says where it is from.
func TestPorts(t *testing.T) {
	seen := map[uint16]string{}
	for _, p := range All() {
		for _, port := range slices.Concat(p.Ports, p.Secure) {
			if other := seen[port]; other != "" {
				t.Errorf("%d is in %s and %s", port, other, p.Name)
			}
			seen[port] = p.Name
		}
		if p.Name != "" && p.Source == "" || p.Read == nil {
			t.Errorf("%s has no source or cannot be read", p.Name)
		}
		if p.Prints && p.Ask != nil {
			t.Errorf("%s would be printed", p.Name)
		}
	}
}

// unread are protocols without an example, and why.
var unread = map[string]string{
	"":     "it is none",
	"http": "package service has its own", "jetdirect": "it says nothing", "tls": "likewise, and greeting_test.go", "echo": "TestEcho",
	"ssh": "greeting_test.go", "ftp": "likewise", "pop3": "likewise", "imap": "likewise", "nntp": "likewise", "vnc": "likewise",
	"rsync": "likewise", "telnet": "likewise",
}

// TestEveryProtocol has an example.
func TestEveryProtocol(t *testing.T) {
	read := map[*Protocol]bool{}
	for _, e := range examples {
		for _, p := range All() {
			if _, m := p.Read(Said{Bytes: []byte(e.said), To: e.to}); m > Unclear {
				read[p] = true
			}
		}
	}
	for _, p := range All() {
		if (unread[p.Name] == "") != read[p] && !(p == HTTP) {
			t.Errorf("%q: an example: %v, said to have none: %q", p.Name, read[p], unread[p.Name])
		}
	}
}

// TestEcho: what was sent comes back, in pieces or whole, and nothing else.
func TestEcho(t *testing.T) {
	const sent = "GET / HTTP/1.1\r\n\r\n"
	for said, want := range map[string]Match{sent: Whole, sent[:10]: Some, "GET": No, "GET / HTTP/1.0\r\n\r\n": No, "": No} {
		r := Identify(Said{Bytes: []byte(said), To: ToGET, Sent: sent})
		if r.Match != want || want != No && r.Protocol.Name != "echo" {
			t.Errorf("%q: %+v, want %v", said, r, want)
		}
	}
}

// deaf is a Conn that answers everything with the same.
type deaf struct{ said []byte }

func (d *deaf) Say(string, func([]byte) bool) []byte   { return d.said }
func (d *deaf) Await(string, func([]byte) bool) []byte { return d.said }
func (d *deaf) Hear(string, []byte) []byte             { return d.said }
func (d *deaf) Ended() bool                            { return false }
func (d *deaf) Target() Target                         { return Target{} }

// FuzzRead: nothing that is said makes a protocol panic or keep much, and what it said is
// whole stays so.
func FuzzRead(f *testing.F) {
	for _, e := range examples {
		f.Add([]byte(e.said), uint8(e.to))
	}
	f.Add([]byte("\x80\x00\x00\x00sond\x00\x00\x00\x01"+zeros(16)), uint8(ToAsk)) // shorter than it must be
	f.Fuzz(func(t *testing.T, b []byte, to uint8) {
		b = b[:min(len(b), maxText)]
		for _, p := range All() {
			said := Said{Bytes: b, To: Stimulus(to % 4)}
			facts, m := p.Read(said)
			if m <= Unclear {
				continue
			}
			if p.Settle != nil {
				p.Settle(&deaf{b})
			}
			if p.Talk != nil {
				p.Talk(&deaf{b}, &facts)
			}
			if p.Upgrade != nil {
				p.Upgrade(&deaf{b})
			}
			if len(facts.Info) > 8*maxField || len(facts.Product) > maxText || len(facts.CPE) > 4 {
				t.Errorf("%s keeps too much: %d", p.Name, len(facts.Info))
			}
		}
	})
}
