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
)

// browse asks for the page "/" on s and follows one redirect. What answers in
// another language is understood as well.
func (p *port) browse(ctx context.Context, s *stream, to netip.AddrPort, secure bool) finding {
	f := p.fetch(s, to, "/", secure)
	if f.HTTP == nil || f.HTTP.Location == "" {
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
		f.HTTP.Redirect, f.HTTP.Location = there.url, next.HTTP.Location
		f.HTTP.Status, f.HTTP.Title = next.HTTP.Status, next.HTTP.Title
		f.How += "+redirect"
		if f.HTTP.Server == "" {
			f.HTTP.Server = next.HTTP.Server
			f.Product, f.Version, f.Info, f.OS, f.CPE = next.Product, next.Version, next.Info, next.OS, next.CPE
		}
	}
	return f
}

// fetch sends one request and reads the response.
func (p *port) fetch(s *stream, to netip.AddrPort, target string, secure bool) (f finding) {
	_, err := io.WriteString(s, p.request(to, target, secure))
	var r response
	pause := func(b []byte) time.Duration {
		if r.foreign {
			return s.waits.pause(b)
		}
		return s.waits.prompt // pages are made while they are sent
	}
	b, cut := s.hear(-1, pause, maxRead, func(b []byte) bool {
		return r.add(b) && (!r.foreign || len(b) >= maxGreeting || identify(b).whole)
	})
	r.end(b)
	f.Cut = cut
	switch {
	case len(b) == 0:
		return f
	case r.foreign:
		f = p.understand(nil, b)
		f.Cut = cut
		if f.weight == words && err == nil {
			p.answerToGET(&f, b)
		}
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
	f.Service = "http"
	f.HTTP = &HTTP{
		Status: r.status,
		Title:  r.title,
		Server: clip(r.fields["server"]),
		Auth:   clip(r.fields["www-authenticate"]),
	}
	switch r.status {
	case 301, 302, 303, 307, 308:
		f.HTTP.Location = r.fields["location"]
	}
	server := r.fields["server"]
	if server == "" || p.name(f, fingerprint.HTTPServer, server) {
		return
	}
	// product *( RWS ( product / comment ) ), product = token ["/" version]
	// (RFC 9110 section 10.2.4)
	first, rest, _ := strings.Cut(clip(server), " ")
	f.Product, f.Version, _ = strings.Cut(first, "/")
	f.Info = strings.TrimSpace(rest)
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

// answerToGET knows those that answer to our request with an error of their own.
func (p *port) answerToGET(f *finding, b []byte) {
	f.How, f.Banner = "answer to GET", nil
	line, _, _ := cutLine(string(b))
	switch {
	case strings.HasPrefix(line, "-ERR "), strings.HasPrefix(line, "-NOAUTH "), strings.HasPrefix(line, "-DENIED "):
		f.Service, f.weight = "redis", certain // GET is a command there, with one argument
	case line == "ERROR":
		f.Service, f.weight = "memcached", certain
	default:
		return
	}
	f.Raw = nil
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
