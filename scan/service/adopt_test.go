package service

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"testing/fstest"

	"sonde/fingerprint"
)

// brought are patterns of a user's, in files by what they match.
func brought(t *testing.T, files map[string]string) *fingerprint.Patterns {
	t.Helper()
	dir := fstest.MapFS{}
	for key, rules := range files {
		dir[strings.ReplaceAll(key, ".", "-")+".xml"] = &fstest.MapFile{Data: []byte(`<fingerprints matches="` + key + `">` + rules + `</fingerprints>`)}
	}
	p, err := fingerprint.ReadPatterns(dir)
	if err != nil {
		t.Fatal(err)
	}
	return fingerprint.BuiltinPatterns().With(p)
}

// TestBroughtPatterns: patterns of the user's name what ours do not, say of which file they
// are, and what a page or a certificate has is information, whatever they say.
func TestBroughtPatterns(t *testing.T) {
	const name, device = `<param pos="0" name="service.product" value="Theirs"/>`, `<param pos="0" name="hw.vendor" value="Acme"/>`
	p := brought(t, map[string]string{
		"ssh.banner":         `<fingerprint pattern="^(?:Odd|OpenSSH)_?([\d.]*)">` + name + `<param pos="1" name="service.version"/></fingerprint>`,
		"telnet_banners":     `<fingerprint pattern="^Acme router">` + device + `</fingerprint><fingerprint pattern="login:"><param pos="0" name="os.certainty" value="0.0"/></fingerprint>`,
		"mysql.error":        `<fingerprint pattern="^Zu viele"><param pos="0" name="os.product" value="Linux"/></fingerprint>`,
		"html_title":         `<fingerprint pattern="^Panel$">` + name + `</fingerprint>`,
		"http_header.cookie": `<fingerprint pattern="^SID=">` + device + `</fingerprint>`,
		"x509.subject":       `<fingerprint pattern="CN=www.example"><param pos="0" name="hw.product" value="box"/></fingerprint>`,
		"sip_header.server":  `<fingerprint pattern="^Tel (\S+)">` + name + `<param pos="1" name="service.version"/></fingerprint>`,
	})
	const panel = "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nSet-Cookie: SID=1\r\nContent-Length: 20\r\n\r\n<title>Panel</title>"
	for _, tt := range []struct {
		port uint16
		h    handler
		want string // product, version, system, info, how
	}{
		{22, greet("SSH-2.0-Odd_1.5\r\n", nil), "Theirs|1.5|||greeting+ssh-banner.xml"},
		{22, greet("SSH-2.0-OpenSSH_9.2p1\r\n", nil), "OpenSSH|9.2p1|||greeting"},
		{23, greet("\xff\xfb\x01Acme router\r\nlogin: ", nil), "|||device Acme|greeting+telnet_banners.xml"},
		{23, greet("\xff\xfb\x01Other\r\nlogin: ", nil), "||||greeting"},
		{3306, greet("\x1a\x00\x00\x00\xff\x10\x04Zu viele Verbindungen..", nil), "||Linux|Zu viele Verbindungen..|greeting+mysql-error.xml"},
		{80, page(map[string]string{"": panel}), "nginx|1.22.1||cookie of Acme; title of Theirs|http+http_header-cookie.xml+html_title.xml"},
		{5060, func(c net.Conn) {
			c.Read(make([]byte, 2048))
			io.WriteString(c, "SIP/2.0 200 OK\r\nServer: Tel 7.1\r\nContent-Length: 0\r\n\r\n")
		}, "Theirs|7.1|||answer+sip_header-server.xml"},
	} {
		a := serve(tt.h).ask(t, tt.port, Options{Patterns: p})
		if got := strings.Join([]string{a.Product, a.Version, a.OS, a.Info, a.How}, "|"); got != tt.want {
			t.Errorf("%d: %q, want %q", tt.port, got, tt.want)
		}
		checkBounds(t, a)
	}
	secure := serve(overTLS(t, &tls.Config{}, page(map[string]string{"": panel}))).ask(t, 443, Options{Patterns: p})
	if !strings.Contains(secure.Info, "certificate's subject of box") || secure.Product != "nginx" {
		t.Errorf("%+v", secure)
	}
	if a := serve(page(map[string]string{"": panel})).ask(t, 80, Options{}); a.Info != "" || a.How != "http" {
		t.Errorf("without them: %+v", a)
	}
}
