package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// T is told what could not be built. It is the part of testing.TB that a lab
// needs. Fatalf must not return; it is called by the goroutine that called the
// lab, and by no other.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Network is a set of hosts and the links between them. It is built by one
// goroutine. Whatever cannot be built ends in T.Fatalf, so that building a
// network reads without error handling.
type Network struct {
	t      T
	home   netns.NsHandle // the namespace of the program itself, where Do returns to
	cancel context.CancelFunc
	ctx    context.Context // ends commands that still run on Close
	work   sync.WaitGroup  // servers and TUN links
	owned  []io.Closer     // closed in reverse order
}

// New returns an empty network. It refuses to run outside a lab, see Enter.
func New(t T) *Network {
	t.Helper()
	n := &Network{t: t}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	if err := Inside(); err != nil {
		n.fail("%v", err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var err error
	if n.home, err = netns.Get(); err != nil {
		n.fail("own network namespace: %v", err)
	}
	n.own(&n.home)
	return n
}

// Close ends all servers, links, captures and commands, waits for their
// goroutines and lets go of all namespaces. It may be called twice.
func (n *Network) Close() error {
	n.cancel()
	var errs []error
	for i := len(n.owned) - 1; i >= 0; i-- {
		if err := n.owned[i].Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			errs = append(errs, err)
		}
	}
	n.owned = nil
	n.work.Wait()
	return errors.Join(errs...)
}

// Host adds a host: a namespace with nothing but a loopback interface, which is
// up. name appears in error messages only.
//
// A host is silent until it is used: no duplicate address detection, no router
// solicitations, no MLD reports. Its segments carry full checksums and are no
// larger than the link, see Offload.
func (n *Network) Host(name string) *Host {
	n.t.Helper()
	h, err := n.newHost(name)
	if err != nil {
		n.fail("host %s: %v", name, err)
	}
	return h
}

// Router adds a host that forwards packets of both families.
func (n *Network) Router(name string) *Host {
	n.t.Helper()
	h := n.Host(name)
	h.Sysctl("net/ipv4/ip_forward", "1")
	h.Sysctl("net/ipv6/conf/all/forwarding", "1")
	return h
}

func (n *Network) newHost(name string) (*Host, error) {
	h := &Host{Name: name, net: n, cables: make(map[string]end)}
	err := onThread(n.home, func() (err error) {
		h.ns, err = netns.New()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("unshare(CLONE_NEWNET): %w", err)
	}
	n.own(&h.ns)
	h.links, err = netlink.NewHandleAt(h.ns, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	n.own(closer(func() error { h.links.Close(); return nil }))
	if err := h.silence(); err != nil {
		return nil, err
	}
	lo, err := h.links.LinkByName("lo")
	if err != nil {
		return nil, err
	}
	return h, h.links.LinkSetUp(lo)
}

// Go runs fn in a goroutine that Close ends, by closing done, and waits for.
func (n *Network) Go(fn func(done <-chan struct{})) {
	n.work.Go(func() { fn(n.ctx.Done()) })
}

// own remembers c for Close.
func (n *Network) own(c io.Closer) { n.owned = append(n.owned, c) }

// fail reports through T.
func (n *Network) fail(format string, args ...any) {
	n.t.Helper()
	n.t.Fatalf("lab: "+format, args...)
	panic("lab: T.Fatalf returned") // the network is not what the caller believes
}

// closer makes an io.Closer of a function.
type closer func() error

func (c closer) Close() error { return c() }

// onThread runs fn on a thread that fn may move to another network namespace and
// that is moved to home afterwards.
func onThread(home netns.NsHandle, fn func() error) error {
	err := errors.New("the function ended its goroutine")
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer func() {
			// A goroutine that ends while it is locked takes its thread with
			// it: so a thread that cannot go home is not used again.
			if netns.Set(home) == nil {
				runtime.UnlockOSThread()
			}
		}()
		err = fn()
	}()
	<-done
	return err
}
