package metrics

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"errors"

	"sonde/scan/report"
)

func listen(t *testing.T) *Server {
	t.Helper()
	s, err := Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	watch(puts{s}, "10.9.0.9", 10)
	return s
}

type puts struct{ s *Server }

func (p puts) Add(r report.Record) { p.s.Put(r) }

// TestServer: what clients of HTTP get.
func TestServer(t *testing.T) {
	s := listen(t)
	get := func(method, path string) (*http.Response, string) {
		t.Helper()
		req, _ := http.NewRequest(method, "http://"+s.Addr()+path, nil)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(body)
	}
	res, body := get("GET", "/metrics")
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != contentType || res.ContentLength != int64(len(body)) {
		t.Errorf("%v", res)
	}
	if got := parse(t, body)[`sonde_watch_rounds_total{target="10.9.0.9"}`]; got != 10 {
		t.Errorf("%v rounds", got)
	}
	for _, tt := range []struct {
		method, path string
		status       int
	}{{"GET", "/metrics?x=1", 200}, {"HEAD", "/metrics", 200}, {"GET", "/", 200}, {"GET", "/other", 404}, {"POST", "/metrics", 405}, {"GET", "/" + strings.Repeat("x", 5000), 431}} {
		res, body := get(tt.method, tt.path)
		if res.StatusCode != tt.status || tt.method == "HEAD" && (body != "" || res.ContentLength < 100) || tt.status == 405 && res.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %.20s: %v, %q", tt.method, tt.path, res, body)
		}
	}
}

// TestInUse: where another one listens, nobody is told otherwise.
func TestInUse(t *testing.T) {
	s := listen(t)
	if _, err := Listen(netip.MustParseAddrPort(s.Addr())); !errors.Is(err, syscall.EADDRINUSE) || !strings.HasPrefix(err.Error(), "--metrics "+s.Addr()+": ") {
		t.Error(err)
	}
}

// answers is what the server says to bytes that come so slowly, in virtual time.
func answers(t *testing.T, sent string, every time.Duration) (said string, after time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &Server{}
		near, far := net.Pipe()
		began := time.Now()
		var both sync.WaitGroup
		both.Go(func() {
			s.serve(far)
			far.Close()
		})
		both.Go(func() {
			for i := range len(sent) {
				if _, err := near.Write([]byte{sent[i]}); err != nil {
					return
				}
				time.Sleep(every)
			}
		})
		b, _ := io.ReadAll(near)
		said, after = string(b), time.Since(began)
		near.Close()
		both.Wait() // what sleeps when the test's own goroutine ends is a deadlock
	})
	return said, after
}

// TestHostile: nobody who speaks slowly, too much, or something else is listened to for long.
func TestHostile(t *testing.T) {
	const good = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, tt := range []struct {
		name, sent string
		every      time.Duration
		want       string
	}{
		{"at once", good, 0, "HTTP/1.1 200 "},
		{"with bare line feeds", "GET / HTTP/1.0\n\n", 0, "HTTP/1.1 200 "},
		{"slowly", good, time.Second, ""},
		{"never whole", "GET /met", 0, ""},
		{"nothing", "", 0, ""},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 0, "HTTP/1.1 400 "},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, "HTTP/1.1 505 "},
		{"a proxy's", "GET http://other/ HTTP/1.1\r\n\r\n", 0, "HTTP/1.1 400 "},
		{"a long field", "GET / HTTP/1.1\r\nX: " + strings.Repeat("y", 5000) + "\r\n\r\n", 0, "HTTP/1.1 431 "},
		{"many fields", "GET / HTTP/1.1\r\n" + strings.Repeat("X: y\r\n", 3000) + "\r\n", 0, "HTTP/1.1 431 "},
	} {
		said, after := answers(t, tt.sent, tt.every)
		if tt.want == "" && said != "" || !strings.HasPrefix(said, tt.want) || after > readTime+lingerTime {
			t.Errorf("%s: %.60q after %v, want %q", tt.name, said, after, tt.want)
		}
	}
}

// TestMany: those who take all places and say nothing are let go by Close, and others who come
// meanwhile are not kept waiting.
func TestMany(t *testing.T) {
	s := listen(t)
	var held []net.Conn
	for range mostClients + 8 {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		held = append(held, c)
	}
	// Those without a place are closed at once.
	closed := make(chan int)
	for i, c := range held {
		go func() {
			io.Copy(io.Discard, c)
			closed <- i
		}()
	}
	for range 8 {
		<-closed
	}
	s.Close()
	for range mostClients {
		<-closed
	}
	if _, err := net.Dial("tcp", s.Addr()); err == nil {
		t.Error("it still listens")
	}
}

func FuzzRequest(f *testing.F) {
	for _, s := range []string{"GET / HTTP/1.1\r\n\r\n", "GET /metrics?x HTTP/1.0\nA: b\n\n", "\x16\x03\x01\n", "GET  HTTP/1.1\r\n\r\n", "\r / HTTP/1.1\r\n\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		method, target, status := request(&io.LimitedReader{R: strings.NewReader(s), N: mostRequest})
		if status == ok && (method == "" || target == "" || strings.ContainsAny(method+target, "\r\n ")) {
			t.Errorf("%q: %q %q", s, method, target)
		}
		if strings.ContainsAny(status, "\r\n") {
			t.Errorf("%q: %s", s, fmt.Sprint(status))
		}
	})
}
