package service

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sonde/fingerprint"
	"sonde/scan/service/protocol"
)

// browse asks for the page "/" on s and follows one redirect. What answers in
// another language is understood as well.
func (p *port) browse(ctx context.Context, s *stream, to netip.AddrPort, secure bool) finding {
	start := time.Now()
	f := p.fetch(s, to, "/", secure)
	slow := time.Since(start) > p.waits.patient // one page more would take as long
	if f.HTTP == nil || f.HTTP.Location == "" {
		if slow {
			return f
		}
		p.app(ctx, s, to, secure, &f)
		return f
	}
	there, ok := p.redirect(to, secure, f.HTTP.Location)
	switch {
	case !ok:
		return f
	case !secure && there.secure && there.to == to:
		// The port wants TLS, which another conversation speaks.
		f.weight = hints
		return f
	}
	if next := p.visit(ctx, s, there); next.HTTP != nil {
		f.page = next.page
		f.HTTP.Redirect, f.HTTP.Location = there.url, next.HTTP.Location
		f.HTTP.Status, f.HTTP.Title = next.HTTP.Status, next.HTTP.Title
		f.How += "+redirect"
		if f.HTTP.Server == "" {
			f.HTTP.Server = next.HTTP.Server
			f.Product, f.Version, f.Info, f.OS, f.CPE = next.Product, next.Version, next.Info, next.OS, next.CPE
		}
		if there.to == to && !slow {
			p.app(ctx, s, to, secure, &f)
		}
	}
	return f
}

// fetch sends one request and reads the response.
func (p *port) fetch(s *stream, to netip.AddrPort, target string, secure bool) (f finding) {
	request := p.request(to, target, secure)
	io.WriteString(s, request) // where that fails, reading tells
	var r response
	pause := func(b []byte) time.Duration {
		if r.foreign {
			return s.waits.pause(b)
		}
		return s.waits.prompt // pages are made while they are sent
	}
	b, cut := s.hear(-1, pause, maxRead, func(b []byte) bool {
		return r.add(b) && (!r.foreign || len(b) >= maxGreeting || p.answered(b, request))
	})
	r.end(b)
	f.Cut = cut
	switch {
	case len(b) == 0:
		return f
	case r.foreign || p.answered(b, request): // or in the form of HTTP, but of what says that it is not
		f = p.understand(nil, protocol.Said{Bytes: b, To: protocol.ToGET, Sent: request})
		f.Cut = cut
		return f
	}
	f.weight = certain
	f.How = "http"
	p.setHTTP(&f, &r)
	if !secure && r.status == 400 {
		f.weight = hints // what servers say to HTTP where TLS is expected
	}
	return f
}

// request writes a request for target, for one connection (RFC 9112 sections 3
// and 9.6).
func (p *port) request(to netip.AddrPort, target string, secure bool) string {
	return "GET " + target + " HTTP/1.1\r\n" +
		"Host: " + p.authority(to, secure) + "\r\n" +
		"User-Agent: Mozilla/5.0 (compatible; sonde)\r\n" +
		"Accept: */*\r\n" +
		"Connection: close\r\n\r\n"
}

// authority returns the host, and the port unless it is the scheme's own
// (RFC 9110 section 4.2). Zones of IPv6 addresses mean nothing to others.
func (p *port) authority(to netip.AddrPort, secure bool) string {
	host := p.Name
	if host == "" {
		host = to.Addr().Unmap().WithZone("").String()
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
	}
	if !secure && to.Port() == 80 || secure && to.Port() == 443 {
		return host
	}
	return host + ":" + strconv.Itoa(int(to.Port()))
}

// setHTTP puts a response into an answer, and names the server by it.
func (p *port) setHTTP(f *finding, r *response) {
	f.Service, f.spoken = "http", protocol.HTTP
	f.page = protocol.Page{Status: r.status, Title: r.title, Fields: r.fields, Body: r.body}
	f.HTTP = &HTTP{
		Status: r.status,
		Title:  r.title,
		Server: protocol.Clip(r.fields["server"]),
		Auth:   protocol.Clip(r.fields["www-authenticate"]),
	}
	switch r.status {
	case 301, 302, 303, 307, 308:
		f.HTTP.Location = r.fields["location"]
	}
	server := r.fields["server"]
	if server == "" {
		return
	}
	facts := protocol.Facts{Key: fingerprint.HTTPServer, Text: server}
	facts.Product, facts.Version, facts.Rest = protocol.ServerTokens(protocol.Clip(server))
	f.How += p.name(&facts)
	f.Product, f.Version, f.Info, f.OS, f.CPE = facts.Product, facts.Version, facts.Info, facts.OS, facts.CPE
	if facts.Host != "" {
		f.Host = facts.Host
	}
}

// page is for what came unasked and is HTTP all the same.
func (p *port) page(f *finding, b []byte) {
	var r response
	r.add(b)
	r.end(b)
	if !r.foreign {
		p.setHTTP(f, &r)
	}
}

// answered tells whether b is a whole answer to a request for a page, in whatever
// protocol.
func (p *port) answered(b []byte, request string) bool {
	return protocol.Identify(protocol.Said{Bytes: b, To: protocol.ToGET, Sent: request}).Match == protocol.Whole
}

// place is where a redirect points to.
type place struct {
	to     netip.AddrPort
	secure bool
	target string // of the request
	url    string // all of it
}

// maxTarget bounds a request target, in bytes.
const maxTarget = 1024

// redirect tells where location (RFC 9110 section 10.2.2) points to, as seen
// from a page "/" at from; ok is false where we do not follow: to another host,
// or with Stay to another port.
func (p *port) redirect(from netip.AddrPort, secure bool, location string) (there place, ok bool) {
	scheme := "http"
	if secure {
		scheme = "https"
	}
	base, err := url.Parse(scheme + "://" + p.authority(netip.AddrPortFrom(from.Addr(), from.Port()), secure) + "/")
	if err != nil {
		return place{}, false
	}
	u, err := base.Parse(location)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return place{}, false
	}
	if !strings.EqualFold(strings.TrimSuffix(u.Hostname(), "."), strings.TrimSuffix(base.Hostname(), ".")) {
		addr, err := netip.ParseAddr(u.Hostname()) // with a name known, the address is the same host too
		if err != nil || addr.Unmap() != from.Addr().Unmap().WithZone("") {
			return place{}, false
		}
	}
	there.secure = u.Scheme == "https"
	number := map[bool]uint16{false: 80, true: 443}[there.secure]
	if u.Port() != "" {
		n, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil || n == 0 {
			return place{}, false
		}
		number = uint16(n)
	}
	if p.Stay && number != from.Port() {
		return place{}, false
	}
	there.to = netip.AddrPortFrom(from.Addr(), number)
	there.target = strings.ReplaceAll(u.RequestURI(), " ", "%20")
	there.url = fmt.Sprintf("%s://%s%s", u.Scheme, u.Host, there.target)
	return there, len(there.target) <= maxTarget && there.url != base.String()
}

// visit fetches the page that a redirect points to. The connection that led
// there, s, is over: at most one is open.
func (p *port) visit(ctx context.Context, s *stream, there place) finding {
	s.line.hangUp()
	if there.secure {
		return p.secureAt(ctx, there, s.line.end)
	}
	l, err := p.dial(ctx, there.to, s.line.end)
	if err != nil {
		return finding{}
	}
	defer l.hangUp()
	return p.fetch(&stream{Conn: l, line: l, waits: p.waits}, there.to, there.target, false)
}
