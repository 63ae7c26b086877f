package link

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Closing is what the other side did when we ended our half of a connection.
type Closing uint8

const (
	Nothing      Closing = iota // within the wait
	Acknowledged                // it acknowledged our end, ended its own, or said something
	Reset
)

// tcpFinWait2 is the state of a connection whose end has been acknowledged
// (include/net/tcp_states.h; RFC 9293 §3.3.2).
const tcpFinWait2 = 5

// HalfClose ends our half of a connection that has just been established, without
// sending a byte, and tells what the other side made of it. Who has only played
// the other side so far, as a SYN proxy does, cannot acknowledge the end before
// the true one is there: such a connection has no window yet. It blocks for wait at
// most.
func HalfClose(c *net.TCPConn, wait time.Duration) Closing {
	end := time.Now().Add(wait)
	if err := c.CloseWrite(); err != nil {
		return closingOf(err)
	}
	var b [1]byte
	for step := time.Millisecond; ; step = min(2*step, 50*time.Millisecond) {
		c.SetReadDeadline(time.Now().Add(step))
		n, err := c.Read(b[:])
		var late net.Error
		switch {
		case n > 0 || errors.Is(err, io.EOF):
			return Acknowledged
		case !errors.As(err, &late) || !late.Timeout():
			return closingOf(err)
		case acknowledged(c):
			return Acknowledged
		case !time.Now().Before(end):
			return Nothing
		}
	}
}

// closingOf reads an error of a connection.
func closingOf(err error) Closing {
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ENOTCONN) {
		return Reset
	}
	return Nothing
}

// acknowledged tells whether the other side has acknowledged our end.
func acknowledged(c *net.TCPConn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	state := uint8(0)
	raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			state = info.State
		}
	})
	return state == tcpFinWait2
}
