package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/report"
)

// The servers of fp's tests. Each is one connection's side of a protocol.

// says greets, and keeps quiet until the other side hangs up.
func says(greeting string) func(net.Conn) {
	return func(c net.Conn) {
		io.WriteString(c, greeting)
		io.Copy(io.Discard, c)
	}
}

// web answers requests by their target; what is not in pages is 404.
func web(pages map[string]string) func(net.Conn) {
	return func(c net.Conn) {
		lines := bufio.NewReader(c)
		first, err := lines.ReadString('\n')
		words := strings.Fields(first)
		if err != nil || len(words) != 3 || words[0] != "GET" {
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		for line := first; line != "\r\n" && err == nil; line, err = lines.ReadString('\n') {
		}
		page, ok := pages[words[1]]
		if !ok {
			page = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
		}
		io.WriteString(c, page)
	}
}

// page is a response with a body.
func page(server, body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nServer: %s\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", server, len(body), body)
}

// overTLS puts TLS with a certificate of our own under a server.
func overTLS(t *testing.T, below func(net.Conn)) func(net.Conn) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "www.lab.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(70*24*time.Hour + time.Hour),
		DNSNames: []string{"www.lab.test", "lab.test"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return func(c net.Conn) {
		s := tls.Server(c, config)
		if s.Handshake() == nil {
			below(s)
			s.CloseWrite()
		}
	}
}

// drips sends a byte a second, for ever.
func drips(c net.Conn) {
	for {
		if _, err := io.WriteString(c, "x"); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// floods sends as much as the other side takes, up to 1 GB, and counts it.
func floods(n *atomic.Int64) func(net.Conn) {
	return func(c net.Conn) {
		b := bytes.Repeat([]byte("flood "), 10_000)
		for n.Load() < 1<<30 {
			k, err := c.Write(b)
			n.Add(int64(k))
			if err != nil {
				return
			}
		}
	}
}

// quiet accepts, and says nothing.
func quiet(c net.Conn) { io.Copy(io.Discard, c) }

const sshBanner = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"

// furnish lets a server serve everything that is friendly.
func furnish(t *testing.T, h *lab.Host) {
	site := map[string]string{
		"/":      "HTTP/1.1 302 Found\r\nLocation: /login\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		"/login": page("nginx/1.22.1", "<html><title>\n Welcome to   the lab </title></html>"),
	}
	h.Serve(21, says("220 (vsFTPd 3.0.3)\r\n"))
	h.Serve(22, says(sshBanner))
	h.Serve(25, says("220 mail.lab.test ESMTP Postfix (Debian/GNU)\r\n"))
	h.Serve(80, web(site))
	h.Serve(443, overTLS(t, web(site)))
}

// TestFP: ports, what runs on them and the way there, of both families; from
// one screen and from JSON.
func TestFP(t *testing.T) {
	t.Parallel()
	h := newHighway(t, 0)
	furnish(t, h.server)
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			o := ask(t, h.client, "fp -T4", w.server())
			o.wantExit(t, job.ExitYes)
			if o.end.ExitReason != "identified" || !o.end.Complete || len(o.ports) != 1000 || len(o.services) != 5 {
				t.Errorf("%d ports, %d services; it ends with %+v", len(o.ports), len(o.services), o.end)
			}
			for port, want := range map[int]string{
				21: "ftp vsftpd 3.0.3", 22: "ssh OpenSSH 9.2p1", 25: "smtp Postfix smtpd", 80: "http nginx 1.22.1", 443: "https nginx 1.22.1",
			} {
				s := o.services[port]
				if got := strings.TrimSpace(s.Service + " " + s.Product + " " + s.Version); !strings.EqualFold(got, want) {
					t.Errorf("%d is %q, want %q", port, got, want)
				}
				o.wantPort(t, port, "open (syn-ack)")
			}
			for _, port := range []int{80, 443} {
				if got := o.services[port].HTTP; got == nil || got.Status != 200 || got.Title != "Welcome to the lab" || !strings.Contains(got.Redirect, "://") || !strings.HasSuffix(got.Redirect, "/login") {
					t.Errorf("%d: http %+v", port, got)
				}
			}
			c := o.services[443].TLS
			if c == nil || c.Version != tls.VersionTLS13 || c.Subject != "CN=www.lab.test" || !c.SelfSigned || !slices.Equal(c.Names, []string{"www.lab.test", "lab.test"}) {
				t.Errorf("443: tls %+v", c)
			}
			if got, want := o.route(), fmt.Sprintf("1 %s, 2 %s, 3 %s, 4 %s", w.hops[0], w.hops[1], w.hops[2], w.hops[3]); got != want {
				t.Errorf("the route is %s, want %s", got, want)
			}
			o.wantText(t, "OpenSSH 9.2p1", "vsftpd 3.0.3", `"Welcome to the lab"`, "self-signed", "www.lab.test", "70 days left", "ROUTE by tcp ", w.hops[1],
				"Not shown: 995 closed")
			lines := strings.Split(o.text, "\n")
			if len(lines) > 40 {
				t.Errorf("%d lines are more than a screen", len(lines))
			}
			for _, line := range lines[:len(lines)-2] { // but the sum of it
				if len([]rune(line)) > 100 {
					t.Errorf("a line of %d characters: %s", len([]rune(line)), line)
				}
			}
		})
	}
}

