package lab

import (
	"errors"
	"net"
	"net/netip"
	"strconv"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// TCP listens on ports, on all of the host's addresses of both families, and
// closes each connection as soon as it is accepted.
func (h *Host) TCP(ports ...int) {
	h.net.t.Helper()
	for _, port := range ports {
		h.Serve(port, func(net.Conn) {})
	}
}

// Serve listens on a TCP port, on all of the host's addresses of both families,
// and calls handler for each connection in a goroutine of its own. The connection
// is closed when handler returns; the network's Close closes it under handler.
func (h *Host) Serve(port int, handler func(net.Conn)) {
	h.net.t.Helper()
	var l net.Listener
	h.do("listen", func() (err error) {
		l, err = net.Listen("tcp", ":"+strconv.Itoa(port))
		return err
	})
	h.net.own(l)
	n := h.net
	n.work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n.work.Go(func() {
				// Closed twice, by whichever comes first: the end of handler,
				// or the end of the network.
				defer c.Close()
				ended := make(chan struct{})
				defer close(ended)
				n.work.Go(func() {
					select {
					case <-n.ctx.Done():
						c.Close()
					case <-ended:
					}
				})
				handler(c)
			})
		}
	})
}

// udpBuffer lets a responder fall behind by some thousand datagrams. The kernel
// gives as much of it as net.core.rmem_max allows.
const udpBuffer = 4 << 20

// Responder answers a UDP datagram, nil meaning silence. query is borrowed.
type Responder func(query []byte, from netip.AddrPort) (reply []byte)

// Sink takes every datagram and never answers: the port is open and silent.
func Sink([]byte, netip.AddrPort) []byte { return nil }

// Echo answers every datagram with itself.
func Echo(query []byte, _ netip.AddrPort) []byte { return query }

// UDP listens on a UDP port, on all of the host's addresses of both families.
// The answer comes from the address that was asked, of however many the host has.
func (h *Host) UDP(port int, answer Responder) {
	h.net.t.Helper()
	h.do("listen", func() error {
		p4, err := net.ListenPacket("udp4", ":"+strconv.Itoa(port))
		if err != nil {
			return err
		}
		h.net.own(p4)
		p4.(*net.UDPConn).SetReadBuffer(udpBuffer)
		c4 := ipv4.NewPacketConn(p4)
		if err := c4.SetControlMessage(ipv4.FlagDst, true); err != nil {
			return err
		}
		h.net.work.Go(func() { respond4(c4, answer) })

		p6, err := net.ListenPacket("udp6", ":"+strconv.Itoa(port))
		if err != nil {
			return err
		}
		h.net.own(p6)
		p6.(*net.UDPConn).SetReadBuffer(udpBuffer)
		c6 := ipv6.NewPacketConn(p6)
		if err := c6.SetControlMessage(ipv6.FlagDst, true); err != nil {
			return err
		}
		h.net.work.Go(func() { respond6(c6, answer) })
		return nil
	})
}

// respond4 answers until the socket is closed. Read errors other than that are
// ICMP errors to earlier answers.
func respond4(c *ipv4.PacketConn, answer Responder) {
	b := make([]byte, 65536)
	for {
		n, about, from, err := c.ReadFrom(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		if reply := answer(b[:n], from.(*net.UDPAddr).AddrPort()); reply != nil {
			c.WriteTo(reply, &ipv4.ControlMessage{Src: about.Dst}, from)
		}
	}
}

func respond6(c *ipv6.PacketConn, answer Responder) {
	b := make([]byte, 65536)
	for {
		n, about, from, err := c.ReadFrom(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		if reply := answer(b[:n], from.(*net.UDPAddr).AddrPort()); reply != nil {
			c.WriteTo(reply, &ipv6.ControlMessage{Src: about.Dst, IfIndex: about.IfIndex}, from)
		}
	}
}
