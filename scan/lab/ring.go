package lab

import (
	"encoding/binary"
	"errors"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ringSize is how many frames a ring has room for, and how many bytes for each,
// headers included: what is longer is cut. Both are powers of two.
type ringSize struct{ frames, frame int }

var (
	wholeFrames = ringSize{8192, 2048}
	manyFrames  = ringSize{1 << 17, 128} // a second of a hundred thousand
)

const ringBlock = 64 << 10

// allProtocols is ETH_P_ALL in network byte order.
var allProtocols = binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL})

// ring is a packet socket with a receive ring (packet_mmap). A record belongs to
// the kernel until its status has TP_STATUS_USER, and again after it is zeroed.
type ring struct {
	fd   int
	size ringSize
	mem  []byte
	next int // the record to be filled next
	lost uint64
}

// openRing starts to receive all frames of an interface of the calling thread's
// namespace.
func openRing(ifindex int, size ringSize) (r *ring, err error) {
	// Protocol 0 receives nothing until bind: so never from another interface.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	r = &ring{fd: fd, size: size}
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V2); err != nil {
		return nil, err
	}
	req := unix.TpacketReq{
		Block_size: ringBlock, Block_nr: uint32(size.frames * size.frame / ringBlock),
		Frame_size: uint32(size.frame), Frame_nr: uint32(size.frames),
	}
	if err := unix.SetsockoptTpacketReq(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return nil, err
	}
	r.mem, err = unix.Mmap(fd, 0, size.frames*size.frame, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return r, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: allProtocols, Ifindex: ifindex})
}

// wait blocks until a record is there, at most so long.
func (r *ring) wait(most time.Duration) error {
	if r.fd < 0 {
		return os.ErrClosed
	}
	fds := []unix.PollFd{{Fd: int32(r.fd), Events: unix.POLLIN}}
	end := time.Now().Add(most)
	for {
		ms := int((time.Until(end) + time.Millisecond - 1) / time.Millisecond)
		_, err := unix.Poll(fds, max(ms, 0))
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// drain calls take for each record that is there and gives it back.
func (r *ring) drain(take func(frame)) {
	for range r.size.frames {
		record := r.mem[r.next*r.size.frame:][:r.size.frame]
		status := (*uint32)(unsafe.Pointer(&record[hdrStatus]))
		if atomic.LoadUint32(status)&unix.TP_STATUS_USER == 0 {
			return
		}
		if f, err := parseFrame(record); err == nil {
			take(f)
		} else {
			r.lost++
		}
		atomic.StoreUint32(status, unix.TP_STATUS_KERNEL)
		r.next = (r.next + 1) % r.size.frames
	}
}

// drops returns how many frames found no free record so far.
func (r *ring) drops() (uint64, error) {
	s, err := unix.GetsockoptTpacketStats(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return r.lost, err
	}
	r.lost += uint64(s.Drops) // reading resets it
	return r.lost, nil
}

// Close is idempotent.
func (r *ring) Close() error {
	if r.fd < 0 {
		return nil
	}
	var unmap error
	if r.mem != nil {
		unmap = unix.Munmap(r.mem)
	}
	err := errors.Join(unmap, unix.Close(r.fd))
	r.fd, r.mem = -1, nil
	return err
}