// TestFPRecords: ports and hops are the records that tcp and trace give.
func TestFPRecords(t *testing.T) {
	t.Parallel()
	h := newHighway(t, 0)
	h.server.Serve(22, says(sshBanner))
	for _, w := range ways() {
		fp, tcp, trace := ask(t, h.client, "fp -p 22,81", w.server()), ask(t, h.client, "tcp -p 22,81", w.server()), ask(t, h.client, "trace -p 22", w.server())
		for _, port := range []int{22, 81} {
			of, alone := fp.ports[port].Port, tcp.ports[port].Port
			if !of.Addr.IsValid() {
				t.Fatalf("port %d has no record", port)
			}
			if got, want := keys(t, &of), keys(t, &alone); got != want {
				t.Errorf("port %d: fp gives %s, tcp %s", port, got, want)
			}
		}
		if len(fp.hops) != 4 || len(trace.hops) != 4 {
			t.Fatalf("fp has %d hops, trace %d", len(fp.hops), len(trace.hops))
		}
		for i := range fp.hops {
			// One of many routes says by which port it was found.
			got, want := strings.Replace(keys(t, fp.hops[i]), " port proto", "", 1), keys(t, trace.hops[i])
			if got != want || fp.hops[i].From != trace.hops[i].From {
				t.Errorf("hop %d: fp gives %s, trace %s", i+1, got, want)
			}
		}
		// One whose way was traced, and that was asked which system it is, says so.
		of, alone := fp.hosts[w.server()].Host, tcp.hosts[w.server()].Host
		if !of.Addr.IsValid() {
			t.Fatal("the host has no record")
		}
		if got, want := strings.NewReplacer(" routed", "", " system", "").Replace(keys(t, &of)), keys(t, &alone); got != want {
			t.Errorf("host: fp gives %s, tcp %s", got, want)
		}
	}
}

// TestFPSystem: behind two routers the system is named, with what speaks for it; and
// --no-os leaves it out.
func TestFPSystem(t *testing.T) {
	t.Parallel()
	h := newHighway(t, 0)
	h.server.Serve(22, says(sshBanner))
	for _, w := range ways() {
		got := ask(t, h.client, "fp -v -p 22,81", w.server())
		got.wantExit(t, job.ExitYes)
		got.wantText(t, "OS      Linux 4.20 or newer, 9", "  for      ", "window fill")
		if without := ask(t, h.client, "fp --no-os -p 22,81", w.server()); strings.Contains(without.text, "\nOS ") {
			t.Errorf("--no-os: %s", without.text)
		}
		ask(t, h.client, "tcp -v -p 22,81", w.server()).wantText(t, "OS      Linux", ", by SYN-ACKs alone")
	}
}

