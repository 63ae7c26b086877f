package service

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

const hello = "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 38\r\n\r\n<html><Title>\n A &amp; B\n</TITLE></html>"

// busy is a round-trip time from which on the wait for greetings grows no more: on a busy
// machine a server in this process may be as late as one far away.
const busy = 125 * time.Millisecond

var ehloReplies = map[string]string{"EHLO sonde.invalid": "250-mx.example\r\n250-STARTTLS\r\n250 8BITMIME\r\n", "": "500 what?\r\n"}

// short is what an answer says, in one line.
func short(a *Answer) string {
	return fmt.Sprintf("%s|%s|%s|%s|%s", a.Service, a.Product, a.Version, a.Info, a.How)
}

func TestAsk(t *testing.T) {
	for _, tt := range []struct {
		name   string
		server handler
		ports  []uint16 // the answer is the same on all of them
		want   string
	}{
		{"ssh", greet("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", nil), []uint16{22, 80, 443, 6543},
			"ssh|OpenSSH|9.2p1|Debian-2+deb12u3|greeting"},
		{"ssh after a notice", greet("Go away.\r\nSSH-1.99-Cisco-1.25\n", nil), []uint16{22, 6543},
			"ssh|Cisco SSH|1.25|protocol 1.99|greeting"},
		{"ssh of an unknown make", greet("SSH-2.0-Foo_7.1-x bar baz\r\n", nil), []uint16{22, 6543}, "ssh|Foo|7.1-x|bar baz|greeting"},
		{"ftp", greet("220 (vsFTPd 3.0.3)\r\n", nil), []uint16{21, 25, 6543}, "ftp|vsftpd|3.0.3||greeting"},
		{"ftp, lines", greet("220-FileZilla Server 1.7.3\r\n  free text\r\n220 FTP here\r\n", nil), []uint16{21, 6543},
			"ftp|FileZilla Server|1.7.3||greeting"},
		{"ftp or smtp: ftp", greet("220 welcome\r\n", map[string]string{"": "530 Please login with USER and PASS.\r\n"}), []uint16{21, 25, 6543},
			"ftp||||greeting"},
		{"ftp or smtp: smtp", greet("220 mx.example ready\r\n", ehloReplies), []uint16{21, 25, 6543}, "smtp|||STARTTLS|greeting+ehlo"},
		{"smtp", greet("220 mx.example ESMTP Postfix (Debian/GNU)\r\n", ehloReplies), []uint16{25, 6543},
			"smtp|Postfix smtpd||Debian/GNU; STARTTLS|greeting+ehlo"},
		{"smtp refuses", greet("554 mx.example ESMTP not accepting\r\n", nil), []uint16{25, 6543}, "smtp||||greeting"},
		{"pop3", greet("+OK Dovecot (Debian) ready.\r\n", nil), []uint16{110, 6543}, "pop3|Dovecot pop3d|||greeting"},
		{"pop3 that says it when asked", greet("+OK <1.2@x>\r\n", map[string]string{"CAPA": "+OK\r\nTOP\r\nIMPLEMENTATION Foo-POP3d-2.1\r\n.\r\n"}),
			[]uint16{110, 6543}, "pop3|Foo-POP3d|2.1||greeting+capa"},
		{"imap", greet("* OK [CAPABILITY IMAP4rev1 ID] Dovecot ready.\r\n", nil), []uint16{143, 6543}, "imap|Dovecot imapd|||greeting"},
		{"imap that says it when asked", greet("* OK hello\r\n", map[string]string{"a ID NIL": "* ID (\"name\" \"F\\\"oo\" \"version\" \"2\")\r\na OK done\r\n"}),
			[]uint16{143, 6543}, "imap|F\"oo|2||greeting+id"},
		{"imap that says nothing", greet("* PREAUTH hello\r\n", map[string]string{"": "a BAD no\r\n"}), []uint16{143, 6543}, "imap||||greeting"},
		{"nntp", greet("200 news.example InterNetNews NNRP server INN 2.7.0 ready (posting ok)\r\n", nil), []uint16{119, 6543},
			"nntp|INN|2.7.0||greeting"},
		{"mysql", greet("\x4a\x00\x00\x00\x0a5.5.5-10.11.6-MariaDB-0+deb12u1\x00"+strings.Repeat("\x01", 200), nil), []uint16{3306, 6543},
			"mysql|MariaDB|10.11.6|0+deb12u1|greeting"},
		{"vnc", greet("RFB 003.008\n", nil), []uint16{5900, 6543}, "vnc|||protocol 003.008|greeting"},
		{"rsync", greet("@RSYNCD: 31.0\n", nil), []uint16{873, 6543}, "rsync|||protocol 31.0|greeting"},
		{"telnet", greet("\xff\xfd\x18\xff\xfd\x20", nil), []uint16{23, 6543}, "telnet||||greeting"},
		{"http", page(map[string]string{"": hello}), []uint16{80, 22, 443, 6543}, "http|nginx|1.22.1||http"},
		{"http of an unknown make", page(map[string]string{"": "HTTP/1.0 404 no\r\nserver: Foo/1.2 (bar) baz/3\r\n\r\n"}), []uint16{80, 6543},
			"http|Foo|1.2|(bar) baz/3|http"},
		{"http without a header", page(map[string]string{"": "<html><title>x</title>"}), []uint16{80}, "http||||http"},
		{"redis", greet("", map[string]string{"INFO server": "$23\r\nredis_version:7.0.15\r\na:\r\n", "": "-ERR wrong number of arguments for 'get' command\r\n"}),
			[]uint16{6379, 80, 6543}, "redis|Redis|7.0.15||answer"},
		{"memcached", greet("", map[string]string{"version": "VERSION 1.6.18\r\n", "": "ERROR\r\n"}), []uint16{11211, 80, 6543}, "memcached|Memcached|1.6.18||answer"},
		{"as memcached, but not", greet("", map[string]string{"": "ERROR\r\n"}), []uint16{6543}, "||||answer to GET"},
		{"unknown", greet("hello stranger\r\n", nil), []uint16{6543, 22}, "||||greeting"},
		{"unknown, asked", greet("", map[string]string{"": "what?\r\n"}), []uint16{6543}, "||||answer to GET"},
		{"hangs up", func(net.Conn) {}, []uint16{6543, 22, 80, 443}, "|||closes when asked|hung up"},
	} {
		for _, port := range tt.ports {
			for _, alone := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%d/%v", tt.name, port, alone), func(t *testing.T) {
					t.Parallel()
					a := serve(tt.server).ask(t, port, Options{RTT: busy, Alone: alone})
					if got := short(a); got != tt.want {
						t.Errorf("got %s, want %s", got, tt.want)
					}
					if a.Elapsed > 4*time.Second || a.Cut != Whole {
						t.Errorf("%v, %v", a.Elapsed, a.Cut)
					}
				})
			}
		}
	}
}

