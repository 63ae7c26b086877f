package payload

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// link is what servers are asked by that serve no loopback, or none but other
// machines: link0 is theirs, and we are at the other end, in a namespace of our
// own.
type link struct {
	namespace int // file descriptor
}

var (
	link4, ourLink4 = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	link6, ourLink6 = netip.MustParseAddr("fd00:2::1"), netip.MustParseAddr("fd00:2::2")
)

func newLink(t *testing.T) link {
	t.Helper()
	var l link
	if err := onThread(func() (err error) {
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			l.namespace, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		}
		return err
	}); err != nil {
		t.Fatalf("namespace of the link: %v", err)
	}
	t.Cleanup(func() { unix.Close(l.namespace) })
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "link0"},
		PeerName: "link1", PeerNamespace: netlink.NsFd(l.namespace)}
	if err := netlink.LinkAdd(pair); err != nil {
		t.Fatalf("link: %v", err)
	}
	if err := configure("link0", link4, link6); err != nil {
		t.Fatal(err)
	}
	if err := l.inside(func() error { return configure("link1", ourLink4, ourLink6) }); err != nil {
		t.Fatal(err)
	}
	return l
}

// inside calls f at our end of the link; sockets that it makes stay there.
func (l link) inside(f func() error) error {
	return onThread(func() error {
		if err := unix.Setns(l.namespace, unix.CLONE_NEWNET); err != nil {
			return err
		}
		return f()
	})
}

// onThread calls f on a thread that ends with it, whatever namespace it is in
// by then.
func onThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- f()
	}()
	return <-done
}

// configure gives a link addresses and takes it into operation.
func configure(name string, addrs ...netip.Addr) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := netlink.LinkSetUp(l); err != nil {
		return fmt.Errorf("%s up: %w", name, err)
	}
	for _, a := range addrs {
		on := &netlink.Addr{Flags: unix.IFA_F_NODAD,
			IPNet: &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(a.BitLen()*3/4, a.BitLen())}}
		if err := netlink.AddrAdd(l, on); err != nil {
			return fmt.Errorf("%v on %s: %w", a, name, err)
		}
	}
	return nil
}
