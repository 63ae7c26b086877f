package service

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"sonde/scan/service/protocol"
)

// digest feeds a response in pieces of n bytes.
func digest(b []byte, n int) *response {
	var r response
	for i := 0; i < len(b); i += n {
		if r.add(b[:min(len(b), i+n)]) {
			break
		}
	}
	r.end(b)
	return &r
}

func TestResponse(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{hello, "200|A & B|nginx/1.22.1|true|false"},
		{"HTTP/1.0 200\r\n\r\n<TITLE class='x'>\r\n a\t b </title >", "200|a b||true|false"},
		{"HTTP/1.1 200 OK\n\n<title>bare line feeds</title>", "200|bare line feeds||true|false"},
		{"HTTP/1.1 200 OK\r\n\r\n<title></title><title>second</title>", "200|||true|false"},
		{"HTTP/1.1 200 OK\r\n\r\n<titlebar><title\n>a<b</title>", "200|a<b||true|false"},
		{"HTTP/1.1 200 OK\r\n\r\n<title>cut", "200|||false|false"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200|||true|false"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc<title>beyond</title>", "200|||true|false"},
		{"HTTP/1.1 200 OK\r\n\r\n</title><title>a</title>", "200|a||true|false"},
		{"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "200|||false|false"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", "200|||false|false"},
		{"HTTP/1.1 204 No\r\nServer: a\r\nServer: b\r\n\r\n", "204||a|true|false"},
		{"HTTP/1.1 302 x\r\nLocation: /x\r\nServer: s\r\n\r\n", "302||s|true|false"},
		{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nserver:s\r\n\r\n", "200||s|false|false"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;x=y\r\n<titl\r\n8\r\ne>ab</ti\r\n3\r\ntle\r\n0\r\n\r\n", "200|ab||true|false"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n<title>x</title>", "200|||true|false"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "200|||true|false"},
		{"HTTP/1.1 abc\r\n\r\n", "0|||false|false"},
		{"HTTP/1.1 200 OK\r\nServer: x", "200||x|false|false"},
		{"HTTP/1.1 20", "0|||false|false"},
		{"<html><title>old</title>", "0|old||true|false"},
		{"<xml/>", "0|||false|true"},
		{"SSH-2.0-x\r\n", "0|||false|true"},
		{"", "0|||false|true"},
	} {
		for _, n := range []int{1, 2, 7, 1 << 16} {
			r := digest([]byte(tt.in), n)
			got := fmt.Sprintf("%d|%s|%s|%v|%v", r.status, r.title, r.fields["server"], r.whole, r.foreign)
			if got != tt.want {
				t.Errorf("%q in pieces of %d: %q, want %q", tt.in, n, got, tt.want)
			}
		}
	}
	r := digest([]byte("HTTP/1.1 200 OK\r\n\r\n<title>"+strings.Repeat("&#27;", 1<<12)+"</title>"), 4096)
	if len(r.title) > maxField {
		t.Errorf("a title of %d bytes", len(r.title))
	}
}

