package job

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"sonde/scan/service"
)

// unhurried holds a conversation, and holds it anew where there was no descriptor for it in
// its time: that was the time of others, as long as some of these end.
func unhurried[A any](ctx context.Context, f *fpScan, hold func() (A, error)) (A, error) {
	for since, ended := time.Now(), f.ended.Load(); ; {
		a, err := hold()
		if !scarce(err) {
			f.ended.Add(1)
			return a, err
		}
		if n := f.ended.Load(); n != ended {
			since, ended = time.Now(), n
		}
		if ctx.Err() != nil || time.Since(since) > mostScarce {
			return a, err
		}
	}
}

// patientDialer waits for a descriptor where there is none: other conversations end.
type patientDialer struct{ service.Dialer }

// scarcePause is how long it waits before it tries again.
const scarcePause = 20 * time.Millisecond

func (d patientDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return patiently(ctx, func() (net.Conn, error) { return d.Dialer.DialContext(ctx, network, address) })
}

// patientListener is the same for sockets of UDP.
type patientListener struct{ service.Listener }

func (l patientListener) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	return patiently(ctx, func() (net.PacketConn, error) { return l.Listener.ListenPacket(ctx, network, address) })
}

// patiently opens something as soon as there is a descriptor for it. Where the time was up
// before, that is the reason, even if there was one in the last moment.
func patiently[C any](ctx context.Context, open func() (C, error)) (C, error) {
	var none error
	for {
		c, err := open()
		var ne net.Error
		switch {
		case scarce(err):
			none = err
		case none != nil && errors.As(err, &ne) && ne.Timeout():
			return c, none
		default:
			return c, err
		}
		select {
		case <-ctx.Done():
			return c, err
		case <-time.After(scarcePause):
		}
	}
}

// scarce tells whether no connection could be opened for want of descriptors.
func scarce(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