// keys lists the keys of a record.
func keys(t *testing.T, r report.Record) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(jsonOf(r), &m); err != nil {
		t.Fatal(err)
	}
	return strings.Join(slices.Sorted(maps.Keys(m)), " ")
}

// TestFPHostile: servers that stall, flood or lie cost bounded time, and what
// they say reaches no terminal as it is.
func TestFPHostile(t *testing.T) {
	t.Parallel()
	h := newHighway(t, 0)
	var flooded atomic.Int64
	const evil = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m\xff\xfe"
	h.server.Serve(1001, drips)
	h.server.Serve(1002, floods(&flooded))
	h.server.Serve(1003, says("220 "+evil+" FTP ready\r\n"))
	h.server.Serve(1004, web(map[string]string{"/": page("evil"+evil, "<title>title "+evil+"</title>")}))
	h.server.Serve(1005, quiet)
	h.server.Serve(1006, func(net.Conn) {}) // hangs up
	h.server.Serve(1007, web(map[string]string{"/": "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"}))
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			flooded.Store(0)
			o := ask(t, h.client, "fp -v -p 1001-1007", w.server())
			o.wantExit(t, job.ExitYes)
			if n := flooded.Load(); n > 32<<20 {
				t.Errorf("%d bytes of a flood were taken", n)
			}
			if len(o.services) != 7 {
				t.Errorf("%d services, want 7", len(o.services))
			}
			if i := strings.IndexFunc(o.text, func(r rune) bool { return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0x202e || r == 0xfffd }); i >= 0 {
				t.Errorf("the text has %q", o.text[max(0, i-20):min(len(o.text), i+20)])
			}
			o.wantText(t, `\x1b]0;owned`)
			for _, s := range o.services {
				written := jsonOf(&s)
				for _, b := range written {
					if b < ' ' && b != '\n' || b == 0x7f {
						t.Errorf("port %d: the record has the byte %#x: %s", s.Port, b, written)
					}
				}
			}
			if got := o.services[1003].Service; got != "ftp" {
				t.Errorf("1003 is %q", got)
			}
			if got := o.services[1004].HTTP; got == nil || got.Status != 200 || !strings.HasPrefix(got.Title, "title ") {
				t.Errorf("1004: %+v", got)
			}
			for port, how := range map[int]string{1005: "", 1006: "hung up"} {
				if got := o.services[port]; got.Service != "" || got.How != how || (got.Cut == "late") != (how == "") {
					t.Errorf("%d said nothing, and yet: %+v", port, got)
				}
			}
		})
	}
}

// TestFPExitCodes: identified, only closed ports, silence, and what the other
// commands have too.
func TestFPExitCodes(t *testing.T) {
	t.Parallel()
	h := newHighway(t, 0)
	h.server.Serve(22, says(sshBanner))
	h.server.Serve(1005, quiet)
	h.server.Serve(1006, func(net.Conn) {})
	h.server.Firewall(lab.Rule{Proto: "tcp", Dport: "445", Do: lab.Drop})
	alone := h.net.Host("alone")
	h.net.Link(alone, h.net.Host("nobody"), "10.99.0.1/24", "10.99.0.2/24", "fd99::1/64", "fd99::2/64")
	for _, tt := range []struct {
		from *lab.Host
		line string
		exit int
	}{
		{h.client, "fp -p 22,81,445 10.3.0.10", job.ExitYes},
		{h.client, "fp -p 22 fd03::10", job.ExitYes},
		{h.client, "fp -p 22 --via connect 10.3.0.10", job.ExitYes},
		{h.client, "fp -p 1005 10.3.0.10", job.ExitSilence}, // open, and says nothing of itself
		{h.client, "fp -p 1005,81 fd03::10", job.ExitSilence},
		{h.client, "fp -p 1005,22 fd03::10", job.ExitYes},
		{h.client, "fp -p 1006,81 10.3.0.10", job.ExitNo}, // open, and says that it is nothing for us
		{h.client, "fp -p 81,82 10.3.0.10", job.ExitNo},
		{h.client, "fp -p 81,82 fd03::10", job.ExitNo},
		{h.client, "fp -p 445,81 10.3.0.10", job.ExitSilence},
		{h.client, "fp -p 445 fd03::10", job.ExitSilence},
		{h.client, "fp -p 22 --exclude 10.3.0.10 10.3.0.10", job.ExitUsage},
		{alone, "fp -p 22 192.0.2.1", job.ExitLocal},
		{h.client, "fp -p 22 -e eth7 10.3.0.10", job.ExitLocal},
	} {
		t.Run(tt.line, func(t *testing.T) {
			o := typed(t, tt.from, strings.Fields(tt.line)...)
			o.wantExit(t, tt.exit)
		})
	}
}

