package output

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sonde/probe"
	"sonde/scan/report"
)

// openPort is a Port record, and service the record of what it says.
func openPort(n uint16, registered string) *report.Port {
	return &report.Port{Addr: there, Proto: "tcp", Port: n, Verdict: report.Verdict{State: probe.Open, Reason: probe.SynAck, From: there,
		RTT: 210 * time.Microsecond, HasRTT: true, Tries: 1, Asked: "SYN"}, Service: registered}
}

func service(n uint16, name string, f func(r *report.Service)) *report.Service {
	r := &report.Service{Addr: there, Proto: "tcp", Port: n, Service: name}
	if f != nil {
		f(r)
	}
	return r
}

func cert(names ...string) *report.TLS {
	return &report.TLS{Version: 0x304, Cipher: 0x1301, ALPN: "h2", Subject: "CN=" + strings.Join(names, "+"), Issuer: "CN=R3,O=Some CA,C=US", Names: names,
		NotBefore: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2027, 2, 1, 12, 0, 0, 0, time.UTC)}
}

// tenServices is a host with ten open ports and its route.
func tenServices() []report.Record {
	named := func(product, version, info string) func(r *report.Service) {
		return func(r *report.Service) { r.Product, r.Version, r.Info = product, version, info }
	}
	self := cert("mail.example")
	self.SelfSigned, self.NotAfter = true, time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	early := cert("a.example", "b.example", "c.example", "d.example", "e.example")
	early.NotBefore = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	failed := &report.TLS{AsksClient: true, Error: "remote error: tls: handshake failure"}
	list := []report.Record{
		service(443, "https", func(r *report.Service) {
			named("nginx", "1.22.1", "")(r)
			r.CPE, r.How = []string{"cpe:/a:nginx:nginx:1.22.1", "cpe:/o:debian:debian_linux:12"}, "tls+http"
			r.TLS, r.HTTP = cert("www.example", "example"), &report.HTTP{Status: 200, Title: "Welcome to nginx!", Server: "nginx/1.22.1"}
		}),
		&report.Host{Addr: there, Verdict: report.Verdict{State: probe.Up, Reason: probe.SynAck, From: there, RTT: 210 * time.Microsecond, HasRTT: true}, Named: true, Ports: 12, Routed: true, System: true},
	}
	for _, n := range []uint16{21, 22, 25, 80, 110, 143, 443, 993, 8080, 9000} {
		registered := map[uint16]string{21: "ftp", 22: "ssh", 25: "smtp", 80: "http", 110: "pop3", 143: "imap", 443: "https", 993: "imaps", 8080: "http-alt"}[n]
		list = append(list, openPort(n, registered))
	}
	for _, n := range []uint16{23, 24} {
		r := openPort(n, "")
		r.State, r.Reason = probe.Closed, probe.Reset
		list = append(list, r)
	}
	way := wiped()
	way[3].Hops = 4
	list = append(append(list, wipe()), records(way)...)
	return append(list,
		system(),
		service(22, "ssh", func(r *report.Service) {
			named("OpenSSH", "9.2p1", "Debian-2+deb12u3")(r)
			r.Banner, r.OS, r.How = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", "Debian 12", "greeting"
		}),
		service(21, "ftp", named("vsftpd", "3.0.3", "")),
		service(25, "smtp", func(r *report.Service) {
			named("Postfix", "", "")(r)
			r.Hostname, r.TLS = "mail.example", self
		}),
		service(80, "http", func(r *report.Service) {
			r.HTTP = &report.HTTP{Status: 401, Server: "Apache", Redirect: "/login", Auth: `Basic realm="Who?"`}
		}),
		service(110, "pop3", named("Dovecot", "", "ready")),
		service(143, "imap", named("A product whose name is longer than what fits", "1", "")),
		service(993, "imaps", func(r *report.Service) { r.TLS = early }),
		service(8080, "", func(r *report.Service) { r.Info, r.Cut = "said nothing within 1.5 s", "late" }),
		service(9000, "", func(r *report.Service) { r.Banner, r.Cut, r.TLS = "hello?", "late", failed }),
	)
}

