package lab

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

const (
	delayBlock  = 128 << 10 // bytes
	delayBlocks = 256       // 200,000 small frames: as long as 50 ms at 4 million a second
	delayFrame  = 2048      // a size must be named, but blocks are filled without gaps
	delayRetire = 1         // ms after which a block is handed over that is not full

	// delayStep is how long the line sleeps at least, so that it has many frames
	// to send when it wakes up.
	delayStep = 500 * time.Microsecond
	// delayPatience is how long it waits for frames before it looks whether the
	// network is being closed.
	delayPatience = 20 * time.Millisecond
)

// delayLine sends frames that an XDP program has made out of others back to where
// they came from, some time after they came. They stay where the kernel put them
// (TPACKET_V3, packet_mmap in the kernel's documentation), which costs nothing.
type delayLine struct {
	delay time.Duration
	fd    int
	mem   []byte
	out   *burst
}

// delay starts a line on an interface. What comes in there for another Ethernet
// address than its own is what is to be sent.
func (h *Host) delay(iface string, delay time.Duration) {
	h.net.t.Helper()
	d := &delayLine{delay: delay, fd: -1}
	index := h.Index(iface)
	h.do("delay on "+iface, func() error { return d.open(index) })
	ended := make(chan error, 1)
	h.net.work.Go(func() { ended <- d.run(h.net.ctx) })
	h.net.own(closer(func() error { return errors.Join(<-ended, d.close()) }))
}

func (d *delayLine) open(ifindex int) (err error) {
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if d.out, err = openBurst(ifindex); err != nil {
		return err
	}
	// Protocol 0 receives nothing until bind.
	if d.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
		return err
	}
	if err = filterOthers(d.fd); err != nil {
		return err
	}
	if err = unix.SetsockoptInt(d.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return err
	}
	req := unix.TpacketReq3{
		Block_size: delayBlock, Block_nr: delayBlocks,
		Frame_size: delayFrame, Frame_nr: delayBlock / delayFrame * delayBlocks,
		Retire_blk_tov: delayRetire,
	}
	if err = unix.SetsockoptTpacketReq3(d.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return err
	}
	d.mem, err = unix.Mmap(d.fd, 0, delayBlock*delayBlocks, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	return unix.Bind(d.fd, &unix.SockaddrLinklayer{Protocol: allProtocols, Ifindex: ifindex})
}

// filterOthers lets a packet socket receive only what is for other hosts.
func filterOthers(fd int) error {
	code, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.PACKET_OTHERHOST, SkipTrue: 1},
		bpf.RetConstant{Val: 0xffff},
		bpf.RetConstant{Val: 0},
	})
	if err != nil {
		return err
	}
	filter := make([]unix.SockFilter, len(code))
	for i, c := range code {
		filter[i] = unix.SockFilter{Code: c.Op, Jt: c.Jt, Jf: c.Jf, K: c.K}
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
}

// run carries frames until ctx ends. It says if some found no room: then the
// network was not what its builder asked for.
func (d *delayLine) run(ctx context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for next := 0; ctx.Err() == nil; {
		block := d.mem[next*delayBlock:][:delayBlock]
		about := (*unix.TpacketHdrV1)(unsafe.Pointer(&block[unsafe.Offsetof(unix.TpacketBlockDesc{}.Hdr)]))
		if atomic.LoadUint32(&about.Block_status)&unix.TP_STATUS_USER == 0 {
			if err := d.wait(); err != nil {
				return err
			}
			continue
		}
		if err := d.send(ctx, block, about); err != nil {
			return err
		}
		atomic.StoreUint32(&about.Block_status, unix.TP_STATUS_KERNEL)
		next = (next + 1) % delayBlocks
	}
	s, err := unix.GetsockoptTpacketStatsV3(d.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err == nil && s.Drops > 0 {
		err = fmt.Errorf("delay: no room for %d of %d frames", s.Drops, s.Packets)
	}
	return err
}

// wait waits a little for a block.
func (d *delayLine) wait() error {
	fds := []unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLIN}}
	_, err := unix.Poll(fds, int(delayPatience.Milliseconds()))
	if errors.Is(err, unix.EINTR) {
		return nil
	}
	return err
}

// send sends the frames of a block, each when its time has come.
func (d *delayLine) send(ctx context.Context, block []byte, about *unix.TpacketHdrV1) error {
	now := time.Now()
	at := about.Offset_to_first_pkt
	for range about.Num_pkts {
		header := (*unix.Tpacket3Hdr)(unsafe.Pointer(&block[at]))
		due := time.Unix(int64(header.Sec), int64(header.Nsec)).Add(d.delay)
		if due.After(now) {
			if err := d.out.flush(); err != nil {
				return err
			}
			time.Sleep(max(due.Sub(now), delayStep))
			if ctx.Err() != nil {
				return nil
			}
			now = time.Now()
		}
		start := at + uint32(header.Mac)
		if err := d.out.add(block[start : start+header.Snaplen]); err != nil {
			return err
		}
		at += header.Next_offset
	}
	return d.out.flush()
}

func (d *delayLine) close() error {
	var errs []error
	if d.out != nil {
		errs = append(errs, d.out.Close())
	}
	if d.mem != nil {
		errs = append(errs, unix.Munmap(d.mem))
	}
	if d.fd >= 0 {
		errs = append(errs, unix.Close(d.fd))
	}
	return errors.Join(errs...)
}