func TestFacts(t *testing.T) {
	a := serve(greet("220 mx.example ESMTP Postfix\x1b[2J\xff\r\nmore", ehloReplies)).ask(t, 25, Options{})
	if a.Host != "mx.example" || string(a.Banner) != "220 mx.example ESMTP Postfix\x1b[2J\xff" || a.Raw != nil {
		t.Errorf("%+v", a)
	}
	a = serve(greet("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", nil)).ask(t, 22, Options{})
	if a.OS != "Debian 12" || !slices.Equal(a.CPE, []string{"cpe:/a:openbsd:openssh:9.2p1", "cpe:/o:debian:debian_linux:12"}) || a.Conns != 1 {
		t.Errorf("%+v", a)
	}
	a = serve(greet("Go away.\r\nSSH-2.0-x_1 y\r\n", nil)).ask(t, 22, Options{})
	if string(a.Banner) != "SSH-2.0-x_1 y" {
		t.Errorf("%+v", a)
	}
	for _, port := range []uint16{80, 6543} { // that it might be TLS is soon ruled out
		a = serve(page(map[string]string{"": "HTTP/1.1 400 Bad\r\nServer: Foo\r\nContent-Length: 0\r\n\r\n"})).ask(t, port, Options{})
		if a.Service != "http" || a.HTTP.Status != 400 || a.Elapsed > 200*time.Millisecond {
			t.Errorf("%+v", a)
		}
	}
	a = serve(page(map[string]string{"": hello})).ask(t, 80, Options{})
	if h := a.HTTP; h == nil || h.Status != 200 || h.Title != "A & B" || h.Server != "nginx/1.22.1" || a.TLS != nil || a.Banner != nil {
		t.Errorf("%+v %+v", a, h)
	}
	a = serve(greet("\x00\x01hello", nil)).ask(t, 6543, Options{})
	if string(a.Raw) != "\x00\x01hello" || a.Service != "" {
		t.Errorf("%+v", a)
	}
	a = serve(func(c net.Conn) { io.Copy(io.Discard, c) }).ask(t, 9100, Options{Timeout: 50 * time.Millisecond})
	if a.Conns != 1 || a.Info == "" || a.Cut != Late {
		t.Errorf("%+v", a)
	}
}

