package service

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"sonde/fingerprint"
)

// handler is a server's side of one connection, which is closed when it returns.
type handler func(net.Conn)

// server is a Dialer that leads to handlers in this process, over the loopback
// interface, whatever address is dialled, and notes which was.
type server struct {
	handle   func(address string) handler // nil: refused
	mu       sync.Mutex
	dialled  []string
	open     int
	mostOpen int
	work     sync.WaitGroup
}

// serve returns a server with one handler for all connections.
func serve(h handler) *server {
	return &server{handle: func(string) handler { return h }}
}

func (s *server) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	h := s.handle(address)
	s.mu.Lock()
	s.dialled = append(s.dialled, address)
	s.mu.Unlock()
	if h == nil {
		return nil, fmt.Errorf("%s: refused", address)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return nil, err
	}
	other, err := l.Accept()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.open++
	s.mostOpen = max(s.mostOpen, s.open)
	s.mu.Unlock()
	s.work.Go(func() {
		defer other.Close()
		h(other)
	})
	return &counted{c, s, sync.Once{}}, nil
}

// counted is a connection that tells when it is closed.
type counted struct {
	net.Conn
	server *server
	once   sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() {
		c.server.mu.Lock()
		c.server.open--
		c.server.mu.Unlock()
	})
	return c.Conn.Close()
}

// ask asks a port of the server and checks what must hold of every question.
func (s *server) ask(t *testing.T, port uint16, o Options) *Answer {
	t.Helper()
	a, err := Ask(t.Context(), s, netip.AddrPortFrom(netip.MustParseAddr("192.0.2.7"), port), o)
	s.work.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if s.open != 0 || s.mostOpen > maxConns || o.Alone && s.mostOpen > 1 {
		t.Errorf("%d connections left open, %d at once", s.open, s.mostOpen)
	}
	if a.Conns != len(s.dialled) {
		t.Errorf("%d connections, said to be %d", len(s.dialled), a.Conns)
	}
	for _, address := range s.dialled {
		if !strings.HasPrefix(address, "192.0.2.7:") {
			t.Errorf("connected to %s", address)
		}
	}
	return a
}

// greet says something and then answers lines by their beginnings, until the
// other side hangs up. "" in replies answers all other lines.
func greet(greeting string, replies map[string]string) handler {
	return func(c net.Conn) {
		if greeting != "" {
			io.WriteString(c, greeting)
		}
		lines := bufio.NewReader(c)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			reply, ok := replies[strings.TrimRight(line, "\r\n")]
			if !ok {
				reply = replies[""]
			}
			io.WriteString(c, reply)
		}
	}
}

// page answers the first request with a response and hangs up; by target, "" for
// all others.
func page(responses map[string]string) handler {
	return func(c net.Conn) {
		lines := bufio.NewReader(c)
		first, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		words := strings.Fields(first)
		if len(words) != 3 || words[0] != "GET" { // as a ClientHello
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
			return
		}
		for line := first; line != "\r\n" && err == nil; line, err = lines.ReadString('\n') {
		}
		response, ok := responses[words[1]]
		if !ok {
			response = responses[""]
		}
		io.WriteString(c, response)
	}
}

// overTLS puts TLS under a handler.
func overTLS(t *testing.T, config *tls.Config, h handler) handler {
	config.Certificates = []tls.Certificate{certificate(t)}
	return func(c net.Conn) {
		s := tls.Server(c, config)
		if s.Handshake() == nil {
			h(s)
			s.CloseWrite()
		}
	}
}

// testPort is a question that is never asked.
func testPort(n uint16) *port {
	return &port{
		Options: Options{Patterns: fingerprint.BuiltinPatterns()},
		to:      netip.AddrPortFrom(netip.MustParseAddr("192.0.2.7"), n),
	}
}

// checkBounds fails for an answer that keeps too much.
func checkBounds(t *testing.T, a *Answer) {
	t.Helper()
	strings := []string{a.Product, a.Version, a.OS, a.Host}
	if a.HTTP != nil {
		strings = append(strings, a.HTTP.Title, a.HTTP.Server, a.HTTP.Auth)
	}
	for _, s := range strings {
		if len(s) > maxField {
			t.Errorf("%d bytes are kept: %q", len(s), s)
		}
	}
	if len(a.Info) > 3*maxField || len(a.Banner) > maxLine || len(a.Raw) > maxLine {
		t.Errorf("too much is kept: %+v", a)
	}
}

var notBefore = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// certificate returns one that signed itself.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "www.example", Organization: []string{"A, B"}},
		NotBefore:    notBefore,
		NotAfter:     notBefore.AddDate(1, 0, 0),
		DNSNames:     []string{"www.example", "*.example"},
		IPAddresses:  []net.IP{net.IPv4(192, 0, 2, 7)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
