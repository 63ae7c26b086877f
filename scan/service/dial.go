package service

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Dialer opens TCP connections; *net.Dialer is one. address is numeric, network
// "tcp".
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// From returns a Dialer that connects from source, if its address or port is
// given, and calls control, if not nil, for each socket before it connects: to
// bind it to an interface or to set its type of service. See net.Dialer.Control.
func From(source netip.AddrPort, control func(network, address string, c syscall.RawConn) error) Dialer {
	d := &net.Dialer{Control: control, KeepAlive: -1}
	if source.Addr().IsValid() || source.Port() != 0 {
		d.LocalAddr = net.TCPAddrFromAddrPort(source)
	}
	return d
}

// maxRead is how many bytes one connection may send, TLS records included.
const maxRead = 64 << 10

var errTooLong = errors.New("more than is read from one connection")

// line is a connection that can be read only so far and so long.
type line struct {
	net.Conn
	end    time.Time // of the conversation, at the latest
	left   int       // bytes that may still be read
	heard  []byte    // the first of them, at most maxLine; with all set, all of them
	all    bool
	sent   []byte // what was sent, the first maxLine of it
	spoke  *atomic.Bool
	hangUp func() // ends it; may be called again
}

// dial connects to a port, until end at the latest. The connection breaks when ctx
// ends; hangUp must be called all the same.
func (p *port) dial(ctx context.Context, to netip.AddrPort, end time.Time) (*line, error) {
	p.conns.Add(1)
	dialing, dialed := context.WithDeadline(ctx, end)
	c, err := p.dialer.DialContext(dialing, "tcp", to.String())
	dialed()
	if err != nil {
		return nil, err
	}
	broken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(broken)
		c.Close()
	})
	hangUp := sync.OnceFunc(func() {
		if !stop() {
			<-broken
		}
		if tcp, ok := c.(*net.TCPConn); ok && p.Alone {
			tcp.SetLinger(0)
		}
		c.Close()
	})
	return &line{Conn: c, end: end, left: maxRead, hangUp: hangUp, spoke: &p.spoke}, nil
}

// Read returns errTooLong after maxRead bytes.
func (l *line) Read(b []byte) (int, error) {
	if l.left == 0 {
		return 0, errTooLong
	}
	n, err := l.Conn.Read(b[:min(len(b), l.left)])
	l.left -= n
	if l.all {
		l.heard = append(l.heard, b[:n]...)
	} else if room := maxLine - len(l.heard); room > 0 {
		l.heard = append(l.heard, b[:min(n, room)]...)
	}
	return n, err
}

// Write keeps the beginning of what is sent.
func (l *line) Write(b []byte) (int, error) {
	if room := maxLine - len(l.sent); room > 0 {
		l.sent = append(l.sent, b[:min(len(b), room)]...)
	}
	return l.Conn.Write(b)
}

// stream is a line, or TLS over it.
type stream struct {
	net.Conn
	line  *line
	waits waits
	ended bool // nothing more will come
}

// hear reads until enough, which is given all that was read so far, says so. It
// waits for the first byte as long as first says, negative: to the end of the
// line, and then from piece to piece as long as pause says of what is there. It
// reads at most limit bytes, and tells why it stopped short.
func (s *stream) hear(first time.Duration, pause func([]byte) time.Duration, limit int, enough func([]byte) bool) (b []byte, cut Cut) {
	var buffer [4096]byte
	for wait := first; ; wait = pause(b) {
		until := s.line.end
		if t := time.Now().Add(wait); wait >= 0 && t.Before(until) {
			until = t
		}
		s.SetReadDeadline(until)
		n, err := s.Read(buffer[:min(len(buffer), limit-len(b))])
		if n > 0 {
			s.line.spoke.Store(true)
		}
		b = append(b, buffer[:n]...)
		switch {
		case n > 0 && enough(b):
			return b, Whole
		case len(b) == limit, errors.Is(err, errTooLong):
			return b, Long
		case err != nil:
			if !time.Now().Before(s.line.end) {
				return b, Late // it may be us who hung up, with any error
			}
			var ne net.Error
			s.ended = !errors.As(err, &ne) || !ne.Timeout()
			return b, Whole
		}
	}
}

// pause returns how long to wait for what comes after b, in a language of lines.
func (w waits) pause(b []byte) time.Duration {
	if len(b) > 0 && b[len(b)-1] == '\n' {
		return w.binary
	}
	for _, c := range b[max(0, len(b)-64):] {
		if c < ' ' && c != '\r' && c != '\n' && c != '\t' && c != '\x1b' || c == 0xff {
			return w.binary
		}
	}
	return w.prompt
}