func TestRedirectTarget(t *testing.T) {
	four, six := netip.MustParseAddrPort("192.0.2.7:8080"), netip.MustParseAddrPort("[fe80::7%eth0]:80")
	for _, tt := range []struct {
		from     netip.AddrPort
		secure   bool
		name     string
		location string
		want     string // "": not followed
	}{
		{four, false, "", "/login", "192.0.2.7:8080 false /login"},
		{four, false, "", "login?a b", "192.0.2.7:8080 false /login?a%20b"},
		{four, true, "", "//192.0.2.7:8080/x", "192.0.2.7:8080 true /x"},
		{four, false, "", "http://192.0.2.7:8080/x#y", "192.0.2.7:8080 false /x"},
		{four, false, "", "https://192.0.2.7/", "192.0.2.7:443 true /"},
		{four, false, "", "http://192.0.2.8:8080/", ""},
		{four, false, "", "http://www.example/", ""},
		{four, false, "www.example", "http://WWW.example./x", "192.0.2.7:80 false /x"},
		{four, false, "www.example", "http://192.0.2.7:8080/x", "192.0.2.7:8080 false /x"},
		{four, false, "www.example", "http://www.example.org/x", ""},
		{four, false, "www.example", "http://example/x", ""},
		{four, false, "", "http://user@192.0.2.7:8080/x", ""},
		{four, false, "", "ftp://192.0.2.7/x", ""},
		{four, false, "", "javascript:alert(1)", ""},
		{four, false, "", "http://192.0.2.7:0/", ""},
		{four, false, "", "http://192.0.2.7:99999/", ""},
		{four, false, "", "http://192.0.2.7:8080/a\r\nX: y", ""},
		{four, false, "", "http://3221225991/", ""}, // the same address to some, but not to us
		{four, false, "", "/", ""},                  // where it came from
		{four, false, "", "/" + strings.Repeat("a", maxTarget), ""},
		{four, false, "", "\xff\xfe", "192.0.2.7:8080 false /%FF%FE"},
		{six, false, "", "/x", "[fe80::7%eth0]:80 false /x"},
		{six, false, "", "http://[fe80::7]/x", "[fe80::7%eth0]:80 false /x"},
		{six, false, "", "http://[fe80::8]/x", ""},
	} {
		p := &port{Options: Options{Name: tt.name}}
		there, ok := p.redirect(tt.from, tt.secure, tt.location)
		got := ""
		if ok {
			got = fmt.Sprintf("%v %v %s", there.to, there.secure, there.target)
		}
		if got != tt.want {
			t.Errorf("%v %q %.60q: %.80s, want %s", tt.from, tt.name, tt.location, got, tt.want)
		}
		p.Stay = true
		if there, ok := p.redirect(tt.from, tt.secure, tt.location); ok && there.to != tt.from {
			t.Errorf("%.60q left the port", tt.location)
		}
	}
}

func TestAuthority(t *testing.T) {
	for _, tt := range []struct {
		name, to string
		secure   bool
		want     string
	}{
		{"", "192.0.2.7:80", false, "192.0.2.7"},
		{"", "192.0.2.7:80", true, "192.0.2.7:80"},
		{"", "[::ffff:192.0.2.7]:443", true, "192.0.2.7"},
		{"", "[fe80::7%eth0]:8080", false, "[fe80::7]:8080"},
		{"www.example", "[fe80::7]:443", true, "www.example"},
		{"www.example", "[fe80::7]:443", false, "www.example:443"},
	} {
		p := &port{Options: Options{Name: tt.name}}
		if got := p.authority(netip.MustParseAddrPort(tt.to), tt.secure); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

func FuzzGreeting(f *testing.F) {
	for _, s := range []string{"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", "220-a\r\n220 b\r\n", "* OK [x] y\r\n", "+OK\r\n",
		"\x4a\x00\x00\x00\x0a5.5.5-10.11.6-MariaDB\x00", "\xff\xfd\x18", "RFB 003.008\n", "a\nSSH-\n", "HTTP/1.1 200\r\n\r\n"} {
		f.Add([]byte(s), uint16(22), uint8(0))
	}
	f.Fuzz(func(t *testing.T, b []byte, n uint16, to uint8) {
		a := testPort(n).understand(nil, protocol.Said{Bytes: b, To: protocol.Stimulus(to % 4)})
		checkBounds(t, &a.Answer)
	})
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte(hello), uint8(3))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\n<titl\r\n8\r\ne>ab</ti\r\n3\r\ntle\r\n0\r\n\r\n"), uint8(1))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x="+strings.Repeat("y", maxSizeLine)+"\r\n<titl\r\n8\r\ne>ab</ti\r\n3\r\ntle\r\n0\r\n\r\n"), uint8(0))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 x\nLocation: //x/\n\n"), uint8(5))
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		r, whole := digest(b, int(n)+1), digest(b, len(b)+1)
		if fmt.Sprint(r.status, r.fields, r.title, r.foreign) != fmt.Sprint(whole.status, whole.fields, whole.title, whole.foreign) {
			t.Errorf("%q: %+v in pieces of %d, %+v at once", b, r, int(n)+1, whole)
		}
		var f finding
		p := testPort(80)
		p.setHTTP(&f, r)
		checkBounds(t, &f.Answer)
		if there, ok := p.redirect(p.to, false, f.HTTP.Location); ok {
			request := p.request(there.to, there.target, there.secure)
			if there.to.Addr() != p.to.Addr() || strings.Count(request, "\n") != 6 || strings.Count(strings.SplitN(request, "\r\n", 2)[0], " ") != 2 {
				t.Errorf("%q: %q", f.HTTP.Location, request)
			}
		}
	})
}
