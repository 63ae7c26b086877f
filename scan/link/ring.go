package link

import (
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"sonde/scan"
)

// ring is a packet socket whose packets arrive in memory that the kernel shares
// with us (TPACKET_V3, packet_mmap in the kernel's documentation): no call for
// each packet, and room for a burst. A ring is dear to set up, as the kernel waits
// for all its processors, and again to close in place, see leave: only large jobs
// pay for that.
//
// The memory is blocks, which the kernel fills in turn and hands over when one is
// full or ringDelay old. A block is ours until its status is set back.
type ring struct {
	fd    int
	mem   []byte
	next  int    // the block to be handed over next
	block []byte // the one that is ours, nil for none
	left  uint32 // packets in it that were not taken yet
	at    uint32 // where the next one begins in it
	lost  atomic.Uint64
}

const (
	ringBlock = 128 << 10 // bytes: about a thousand small packets
	ringFrame = 2048      // a frame size must be named, but blocks are filled without gaps
	ringDelay = 1         // milliseconds
)

// openRing opens a ring of size bytes for what prog lets in of one EtherType of an
// interface, or of all, for 0: without link-layer headers.
func openRing(iface int, etherType uint16, prog []bpf.Instruction, size int) (r *ring, err error) {
	r = &ring{}
	if r.fd, err = newSocket(unix.AF_PACKET, unix.SOCK_DGRAM, 0); err != nil { // protocol 0 receives nothing
		return nil, err
	}
	defer func() {
		if err != nil {
			r.close()
			r = nil
		}
	}()
	if err = attach(r.fd, prog); err != nil {
		return r, err
	}
	if err = unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return r, os.NewSyscallError("setsockopt", err)
	}
	blocks := uint32(max(2, size/ringBlock))
	req := unix.TpacketReq3{Block_size: ringBlock, Block_nr: blocks, Frame_size: ringFrame,
		Frame_nr: ringBlock / ringFrame * blocks, Retire_blk_tov: ringDelay}
	if err = unix.SetsockoptTpacketReq3(r.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return r, os.NewSyscallError("setsockopt", err)
	}
	if r.mem, err = unix.Mmap(r.fd, 0, ringBlock*int(blocks), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return r, os.NewSyscallError("mmap", err)
	}
	err = unix.Bind(r.fd, &unix.SockaddrLinklayer{Protocol: htons(etherType), Ifindex: iface})
	return r, os.NewSyscallError("bind", err)
}

// fetch fills into with packets of one block. They are borrowed until the next
// call. own are the addresses of the interfaces.
func (r *ring) fetch(into []scan.Packet, own macs, now moment) (n int) {
	if r.left == 0 && !r.turn() {
		return 0
	}
	for ; n < len(into) && r.left > 0; n++ {
		h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&r.block[r.at]))
		from := (*unix.RawSockaddrLinklayer)(unsafe.Pointer(&r.block[r.at+unix.SizeofTpacket3Hdr]))
		at := r.at + uint32(h.Net)
		p := &into[n]
		*p = scan.Packet{Type: htons(from.Protocol), Frame: true, B: r.block[at : at+h.Snaplen : at+h.Snaplen],
			Sums: sumsOf(h.Status), At: now.at(int64(h.Sec)*1e9 + int64(h.Nsec))}
		addressed(p, from, own)
		r.at += h.Next_offset
		r.left--
	}
	return n
}

// turn gives the block that was read back to the kernel, and takes the next one
// if it has been handed over.
func (r *ring) turn() bool {
	if r.block != nil {
		atomic.StoreUint32(r.status(r.block), unix.TP_STATUS_KERNEL)
		r.block = nil
	}
	b := r.mem[r.next*ringBlock : (r.next+1)*ringBlock]
	if atomic.LoadUint32(r.status(b))&unix.TP_STATUS_USER == 0 {
		return false
	}
	h := r.header(b)
	r.block, r.left, r.at = b, h.Num_pkts, h.Offset_to_first_pkt
	if r.next++; r.next*ringBlock == len(r.mem) {
		r.next = 0
	}
	return r.left > 0 || r.turn()
}

// header and status are where a block's description has them (struct
// tpacket_block_desc of linux/if_packet.h).
func (r *ring) header(block []byte) *unix.TpacketHdrV1 {
	return (*unix.TpacketHdrV1)(unsafe.Pointer(&block[unsafe.Offsetof(unix.TpacketBlockDesc{}.Hdr)]))
}

func (r *ring) status(block []byte) *uint32 { return &r.header(block).Block_status }

// dropped returns how many packets found no room so far.
func (r *ring) dropped() uint64 {
	s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return r.lost.Load()
	}
	return r.lost.Add(uint64(s.Drops)) // telling resets it
}

// close waits for the kernel; leave does not.
func (r *ring) close() {
	r.unmap()
	unix.Close(r.fd)
}

// unmap takes the memory away, and with it what fetch lent.
func (r *ring) unmap() {
	if r.mem != nil {
		unix.Munmap(r.mem)
		r.mem = nil
	}
}
