package lab

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const tunDevice = "/dev/net/tun"

// CanTUN returns nil where TUN links can be made, otherwise the error with the
// errno: the device may be missing, or only root may open it.
func CanTUN() error {
	fd, err := unix.Open(tunDevice, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: tunDevice, Err: err}
	}
	return unix.Close(fd)
}

// TUN connects two hosts by a link without Ethernet, as VPNs are: a TUN device
// at each end and two goroutines that carry the packets across. Addresses are
// given by turns, as in Link.
func (n *Network) TUN(a, b *Host, addrs ...string) (ifaceA, ifaceB string) {
	n.t.Helper()
	return n.Emulated(a, b, Impair{}, Impair{}, addrs...)
}

// Emulated is TUN with a link that is not perfect: there is what it does to
// packets from a to b, back to those from b to a. It carries some tens of
// thousand packets a second; a queue of tunQueue packets stands before it.
func (n *Network) Emulated(a, b *Host, there, back Impair, addrs ...string) (ifaceA, ifaceB string) {
	n.t.Helper()
	ifaceA, ifaceB = a.nextName("tun"), b.nextName("tun")
	n.carry(a.tun(ifaceA), b.tun(ifaceB), there, back)
	n.share(a, ifaceA, b, ifaceB, addrs)
	return ifaceA, ifaceB
}

// carry starts the two goroutines of a link.
func (n *Network) carry(endA, endB *os.File, there, back Impair) {
	n.work.Go((&carrier{from: endA, to: endB, dice: newDice(there, 0)}).carry)
	n.work.Go((&carrier{from: endB, to: endA, dice: newDice(back, 1)}).carry)
}

// tunQueue is how many packets may wait for the goroutine that carries them, in
// place of 500: it may have to wait for a busy machine, and nothing is to be
// lost but what the link is told to lose.
const tunQueue = 10_000

// tun makes a TUN device that is up, owned by the network.
func (h *Host) tun(iface string) (f *os.File) {
	h.net.t.Helper()
	h.do("TUN device", func() (err error) { f, err = openTUN(iface); return err })
	h.net.own(f)
	l := h.link(iface)
	if err := h.links.LinkSetTxQLen(l, tunQueue); err != nil {
		h.fail("queue of %s: %v", iface, err)
	}
	if err := h.links.LinkSetUp(l); err != nil {
		h.fail("%s up: %v", iface, err)
	}
	if err := h.awaitUp(iface); err != nil {
		h.fail("%v", err)
	}
	return f
}

// openTUN makes a TUN device in the namespace of the calling thread. It lives as
// long as the file; each read and write is one packet from the IP header on.
func openTUN(iface string) (*os.File, error) {
	fd, err := unix.Open(tunDevice, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: tunDevice, Err: err}
	}
	req, err := unix.NewIfreq(iface)
	if err == nil {
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, req)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("TUNSETIFF: %w", err)
	}
	// Only now can the descriptor be polled, and only a file whose descriptor
	// can be polled when it is made has a Read that Close ends.
	return os.NewFile(uintptr(fd), tunDevice), nil
}
