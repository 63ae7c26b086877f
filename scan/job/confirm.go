package job

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"sonde/probe"
	"sonde/scan/link"
	"sonde/scan/ports"
	"sonde/scan/service"
)

// dialer opens the connections of handshakes and conversations: as the network
// does it, or by the kernel with what the Spec says of packets: the interface, and
// the TOS byte or traffic class.
func (j *job) dialer() service.Dialer {
	if j.network.Dial != nil {
		return j.network.Dial
	}
	if !j.network.Real() {
		return noSockets{}
	}
	return service.From(netip.AddrPortFrom(j.asked.source, 0), socketOptions(j.spec.Way.Iface, j.asked.tos()))
}

// listener opens the sockets of conversations over UDP, likewise.
func (j *job) listener() service.Listener {
	if l, ok := j.network.Dial.(service.Listener); ok {
		return l
	}
	if !j.network.Real() {
		return noSockets{}
	}
	return &net.ListenConfig{Control: socketOptions(j.spec.Way.Iface, j.asked.tos())}
}

// noSockets opens none: what a network that is not the kernel's is asked stays within it.
type noSockets struct{}

func (noSockets) DialContext(context.Context, string, string) (net.Conn, error) {
	return nil, errors.ErrUnsupported
}

func (noSockets) ListenPacket(context.Context, string, string) (net.PacketConn, error) {
	return nil, errors.ErrUnsupported
}

// socketOptions sets what the Spec says of packets on a socket of the kernel's; nil
// where it says nothing.
func socketOptions(iface string, tos uint8) func(network, address string, c syscall.RawConn) error {
	if iface == "" && tos == 0 {
		return nil
	}
	return func(network, _ string, c syscall.RawConn) error {
		var err error
		e := c.Control(func(fd uintptr) {
			if iface != "" {
				err = syscall.BindToDevice(int(fd), iface)
			}
			switch {
			case err != nil || tos == 0:
			case network == "tcp6" || network == "udp6":
				err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS, int(tos))
			default:
				err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_TOS, int(tos))
			}
		})
		return errors.Join(e, err)
	}
}

// handshake is how --confirm asks a port. It counts those for which no connection could be
// opened for want of descriptors, however long others were waited for.
func (j *job) handshake(unopened *atomic.Int64) ports.Confirm {
	dialer := sharingDialer{Dialer: j.dialer(), open: new(atomic.Int64)}
	return func(ctx context.Context, port netip.AddrPort, wait time.Duration) ports.Confirmation {
		c, err := dialer.dial(ctx, port, wait)
		switch {
		case errors.Is(err, syscall.ECONNREFUSED):
			return ports.Refused
		case errors.Is(err, syscall.ECONNRESET): // so quickly that connect was told
			return ports.Cut
		case scarce(err) && ctx.Err() == nil:
			unopened.Add(1)
			return ports.Unopened
		case err != nil:
			return ports.Failed
		}
		defer dialer.open.Add(-1)
		defer c.Close()
		tcp, ok := c.(*net.TCPConn)
		if !ok { // of a network that is not the kernel's
			return ports.Accepted
		}
		stop := context.AfterFunc(ctx, func() { c.Close() })
		defer stop()
		got := link.HalfClose(tcp, wait)
		switch {
		case ctx.Err() != nil:
			return ports.Failed
		case got == link.Acknowledged:
			return ports.Accepted
		case got == link.Reset:
			return ports.Cut
		}
		return ports.Ignored
	}
}

// sharingDialer opens connections that have to share the descriptors that there are.
type sharingDialer struct {
	service.Dialer
	open *atomic.Int64 // how many are
}

// mostScarce is how long there may be no descriptor while no connection has one: then
// others have them, and keep them.
const mostScarce = 5 * time.Second

// dial connects within wait. Where there is no descriptor it waits, while others have some,
// for these to end. What it has opened counts until who called takes it back.
func (d sharingDialer) dial(ctx context.Context, port netip.AddrPort, wait time.Duration) (net.Conn, error) {
	for tries := time.Duration(0); ; tries++ {
		dialing, cancel := context.WithTimeout(ctx, wait)
		c, err := d.DialContext(dialing, "tcp", port.String())
		cancel()
		if err == nil {
			d.open.Add(1)
			return c, nil
		}
		if d.open.Load() > 0 {
			tries = 0
		}
		if !scarce(err) || tries*scarcePause > mostScarce {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(scarcePause):
		}
	}
}

// unconfirmed says for how many open ports no connection could be opened.
func (j *job) unconfirmed(n int64) {
	if n == 0 {
		return
	}
	j.mu.Lock()
	j.outcome.Score.Unasked += int(n)
	j.mu.Unlock()
	j.env.Tell(fmt.Sprintf("%d open ports not confirmed: %v", n, probe.Trouble(syscall.EMFILE)))
}