// TestFPUnprivileged: a plain user gets the same, and is told how.
func TestFPUnprivileged(t *testing.T) {
	t.Parallel()
	h := newHighway(t, 0)
	furnish(t, h.server)
	user := rights{name: asUser, start: asUser}
	for _, w := range ways() {
		o := user.ask(t, h.client, "fp -p 21-25,80,443", w.server())
		o.wantExit(t, job.ExitYes)
		if len(o.services) != 5 || len(o.hops) != 4 || o.stderr == "" || o.services[22].Product != "OpenSSH" {
			t.Errorf("%d services, %d hops, stderr %q", len(o.services), len(o.hops), o.stderr)
		}
	}
}

// TestInterruptDepth: a trace and an fp that are interrupted say what is known.
func TestInterruptDepth(t *testing.T) {
	t.Parallel()
	h := newHighway(t, 10*time.Millisecond)
	h.server.Serve(22, says(sshBanner))
	h.server.Serve(1005, quiet)
	h.server.Firewall(lab.Rule{Proto: "tcp", Dport: "445", Do: lab.Drop})
	for i, line := range []string{"trace -p 445 --timeout 20s -o json ", "fp -p 22,1005 --timeout 20s -o json ",
		"trace --via connect -p 445 --timeout 20s -o json ", "fp --via connect -p 1005 --timeout 20s -o json ", "trace --proto udp -p 445 --timeout 20s --hops 63 -o json "} {
		for k, w := range ways() {
			if strings.Contains(line, "udp") {
				h.server.Firewall(lab.Rule{Proto: "udp", Do: lab.Drop})
			}
			cmd := h.client.Command(program(t), strings.Fields(line+w.server())...)
			wantInterrupted(t, cmd.Cmd, cmd.Start, 2*i+k, time.Duration(50+100*k)*time.Millisecond)
		}
	}
}

// TestFPMarked: every packet to the target has the DSCP that was asked for, those
// of the conversations too.
func TestFPMarked(t *testing.T) {
	t.Parallel()
	h := newHighway(t, 0)
	h.server.Serve(22, says(sshBanner))
	for _, w := range ways() {
		wire := h.client.Capture("eth0")
		ask(t, h.client, "fp --dscp ef -e eth0 -p 22", w.server()).wantExit(t, job.ExitYes)
		data := 0
		for _, p := range wire.Packets().Out().Find(func(p *lab.Packet) bool { return p.TCP() != nil }) {
			var tos uint8
			if ip := p.IPv4(); ip != nil {
				tos = ip.TOS
			} else {
				tos = p.IPv6().TrafficClass
			}
			// The kernel resets half-open connections of ours by itself.
			if tos != 0xb8 && !p.TCP().RST {
				t.Errorf("TOS %#x: %v", tos, p)
			}
			if p.TCP().ACK && !p.TCP().RST {
				data++
			}
		}
		if data == 0 {
			t.Error("there was no conversation")
		}
	}
}