// A printer is asked nothing, not even by TLS.
func TestPrinter(t *testing.T) {
	var got []byte
	s := serve(func(c net.Conn) { got, _ = io.ReadAll(c) })
	s.ask(t, 9100, Options{Timeout: 50 * time.Millisecond})
	if len(got) != 0 {
		t.Errorf("a printer would print %q", got)
	}
}

func TestTLS(t *testing.T) {
	web := page(map[string]string{"": hello})
	h2Only := &tls.Config{NextProtos: []string{"h2"}}
	h2Only.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if !slices.Contains(hello.SupportedProtos, "h2") {
			return nil, errors.New("h2 or nothing")
		}
		return nil, nil
	}
	for _, tt := range []struct {
		name   string
		server handler
		ports  []uint16
		want   string
		alpn   string
	}{
		{"https", overTLS(t, &tls.Config{NextProtos: []string{"http/1.1"}}, web), []uint16{443, 6543, 80, 22}, "https|nginx|1.22.1||tls+http", "http/1.1"},
		{"https without ALPN", overTLS(t, &tls.Config{}, web), []uint16{443, 6543}, "https|nginx|1.22.1||tls+http", ""},
		{"https, h2 first", overTLS(t, &tls.Config{NextProtos: []string{"h2", "http/1.1"}}, web), []uint16{443, 6543}, "https|nginx|1.22.1||tls+http", "h2"},
		{"https, h2 only", overTLS(t, h2Only, web), []uint16{443}, "https||||tls+alpn", "h2"},
		{"imaps", overTLS(t, &tls.Config{}, greet("* OK Dovecot ready.\r\n", nil)), []uint16{993, 6543}, "imaps|Dovecot imapd|||tls+greeting", ""},
		{"smtps", overTLS(t, &tls.Config{}, greet("220 x ESMTP Postfix\r\n", ehloReplies)), []uint16{465, 6543}, "smtps|Postfix smtpd||STARTTLS|tls+greeting+ehlo", ""},
		{"another ALPN protocol", overTLS(t, &tls.Config{NextProtos: []string{"imap"}}, greet("* OK Dovecot ready.\r\n", nil)), []uint16{993, 6543},
			"imaps|Dovecot imapd|||tls+greeting", ""},
		{"an unknown language", overTLS(t, &tls.Config{}, greet("hi\r\n", nil)), []uint16{6543}, "tls||||tls+greeting", ""},
	} {
		for _, port := range tt.ports {
			t.Run(fmt.Sprintf("%s/%d", tt.name, port), func(t *testing.T) {
				t.Parallel()
				a := serve(tt.server).ask(t, port, Options{RTT: busy, Name: "www.example"})
				if got := short(a); got != tt.want || a.TLS == nil {
					t.Fatalf("got %s, want %s", got, tt.want)
				}
				f := a.TLS
				if f.Version != tls.VersionTLS13 || f.Cipher == 0 || f.ALPN != tt.alpn || f.Error != "" || f.AsksClient ||
					f.Subject != `CN=www.example,O=A\, B` || f.Issuer != f.Subject || !f.SelfSigned ||
					!slices.Equal(f.Names, []string{"www.example", "*.example", "192.0.2.7"}) ||
					!f.NotBefore.Equal(notBefore) || !f.NotAfter.Equal(notBefore.AddDate(1, 0, 0)) {
					t.Errorf("%+v", f)
				}
			})
		}
	}
}