// system is the OS record of the host.
func system() *report.OS {
	return &report.OS{Addr: there, Unknown: 0.0123, Seen: 24, Hops: 3,
		Matches: []report.OSMatch{
			{Name: "Linux 4.20 or newer", Family: "Linux", Generation: "4.20 or newer", Confidence: 0.91, InFamily: 0.98, CPE: "cpe:/o:linux:linux_kernel",
				Hints: []report.OSHint{{Name: "timestamps have an offset for each connection", Confidence: 0.95}}},
			{Name: "gVisor netstack", Family: "gVisor netstack", Confidence: 0.06, InFamily: 0.06},
		},
		For: []string{"window fill", "ISN 15.6M"}, Against: []string{"TTL 128"},
		Said:     []report.OSWord{{Port: 22, Text: "Debian 12", Agrees: true}, {Port: 25, Text: "Windows", Differs: true}, {Port: 80, Text: "Plan 9"}},
		Apart:    []report.OSPorts{{Ports: "80,443", Name: "slirp", Confidence: 0.87, Evidence: "options M, window 65535, TTL 64"}, {Ports: "8080", Evidence: "options MST, window 5, TTL 32"}},
		Features: []string{"options=MSTNW", "ttl=128"}}
}

func serviceScenarios() []scenario {
	end := report.End{Complete: true, Sent: 40, Received: 35, Elapsed: 900 * time.Millisecond, Loss: -1, ExpectedMissed: -1, ExitReason: "identified"}
	trace := &report.Trace{Proto: "tcp", MaxTTL: 30, TOS: ef}
	bad := service(80, hostile, func(r *report.Service) {
		r.Product, r.Version, r.Info, r.OS, r.Hostname, r.Banner, r.How, r.Cut = hostile, hostile, hostile, hostile, hostile, hostile, hostile, hostile
		r.CPE = []string{hostile, hostile}
		r.HTTP = &report.HTTP{Status: 200, Title: hostile, Server: hostile, Location: hostile, Redirect: hostile, Auth: hostile}
		r.TLS = &report.TLS{Version: 1, Cipher: 0xffff, ALPN: hostile, Subject: hostile, Issuer: hostile, Names: []string{hostile, hostile},
			NotAfter: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC), Error: hostile}
	})
	host := &report.Host{Addr: there, Verdict: report.Verdict{State: probe.Up, Reason: probe.SynAck, From: there}, Named: true, Ports: 1, System: true}
	badSystem := &report.OS{Addr: there, Unknown: 0.1, Matches: []report.OSMatch{{Name: hostile, Family: hostile, Generation: hostile, Confidence: 0.7, InFamily: 0.99, CPE: hostile, Device: hostile,
		Unverified: true, Hints: []report.OSHint{{Name: hostile, Confidence: 1}}}}, For: []string{hostile, hostile}, Against: []string{hostile},
		Said: []report.OSWord{{Port: 80, Text: hostile, Differs: true}}, Apart: []report.OSPorts{{Ports: "80", Name: hostile, Confidence: 1, Evidence: hostile}}, Features: []string{hostile}, Sample: hostile + "\n" + hostile}
	unknown := &report.OS{Addr: web, Unknown: 0.9, Why: hostile, Said: []report.OSWord{{Port: 80, Text: hostile}}}
	brief := *bad
	brief.Addr = web
	hostileWeb, portWeb := *host, openPort(80, "http")
	hostileWeb.Addr, portWeb.Addr, portWeb.From = web, web, web
	return []scenario{
		{name: "fp", scan: report.Scan{Command: "fp", Ports: 12, Addresses: 1, Services: true, Trace: trace}, records: tenServices(), end: end},
		{name: "fp-verbose", opts: Options{Verbose: true, Color: true}, scan: report.Scan{Command: "fp", Ports: 12, Addresses: 1, Services: true, Trace: trace},
			records: tenServices(), end: end},
		{name: "fp-hostile", opts: Options{Verbose: true}, scan: report.Scan{Command: "fp", Ports: 1, Services: true}, records: []report.Record{host, openPort(80, hostile), bad, badSystem}, end: end},
		{name: "fp-hostile-brief", scan: report.Scan{Command: "fp", Ports: 1, Services: true}, records: []report.Record{&hostileWeb, portWeb, &brief, unknown}, end: end},
		{ // ended before the services and the route were there
			name: "fp-interrupted", scan: report.Scan{Command: "fp", Ports: 12, Services: true, Trace: trace}, records: tenServices()[:5],
			end: report.End{Interrupted: true, Sent: 5, Received: 4, Loss: -1, ExpectedMissed: -1, Exit: 130, ExitReason: "interrupted"},
		},
	}
}

