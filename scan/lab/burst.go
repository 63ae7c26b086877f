package lab

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// burstSize is how many frames go to the kernel at once. More gains nothing.
const burstSize = 64

// burst sends frames many at a time. What it was given must stay as it is until
// flush.
type burst struct {
	fd       int
	messages [burstSize]message
	pieces   [burstSize]unix.Iovec
	n        int
}

// message is struct mmsghdr.
type message struct {
	unix.Msghdr
	sent uint32
	_    [4]byte
}

// openBurst opens a packet socket that sends through an interface of the calling
// thread's namespace and receives nothing.
func openBurst(ifindex int) (*burst, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: ifindex}); err != nil {
		unix.Close(fd)
		return nil, err
	}
	b := &burst{fd: fd}
	for i := range b.messages {
		b.messages[i].Iov = &b.pieces[i]
		b.messages[i].SetIovlen(1)
	}
	return b, nil
}

// add takes a frame, and sends when there are enough.
func (b *burst) add(frame []byte) error {
	b.pieces[b.n].Base = &frame[0]
	b.pieces[b.n].SetLen(len(frame))
	b.n++
	if b.n < burstSize {
		return nil
	}
	return b.flush()
}

// flush sends what was added.
func (b *burst) flush() error {
	for first := 0; first < b.n; {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(b.fd),
			uintptr(unsafe.Pointer(&b.messages[first])), uintptr(b.n-first), 0, 0, 0)
		switch errno {
		case 0:
			first += int(n)
		case unix.EINTR:
		case unix.ENOBUFS, unix.ENETDOWN: // a frame is lost, as on any link
			first++
		default:
			return errno
		}
	}
	b.n = 0
	return nil
}

func (b *burst) Close() error { return unix.Close(b.fd) }

// Flood sends frames from an interface, one after the other and all of them this
// many times, as fast as one thread can. It shows what a link, and what answers
// behind it, can carry; see Received.
func (h *Host) Flood(iface string, frames [][]byte, times int) {
	h.net.t.Helper()
	index := h.Index(iface)
	h.do("flood "+iface, func() error {
		b, err := openBurst(index)
		if err != nil {
			return err
		}
		for range times {
			for _, f := range frames {
				err = errors.Join(err, b.add(f))
			}
			if err != nil {
				break
			}
		}
		return errors.Join(err, b.flush(), b.Close())
	})
}

// Received returns how many frames have come in through an interface.
func (h *Host) Received(iface string) uint64 {
	h.net.t.Helper()
	return h.link(iface).Attrs().Statistics.RxPackets
}