func TestTLSFailures(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config *tls.Config
		check  func(*Answer) bool
	}{
		{"old", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, func(a *Answer) bool {
			return a.Service == "https" && a.TLS.Version == tls.VersionTLS10
		}},
		{"a certificate from the client", &tls.Config{ClientAuth: tls.RequireAnyClientCert}, func(a *Answer) bool {
			return strings.HasPrefix(a.Service, "tls") && a.TLS.AsksClient && a.TLS.SelfSigned
		}},
		{"the same, TLS 1.2", &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}, func(a *Answer) bool {
			return a.Service == "tls" && a.TLS.AsksClient && a.TLS.SelfSigned && a.TLS.Error != "" && a.TLS.Version == tls.VersionTLS12
		}},
		{"an alert", &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return nil, errors.New("no")
		}}, func(a *Answer) bool { return a.Service == "tls" && a.TLS.Version == 0 && a.TLS.Error != "" }},
	} {
		for _, port := range []uint16{443, 6543} {
			a := serve(overTLS(t, tt.config, page(map[string]string{"": hello}))).ask(t, port, Options{})
			if a.TLS == nil || !tt.check(a) {
				t.Errorf("%s: %s %+v", tt.name, short(a), a.TLS)
			}
		}
	}
}

// A server that answers plain HTTP with 400 where it expects TLS is an HTTPS
// server, whichever of the answers comes first.
func TestBothLanguages(t *testing.T) {
	secure := overTLS(t, &tls.Config{}, page(map[string]string{"": hello}))
	both := func(first byte, c net.Conn) {
		b := make([]byte, 1)
		c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		if _, err := io.ReadFull(c, b); err != nil {
			return
		}
		c.SetReadDeadline(time.Time{})
		if b[0] == 'G' {
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nConnection: close\r\n\r\n<title>400 plain HTTP</title>")
			return
		}
		time.Sleep(50 * time.Millisecond)
		secure(&prefixed{c, b})
	}
	for _, port := range []uint16{443, 80, 22, 6543} {
		a := serve(func(c net.Conn) { both('G', c) }).ask(t, port, Options{})
		if a.Service != "https" || a.HTTP == nil || a.HTTP.Status != 200 {
			t.Errorf("%d: %s", port, short(a))
		}
	}
}

// prefixed is a connection of which a byte was already read.
type prefixed struct {
	net.Conn
	first []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.first) > 0 {
		n := copy(b, p.first)
		p.first = p.first[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}

func TestRefused(t *testing.T) {
	for _, port := range []uint16{22, 80, 443, 6543} {
		s := &server{handle: func(string) handler { return nil }}
		a, err := Ask(t.Context(), s, netip.AddrPortFrom(netip.IPv6Loopback(), port), Options{})
		if a != nil || err == nil || !strings.Contains(err.Error(), fmt.Sprintf("[::1]:%d: refused", port)) {
			t.Errorf("%+v, %v", a, err)
		}
	}
	for _, name := range []string{"a b", "a\r\nX: y", "bücher.example", strings.Repeat("a", 256), "a/b", "a:1"} {
		if _, err := Ask(t.Context(), serve(nil), netip.AddrPort{}, Options{Name: name}); !errors.Is(err, ErrName) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