// The line that scripts rely on, in its order.
func TestJSONServiceAsPromised(t *testing.T) {
	f := JSON{}
	r := tenServices()[0]
	const want = `{"type":"service","addr":"10.2.0.10","proto":"tcp","port":443,"service":"https","product":"nginx","version":"1.22.1",` +
		`"cpe":["cpe:/a:nginx:nginx:1.22.1","cpe:/o:debian:debian_linux:12"],` +
		`"tls":{"version":"TLS 1.3","cipher":"TLS_AES_128_GCM_SHA256","alpn":"h2","subject":"CN=www.example+example","issuer":"CN=R3,O=Some CA,C=US",` +
		`"names":["www.example","example"],"not_before":"2026-11-01T00:00:00Z","not_after":"2027-02-01T12:00:00Z","self_signed":false},` +
		`"http":{"status":200,"title":"Welcome to nginx!","server":"nginx/1.22.1"},"how":"tls+http"}` + "\n"
	if diff := cmp.Diff(want, string(f.AppendRecord(nil, r))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The host is written with its last service or hop, once, and before the end.
func TestTextWaitsForServices(t *testing.T) {
	all := tenServices()
	for _, order := range []string{"as it comes", "backwards"} {
		f := format("text").New(Options{}).(*Assembler)
		f.AppendRecord(nil, &report.Scan{Ports: 12, Services: true, Trace: &report.Trace{}})
		for i := range all {
			r := all[i]
			if order == "backwards" {
				r = all[len(all)-1-i]
			}
			out := string(f.AppendRecord(nil, r))
			if (out != "") != (i == len(all)-1) {
				t.Errorf("%s: after %d records: %q", order, i+1, out)
			}
		}
		if len(f.blocks) != 0 {
			t.Errorf("%s: a complete host is kept", order)
		}
	}
}

// Ten services and the route make a screen.
func TestTextOneScreen(t *testing.T) {
	s := serviceScenarios()[0]
	s.scan.Time = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	out := s.render(format("text"))
	if n := strings.Count(out, "\n"); n > 40 {
		t.Errorf("%d lines", n)
	}
	for line := range strings.Lines(out) {
		if n := width([]byte(line)); n > 130 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// A server that says much does not make text hold much.
func TestTextServiceMemoryIsBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<16)
	var names []string
	for range 1000 {
		names = append(names, long)
	}
	r := service(80, "http", func(r *report.Service) {
		r.Product, r.Banner, r.HTTP = long, long, &report.HTTP{Title: long, Server: long, Location: long, Auth: long}
		r.TLS = cert(names...)
	})
	var k block
	k.addService(r, Keep{Brief: true})
	kept := &k.services[0]
	n := len(kept.Product) + len(kept.Banner) + len(kept.HTTP.Title) + len(kept.HTTP.Server) + len(kept.HTTP.Location) + len(kept.HTTP.Auth)
	for _, name := range kept.TLS.Names {
		n += len(name)
	}
	if n += len(kept.TLS.Subject); n > 2000 || cap(kept.TLS.Names) > 10 {
		t.Errorf("%d bytes are kept, and %d names", n, cap(kept.TLS.Names))
	}
	if k.names[0] != 1000-len(kept.TLS.Names) {
		t.Errorf("%d names are said to be left out", k.names[0])
	}
}

func TestValidity(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		from, until time.Duration // from now
		want        string
	}{
		{-day, 3 * day, "until 2026-11-26, 3 days left"},
		{-day, day + time.Hour, "until 2026-11-24, 1 day left"},
		{-day, time.Hour, "until 2026-11-23, 0 days left"},
		{-9 * day, -2 * day, "until 2026-11-21, expired 2 days ago"},
		{day, 9 * day, "not valid before 2026-11-24"},
	} {
		d := details{brief: true, now: now}
		d.line("tls")
		d.validity(now.Add(test.from), now.Add(test.until))
		if got := strings.TrimPrefix(string(d.b), "  tls   "); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

// A certificate without an end is not one that ends in 292 years.
func TestValidityWithoutEnd(t *testing.T) {
	d := details{brief: true, now: time.Date(9998, 12, 31, 0, 0, 0, 0, time.UTC).AddDate(-1000, 0, 0)}
	d.line("tls")
	d.validity(time.Time{}, time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC))
	if got := string(d.b); !strings.Contains(got, "until 9999-12-31, 365607 days left") {
		t.Error(got)
	}
}

// What was not said must not be made up.
func TestJSONServiceNothingSaid(t *testing.T) {
	f := JSON{}
	r := &report.Service{Addr: netip.MustParseAddr("2001:db8::1"), Proto: "tcp", Port: 9}
	const want = `{"type":"service","addr":"2001:db8::1","proto":"tcp","port":9}` + "\n"
	if got := string(f.AppendRecord(nil, r)); got != want {
		t.Errorf("got %s", got)
	}
}
