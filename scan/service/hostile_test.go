package service

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sonde/scan/service/protocol"
)

// pipes is a Dialer without a network, so that connections run in virtual time.
// What is said to the server is stored, as in a socket's buffer.
type pipes struct {
	handle handler
	most   int32 // connections that are taken; 0: all
	taken  atomic.Int32
	work   sync.WaitGroup
}

func (p *pipes) DialContext(context.Context, string, string) (net.Conn, error) {
	if n := p.taken.Add(1); p.most > 0 && n > p.most {
		return nil, errors.New("refused")
	}
	near, far := net.Pipe()
	said := &mailbox{}
	said.filled.L = &said.mu
	p.work.Go(func() {
		defer far.Close()
		p.handle(&farEnd{far, said})
	})
	return &nearEnd{near, said}, nil
}

type nearEnd struct {
	net.Conn
	said *mailbox
}

func (n *nearEnd) Write(b []byte) (int, error) { return n.said.put(b), nil }
func (n *nearEnd) Close() error                { n.said.close(); return n.Conn.Close() }

type farEnd struct {
	net.Conn
	said *mailbox
}

func (f *farEnd) Read(b []byte) (int, error) { return f.said.get(b) }

type mailbox struct {
	mu     sync.Mutex
	filled sync.Cond
	b      bytes.Buffer
	closed bool
}

func (m *mailbox) put(b []byte) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.filled.Broadcast()
	n, _ := m.b.Write(b)
	return n
}

func (m *mailbox) get(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.b.Len() == 0 && !m.closed {
		m.filled.Wait()
	}
	return m.b.Read(b)
}

func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.filled.Broadcast()
}

// slowly says something, one byte a second, and then nothing.
func slowly(text string) handler {
	return func(c net.Conn) {
		for _, b := range []byte(text) {
			time.Sleep(time.Second)
			if _, err := c.Write([]byte{b}); err != nil {
				return
			}
		}
		io.Copy(io.Discard, c)
	}
}

// answering reads the beginning of a request before it answers slowly.
func answering(h handler) handler {
	return func(c net.Conn) {
		c.Read(make([]byte, 4096))
		h(c)
	}
}

func silent(c net.Conn) { io.Copy(io.Discard, c) }

