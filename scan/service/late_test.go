package service

import (
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// after is a server that waits before it does what h does, whatever it is told.
func after(wait time.Duration, h handler) handler {
	return func(c net.Conn) {
		time.Sleep(wait)
		h(c)
	}
}

// suspicious is a mail server that greets after 6 s and refuses who speaks before.
func suspicious(c net.Conn) {
	spoke := make(chan bool, 1)
	go func() {
		n, _ := c.Read(make([]byte, 1))
		spoke <- n > 0
	}()
	select {
	case early := <-spoke:
		if early {
			io.WriteString(c, "554 5.5.1 mx.example ESMTP not accepting messages\r\n")
		}
		return
	case <-time.After(6 * time.Second):
	}
	io.WriteString(c, "220 mx.example ESMTP Postfix\r\n")
	<-spoke // EHLO, whose first byte is gone
	greet("", map[string]string{"": "250 mx.example\r\n"})(c)
}

// TestLateGreetings: a greeting is waited for where one is due or has begun, and
// nothing else is.
func TestLateGreetings(t *testing.T) {
	const s = time.Second
	config := &tls.Config{}
	postfix := greet("220 mx.example ESMTP Postfix\r\n", ehloReplies)
	begun := func(first string, wait time.Duration, rest string) handler {
		return func(c net.Conn) {
			io.WriteString(c, first)
			after(wait, greet(rest, ehloReplies))(c)
		}
	}
	for _, tt := range []struct {
		name   string
		port   uint16
		server handler
		o      Options
		want   string // how the answer begins
		took   time.Duration
		cut    Cut
	}{
		{"smtp", 25, after(3*s, postfix), Options{}, "smtp|Postfix smtpd", 3 * s, Whole},
		{"smtp, almost too late", 25, after(10*s, postfix), Options{}, "smtp|Postfix smtpd", 10 * s, Whole},
		{"smtp, too late", 25, after(12*s, postfix), Options{}, "|", 11 * s, Late},
		{"smtp that wants to be waited for", 25, suspicious, Options{}, "smtp|Postfix smtpd", 6 * s, Whole},
		{"ftp", 21, after(4*s, greet("220 box FTP server ready\r\n", nil)), Options{}, "ftp|", 4 * s, Whole},
		{"ssh", 2222, after(5*s, greet("SSH-2.0-dropbear_2020.81\r\n", nil)), Options{}, "ssh|Dropbear sshd|2020.81", 5150 * time.Millisecond, Whole},
		{"pop3", 110, after(7*s, greet("+OK Dovecot ready.\r\n", nil)), Options{}, "pop3|Dovecot", 7 * s, Whole},
		{"imap", 143, after(7*s, greet("* OK Dovecot ready.\r\n", nil)), Options{}, "imap|Dovecot", 7 * s, Whole},
		{"mysql", 3306, after(5*s, greet("\x0f\x00\x00\x00\x0a8.0.1\x00abcdefghijklmnop", nil)), Options{}, "mysql|MySQL|8.0.1", 5 * s, Whole},
		{"smtps", 465, after(0, overTLS(t, config, after(4*s, postfix))), Options{}, "smtps|Postfix smtpd", 4 * s, Whole},
		{"smtp in two pieces", 587, begun("220-mx.example\r\n", 3*s, "220 mx.example ESMTP Postfix\r\n"), Options{}, "smtp|Postfix smtpd", 3 * s, Whole},
		{"the same on any port", 6543, begun("220-mx.example\r\n", 3*s, "220 mx.example ESMTP Postfix\r\n"), Options{}, "smtp|Postfix smtpd", 3 * s, Whole},
		{"half a line", 6543, begun("SSH-2.0-", 4*s, "OpenSSH_9.2\r\n"), Options{}, "ssh|OpenSSH", 4150 * time.Millisecond, Whole},
		{"silent", 25, silent, Options{}, "|", 11 * s, Late},
		{"silent, less patience", 25, silent, Options{Greeting: 4 * s}, "|", 4 * s, Late},
		{"silent, none", 25, silent, Options{Greeting: s}, "|", 1500 * time.Millisecond, Late},
		{"silent, one connection", 25, silent, Options{Alone: true}, "|", 1500 * time.Millisecond, Late},
		{"silent, no greeting due", 6543, silent, Options{}, "|", 1500 * time.Millisecond, Late},
		{"silent web", 80, silent, Options{}, "|", 1500 * time.Millisecond, Late},
		{"silent secure web", 443, silent, Options{}, "|", 1500 * time.Millisecond, Late},
		{"silent printer", 9100, silent, Options{}, "|", 1500 * time.Millisecond, Late},
		{"silent where TLS is due", 465, silent, Options{}, "|", 1500 * time.Millisecond, Late},
		{"http where a greeting is due", 22, page(map[string]string{"": hello}), Options{}, "http|", 300 * time.Millisecond, Whole},
		{"https where a greeting is due", 993, overTLS(t, config, page(map[string]string{"": hello})), Options{}, "https|", s, Whole},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &pipes{handle: tt.server}
				defer d.work.Wait()
				o := tt.o
				o.Timeout = 1500 * time.Millisecond
				if o.Greeting == 0 {
					o.Greeting = 11 * s
				}
				a, err := Ask(t.Context(), d, netip.AddrPortFrom(netip.IPv6Loopback(), tt.port), o)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.HasPrefix(short(a), tt.want) || a.Cut != tt.cut || a.Elapsed < tt.took || a.Elapsed > tt.took+100*time.Millisecond {
					t.Errorf("%s %v after %v; want %s %v after %v", short(a), a.Cut, a.Elapsed, tt.want, tt.cut, tt.took)
				}
			})
		})
	}
}
