package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"sonde/scan/job"
	"sonde/scan/report"
)

// TestHeard: what servers say late, in odd words or in old ones is waited for and
// passed on, over both families.
func TestHeard(t *testing.T) {
	t.Parallel()
	h := newHighway(t, 0)
	late := func(wait time.Duration, server func(net.Conn)) func(net.Conn) {
		return func(c net.Conn) {
			time.Sleep(wait)
			server(c)
		}
	}
	var packed strings.Builder
	w := gzip.NewWriter(&packed)
	io.WriteString(w, "<title>\xc2\xb7\xd3\xc9\xc6\xf7</title>") // GB 2312
	w.Close()
	h.server.Serve(25, late(3*time.Second, says("220 mx.example ESMTP Postfix\r\n")))
	h.server.Serve(21, late(4*time.Second, says("220 box FTP server ready\r\n")))
	h.server.Serve(1022, late(3*time.Second, says("SSH-2.0-dropbear_2020.81\r\n")))
	h.server.Serve(8080, web(map[string]string{"/": fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=gb2312\r\nContent-Encoding: gzip\r\n"+
		"Content-Length: %d\r\nConnection: close\r\n\r\n%s", packed.Len(), packed.String())}))
	h.server.Serve(23, says("\xff\xfd\x18\r\nrouter login: "))
	for _, w := range ways() {
		o := ask(t, h.client, "fp -p 21,23,25,8080", w.server())
		o.wantExit(t, job.ExitYes)
		for port, ok := range map[int]func(s *report.Service) bool{
			21:   func(s *report.Service) bool { return s.Service == "ftp" },
			23:   func(s *report.Service) bool { return s.Service == "telnet" && s.Banner == "router login:" },
			25:   func(s *report.Service) bool { return s.Service == "smtp" && s.Product == "Postfix smtpd" },
			8080: func(s *report.Service) bool { return s.HTTP != nil && s.HTTP.Title == "路由器" },
		} {
			if s, found := o.services[port]; !found || !ok(&s) {
				t.Errorf("%s: port %d: %+v", w.server(), port, s)
			}
		}
		o = ask(t, h.client, "fp --timeout 5s -p 1022", w.server()) // where no greeting is due, --timeout has it waited for
		if s := o.services[1022]; s.Product != "Dropbear sshd" {
			t.Errorf("%s: %+v", w.server(), s)
		}
	}
}
