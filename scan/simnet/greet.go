package simnet

import (
	"context"
	"net"
	"net/netip"
	"syscall"
)

// Greetings is what simulated servers say to whoever connects, by port, of every
// host. It is a dialer for conversations, which the simulation of packets has no
// part in: a server greets, and then listens until the other side has closed.
type Greetings map[uint16]string

// DialContext connects to a server that has a greeting; every other port refuses.
func (g Greetings) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	greeting, ok := g[to.Port()]
	if !ok {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		if _, err := theirs.Write([]byte(greeting)); err != nil {
			return
		}
		b := make([]byte, 512)
		for {
			if _, err := theirs.Read(b); err != nil {
				return
			}
		}
	}()
	return conversation{ours, net.TCPAddrFromAddrPort(to)}, ctx.Err()
}

// conversation is one side of a pipe with the address of the other.
type conversation struct {
	net.Conn
	to *net.TCPAddr
}

func (c conversation) RemoteAddr() net.Addr { return c.to }

// Servers are a few that greet as real ones do: ssh, ftp and smtp.
func Servers() Greetings {
	return Greetings{
		21: "220 (vsFTPd 3.0.3)\r\n",
		22: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
		25: "220 mail.example ESMTP Postfix (Debian/GNU)\r\n",
	}
}
