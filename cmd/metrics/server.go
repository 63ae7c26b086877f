package metrics

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
	"unicode"

	"sonde/scan/job"
	"sonde/scan/report"
	"sonde/scan/watched"
)

// Bounds of what strangers may take: net/http would have them, too, and a megabyte of program
// with them (client_golang three more), for one page that is asked for by GET.
const (
	mostClients = 8
	mostRequest = 8 << 10         // bytes of a request
	readTime    = 5 * time.Second // for a whole request
	writeTime   = 10 * time.Second
	lingerTime  = 500 * time.Millisecond // what more a client sends is read away, so that it reads the answer
	pause       = 50 * time.Millisecond  // when no connection can be taken
)

// contentType is that of the text format.
const contentType = "text/plain; version=0.0.4; charset=utf-8"

// Server answers GET /metrics (RFC 9112), one request a connection. Put and Close are safe for
// concurrent use.
type Server struct {
	listener net.Listener
	wg       sync.WaitGroup
	slots    chan struct{}
	closed   chan struct{}
	once     sync.Once

	mu      sync.Mutex // of what follows
	model   watched.Model
	clients map[net.Conn]struct{}
	text    []byte // for reuse
}

// Listen opens an address, and answers from then on.
func Listen(addr netip.AddrPort) (*Server, error) {
	l, err := net.Listen("tcp", addr.String())
	if err != nil {
		return nil, fmt.Errorf("--metrics %s: cannot listen there: %w", addr, cause(err))
	}
	s := &Server{listener: l, slots: make(chan struct{}, mostClients), closed: make(chan struct{}), clients: map[net.Conn]struct{}{}}
	s.wg.Go(s.accept)
	return s, nil
}

// Start listens where --metrics says, before privileges are given up; nil where it does not.
// tell is told which port that is, if any may be.
func Start(s *job.Spec, tell func(string)) (*Server, error) {
	if s.Show.Metrics == "" {
		return nil, nil
	}
	addr, err := s.MetricsAddr()
	if err != nil {
		return nil, err
	}
	m, err := Listen(addr)
	if err == nil && addr.Port() == 0 {
		tell("metrics are at http://" + m.Addr() + "/metrics")
	}
	return m, err
}

// cause is what the kernel says, without what it was asked.
func cause(err error) error {
	for next := err; next != nil; next = errors.Unwrap(next) {
		err = next
	}
	return err
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Put takes a record, which is borrowed. Of a nil Server it does nothing, and so does Close.
func (s *Server) Put(r report.Record) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.model.Add(r)
}

// Close ends all that is under way, and returns when nothing is.
func (s *Server) Close() {
	if s == nil {
		return
	}
	s.once.Do(func() {
		close(s.closed)
		s.listener.Close()
		s.mu.Lock()
		for c := range s.clients {
			c.Close()
		}
		s.mu.Unlock()
	})
	s.wg.Wait()
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			select {
			case <-s.closed:
				return
			case <-time.After(pause): // too many descriptors, say
				continue
			}
		}
		select {
		case s.slots <- struct{}{}:
			if !s.keep(c) {
				return
			}
			s.wg.Go(func() {
				defer func() { <-s.slots }()
				defer s.drop(c)
				s.serve(c)
			})
		default: // who comes when all places are taken may come again
			c.Close()
		}
	}
}

// keep notes a connection for Close; false: it is closed already.
func (s *Server) keep(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closed:
		c.Close()
		return false
	default:
	}
	s.clients[c] = struct{}{}
	return true
}

func (s *Server) drop(c net.Conn) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.clients, c)
}

// serve answers the one request of a connection.
func (s *Server) serve(c net.Conn) {
	c.SetDeadline(time.Now().Add(readTime))
	method, target, status := request(&io.LimitedReader{R: c, N: mostRequest})
	if status == "" {
		return // it went away, or never said anything whole
	}
	c.SetDeadline(time.Now().Add(writeTime))
	body, kind := []byte(status+"\n"), "text/plain; charset=utf-8"
	if status == ok {
		switch path, _, _ := strings.Cut(target, "?"); {
		case method != "GET" && method != "HEAD":
			status = "405 Method Not Allowed"
		case path == "/metrics":
			body, kind = s.render(), contentType
		case path == "/":
			body = []byte("sonde trace --watch: /metrics\n")
		default:
			status = "404 Not Found"
		}
		if status != ok {
			body = []byte(status + "\n")
		}
	}
	head := fmt.Appendf(nil, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\nX-Content-Type-Options: nosniff\r\n", status, kind, len(body))
	if strings.HasPrefix(status, "405") {
		head = append(head, "Allow: GET, HEAD\r\n"...)
	}
	head = append(head, "\r\n"...)
	if method != "HEAD" {
		head = append(head, body...)
	}
	if _, err := c.Write(head); err != nil {
		return
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	c.SetDeadline(time.Now().Add(lingerTime))
	io.Copy(io.Discard, io.LimitReader(c, mostRequest))
}

// render is the page. It is the client's to keep.
func (s *Server) render() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = Append(s.text[:0], &s.model)
	return bytes.Clone(s.text)
}

const ok = "200 OK"

// request reads the head of a request (RFC 9112 section 3), whose fields do not matter here.
// status is what is to be said of it: ok, or what is wrong; "": nothing, since it is not whole.
func request(limited *io.LimitedReader) (method, target, status string) {
	r := bufio.NewReader(limited)
	line, err := r.ReadSlice('\n')
	if err != nil {
		return "", "", unread(err, limited)
	}
	words := strings.Split(strings.TrimRight(string(line), "\r\n"), " ")
	if len(words) != 3 || words[0] == "" || strings.ContainsFunc(words[0]+words[1], unicode.IsControl) || !strings.HasPrefix(words[1], "/") && words[1] != "*" {
		return "", "", "400 Bad Request"
	}
	if words[2] != "HTTP/1.1" && words[2] != "HTTP/1.0" {
		return "", "", "505 HTTP Version Not Supported"
	}
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return "", "", unread(err, limited)
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return words[0], words[1], ok
		}
	}
}

// unread is what is said of a request that is not whole: if it is because it is too large,
// something.
func unread(err error, limited *io.LimitedReader) string {
	if errors.Is(err, bufio.ErrBufferFull) || errors.Is(err, io.EOF) && limited.N <= 0 {
		return "431 Request Header Fields Too Large"
	}
	return ""
}