// In virtual time, and in a bubble that no goroutine may outlive.
func TestSlowServers(t *testing.T) {
	for _, tt := range []struct {
		name    string
		server  handler
		port    uint16
		o       Options
		least   time.Duration
		most    time.Duration
		service string
		cut     Cut
	}{
		{"silent", silent, 6543, Options{}, 5 * time.Second, 5 * time.Second, "", Late},
		{"silent where a greeting is due", silent, 25, Options{}, 5 * time.Second, 5 * time.Second, "", Late},
		{"silent, one connection", silent, 25, Options{Alone: true}, 5 * time.Second, 5 * time.Second, "", Late},
		{"silent, less time", silent, 443, Options{Timeout: 700 * time.Millisecond}, 700 * time.Millisecond, 700 * time.Millisecond, "", Late},
		{"silent printer", silent, 9100, Options{}, 5 * time.Second, 5 * time.Second, "", Late},
		{"silent, as many before", silent, 6543, Options{Brief: true}, 500 * time.Millisecond, 500 * time.Millisecond, "", Late},
		{"the same where a greeting is due", silent, 25, Options{Brief: true}, 5 * time.Second, 5 * time.Second, "", Late},
		{"a byte a second", slowly("SSH-2.0-OpenSSH_9.2p1"), 22, Options{}, 5 * time.Second, 5 * time.Second, "ssh", Late},
		{"a byte a second, no language", slowly("zzzzzzzzzz"), 22, Options{}, 5 * time.Second, 5 * time.Second, "", Late},
		{"a byte a second of HTTP", answering(slowly("HTTP/1.1 200 OK\r\n")), 80, Options{Timeout: time.Minute}, 17 * time.Second, 19 * time.Second, "http", Whole},
		{"a byte a second of a page", answering(slowly("HTTP/1.1 200 OK\r\n\r\n<title>x")), 80, Options{Timeout: 25 * time.Second}, 25 * time.Second, 25 * time.Second, "http", Late},
		{"a byte a second of a handshake", answering(slowly("\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03aaaaaaaaa")), 443, Options{}, 5 * time.Second, 5 * time.Second, "tls", Late},
		{"a late greeting", func(c net.Conn) { time.Sleep(3 * time.Second); greet("220 x ESMTP Postfix\r\n", ehloReplies)(c) }, 25,
			Options{}, 3 * time.Second, 3100 * time.Millisecond, "smtp", Whole},
		{"a late page", answering(func(c net.Conn) { time.Sleep(3 * time.Second); io.WriteString(c, hello) }), 80,
			Options{}, 3 * time.Second, 3100 * time.Millisecond, "http", Whole},
		{"a distant server", func(c net.Conn) {
			time.Sleep(480 * time.Millisecond)
			io.WriteString(c, "SSH-2.0-x_1\r\n")
			silent(c)
		}, 6543,
			Options{RTT: 240 * time.Millisecond}, 480 * time.Millisecond, 490 * time.Millisecond, "ssh", Whole},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &pipes{handle: tt.server}
				defer d.work.Wait()
				a, err := Ask(t.Context(), d, netip.AddrPortFrom(netip.IPv6Loopback(), tt.port), tt.o)
				if err != nil {
					t.Fatal(err)
				}
				if a.Elapsed < tt.least || a.Elapsed > tt.most || a.Service != tt.service || a.Cut != tt.cut {
					t.Errorf("%s, %v, %v; want %q, %v, %v to %v", short(a), a.Cut, a.Elapsed, tt.service, tt.cut, tt.least, tt.most)
				}
			})
		})
	}
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		d := &pipes{handle: slowly("220-")}
		defer d.work.Wait()
		a, err := Ask(ctx, d, netip.AddrPortFrom(netip.IPv6Loopback(), 21), Options{Timeout: time.Hour})
		if err != nil || a.Elapsed != time.Second {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

// A server that takes one connection at a time is asked no more by others, and
// the one goes on.
func TestOneConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &pipes{most: 1, handle: func(c net.Conn) {
			time.Sleep(2 * time.Second)
			greet("220 x ESMTP Postfix\r\n", ehloReplies)(c)
		}}
		defer d.work.Wait()
		a, err := Ask(t.Context(), d, netip.AddrPortFrom(netip.IPv6Loopback(), 25), Options{})
		if err != nil || a.Product != "Postfix smtpd" || a.Conns > 3 || a.Elapsed != 2*time.Second {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

// flood says start and then goes on with more for ever, if the other side takes
// it, and counts what it took.
func flood(start, more string, taken *int) handler {
	more = strings.Repeat(more, max(1, 1<<16/len(more)))
	var mu sync.Mutex
	return func(c net.Conn) {
		c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		c.Read(make([]byte, 4096))
		io.WriteString(c, start)
		for range 1 << 14 { // a gigabyte
			n, err := io.WriteString(c, more)
			mu.Lock()
			*taken += n
			mu.Unlock()
			if err != nil {
				return
			}
		}
	}
}

func TestFloods(t *testing.T) {
	for _, tt := range []struct {
		name, start, more string
		port              uint16
		want              string // part of the answer
	}{
		{"zeros", "", "\x00", 6543, "|"},
		{"a line without end", "", "a", 22, "|"},
		{"lines", "", "hello\r\n", 22, "|"},
		{"a greeting without end", "220-vsFTPd FTP\r\n", "220-more\r\n", 21, "ftp|"},
		{"lines before SSH", "", "not yet\r\n", 22, "|"},
		{"a version without end", "SSH-2.0-OpenSSH_9", "9", 22, "ssh|OpenSSH|9"},
		{"fields without end", "HTTP/1.1 200 OK\r\nServer: nginx/1.2.3\r\n", "X: y\r\n", 80, "http|nginx|1.2.3|"},
		{"one field without end", "HTTP/1.1 200 OK\r\nServer: ", "x", 80, "http|"},
		{"interim responses", "", "HTTP/1.1 100 Continue\r\n\r\n", 80, "http|"},
		{"a page without end", "HTTP/1.1 200 OK\r\nServer: nginx/1.2.3\r\n\r\n", "<p>", 80, "http|nginx|1.2.3|"},
		{"a title without end", "HTTP/1.1 200 OK\r\n\r\n<title>", "x", 80, "http|"},
		{"chunks without end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", 80, "http|"},
		{"a chunk size without end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0", 80, "http|"},
		{"a record without end", "\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", "\x03", 443, "tls|"},
		{"warnings", "", "\x15\x03\x03\x00\x02\x01\x00", 443, "tls|"},
		{"escapes", "", "\x1b]0;owned\x07\x1b[2J\xff\xfe\x80\r\n", 6543, "|"},
	} {
		taken := 0
		s := serve(flood(tt.start, tt.more, &taken))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		a := s.ask(t, tt.port, Options{})
		runtime.ReadMemStats(&after)
		if got := short(a); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %.100s, want %s", tt.name, got, tt.want)
		}
		// Buffers of both kernels' sockets take more than is read.
		if a.Elapsed > 3*time.Second || taken > 64<<20 {
			t.Errorf("%s: %v, %d bytes taken", tt.name, a.Elapsed, taken)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
			t.Errorf("%s: %d bytes allocated", tt.name, n)
		}
		if len(a.Banner) > maxLine || len(a.Raw) > maxLine || len(short(a)) > 5*maxField {
			t.Errorf("%s: too much is kept", tt.name)
		}
	}
}

// A certificate chain larger than is read, and one with too many names.
func TestHugeCertificates(t *testing.T) {
	config := &tls.Config{}
	h := overTLS(t, config, page(map[string]string{"": hello}))
	for len(config.Certificates[0].Certificate) < 200 {
		config.Certificates[0].Certificate = append(config.Certificates[0].Certificate, config.Certificates[0].Certificate[0])
	}
	a := serve(h).ask(t, 443, Options{})
	if a.Service != "tls" || a.TLS == nil || a.TLS.Error == "" || a.Cut != Long {
		t.Errorf("%s %v %+v", short(a), a.Cut, a.TLS)
	}
}

// Handshakes and pages that come in the smallest of pieces take no more time
// than their bytes are worth.
func TestPieces(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\n<\r\n", 10000),
		"HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("</titl<", 9000),
		"HTTP/1.1 200 OK\r\n" + strings.Repeat("a:\n", 20000),
		"220-" + strings.Repeat("\n", maxGreeting),
		strings.Repeat("\nSSH", maxGreeting/4),
		"HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("<title", 10000),
		"HTTP/1.1 200 OK\r\n\r\n<title>" + strings.Repeat("</title", 9000),
		strings.Repeat("* OK [", maxGreeting/6),
		"\xff" + strings.Repeat("\x00", maxGreeting),
	} {
		before := spent(t)
		var r response
		b := []byte(text)
		for n := range min(len(b), maxRead) {
			if r.add(b[:n]) {
				break
			}
		}
		for n := range min(len(b), maxGreeting) {
			protocol.Identify(protocol.Said{Bytes: b[:n]})
		}
		if d := spent(t) - before; d > 3*time.Second {
			t.Errorf("%.60q: %v", text, d)
		} else {
			t.Logf("%.60q: %v", text, d)
		}
	}
}

// spent is the time of the processors that the calling thread has used.
func spent(t *testing.T) time.Duration {
	t.Helper()
	const thread = 1 // RUSAGE_THREAD, getrusage(2)
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
