package xdp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

const (
	mostPorts     = 1 << 16
	mostSpans     = 1 << 12
	MostQuestions = 1 << 32 // what the verifier lets a program look up: 2^29 bytes
	mostFrame     = frameHeader + 40 + 60
)

// Shape is what the program must know when it is loaded.
type Shape struct {
	V6        bool
	Iface     int    // by which frames leave and come in
	Options   int    // bytes of TCP options, a multiple of 4
	Timestamp int    // where in them the value of the timestamp stands, an even number; 0: nowhere
	Spans     int    // runs of addresses that targets may be, at most
	Questions uint64 // ports times targets, at most MostQuestions
	Ring      int    // bytes for records that prove to be answers, a power of two of pages
}

func (s *Shape) family() *family {
	if s.V6 {
		return &family6
	}
	return &family4
}

// frame is how many bytes a question has.
func (s *Shape) frame() int { return int(s.family().segment) + tcpHeader + s.Options }

// spans is how many there is room for, a power of two.
func (s *Shape) spans() int { return 1 << bits.Len(uint(max(s.Spans, 1)-1)) }

// Errors of Load.
var (
	ErrOrder = errors.New("the program is for processors that have the low byte first")
	ErrSpans = fmt.Errorf("more than %d ranges of addresses", mostSpans)
	ErrMany  = errors.New("more than 2^32 questions")
	ErrShape = errors.New("TCP options that the program does not write")
)

// maps are what the program and user space share.
type maps struct {
	state, settled, spans, ports, proven, odd *ebpf.Map
}

// Program is loaded into the kernel. One goroutine may Send, another one read answers.
type Program struct {
	shape   Shape
	maps    maps
	program *ebpf.Program
	link    link.Link
	mapped  [][]byte
	state   []byte
	settled []byte
	spans   []byte
	ports   []byte
	proven  ring
	odd     ring
	blank   []byte // a frame of which the program writes every byte
	attr    runAttr
	made    []byte // by runOnce
}

// Load loads the program and its maps. It needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN. The
// error wraps what the kernel said, a syscall.Errno.
func Load(s Shape) (p *Program, err error) {
	switch {
	case binary.NativeEndian.Uint16([]byte{1, 0}) != 1:
		return nil, ErrOrder
	case s.Spans > mostSpans:
		return nil, ErrSpans
	case s.Questions > MostQuestions:
		return nil, ErrMany
	case s.Timestamp%2 != 0 || s.Options%4 != 0 || s.Options > 40:
		return nil, ErrShape
	}
	p = &Program{shape: s}
	defer func() {
		if err != nil {
			p.Close()
			p = nil
		}
	}()
	if err = p.makeMaps(); err != nil {
		return p, fmt.Errorf("maps of BPF: %w", err)
	}
	var c code
	c.add(asm.Mov.Reg(asm.R6, asm.R1), asm.LoadMapValue(asm.R8, p.maps.state.FD(), 0),
		asm.LoadMem(asm.R1, asm.R6, ctxIface, asm.Word), asm.JNE.Imm(asm.R1, loopback, "receive"))
	c.generate(&p.shape, &p.maps)
	c.label = "receive"
	c.receive(&p.shape, &p.maps)
	c.end("drop", xdpDrop)
	c.end("pass", xdpPass)
	p.program, err = ebpf.NewProgramWithOptions(&ebpf.ProgramSpec{Name: "sonde_xdp", Type: ebpf.XDP, Instructions: c.ins, License: "Dual MIT/GPL"},
		ebpf.ProgramOptions{LogDisabled: true})
	if err != nil {
		return p, fmt.Errorf("program of BPF: %w", err)
	}
	return p, nil
}

// Try loads a program that does nothing, and lets go of it: whether the kernel takes any from
// this process. The error wraps what it said, a syscall.Errno.
func Try() error {
	nothing := asm.Instructions{asm.Mov.Imm32(asm.R0, xdpPass), asm.Return()}
	p, err := ebpf.NewProgramWithOptions(&ebpf.ProgramSpec{Name: "sonde_try", Type: ebpf.XDP, Instructions: nothing, License: "Dual MIT/GPL"},
		ebpf.ProgramOptions{LogDisabled: true})
	if err != nil {
		return fmt.Errorf("program of BPF: %w", err)
	}
	return p.Close()
}

// makeMaps makes the maps and maps their memory.
func (p *Program) makeMaps() (err error) {
	words := uint64(1) << bits.Len64((max(p.shape.Questions, 1)+63)/64-1)
	for _, m := range []struct {
		of   **ebpf.Map
		mem  *[]byte
		name string
		size uint64
	}{
		{&p.maps.state, &p.state, "sonde_state", stateSize},
		{&p.maps.settled, &p.settled, "sonde_settled", 8 * words},
		{&p.maps.spans, &p.spans, "sonde_spans", uint64(p.shape.spans()) * uint64(p.shape.family().span)},
		{&p.maps.ports, &p.ports, "sonde_ports", 2 * mostPorts},
	} {
		*m.of, err = ebpf.NewMap(&ebpf.MapSpec{Name: m.name, Type: ebpf.Array, KeySize: 4, ValueSize: uint32(m.size), MaxEntries: 1, Flags: unix.BPF_F_MMAPABLE})
		if err != nil {
			return err
		}
		if *m.mem, err = p.mmap((*m.of).FD(), 0, int(m.size), unix.PROT_READ|unix.PROT_WRITE); err != nil {
			return err
		}
	}
	for _, r := range []struct {
		of   **ebpf.Map
		ring *ring
		name string
		size int
	}{{&p.maps.proven, &p.proven, "sonde_proven", p.shape.Ring}, {&p.maps.odd, &p.odd, "sonde_odd", oddRing}} {
		*r.of, err = ebpf.NewMap(&ebpf.MapSpec{Name: r.name, Type: ebpf.RingBuf, MaxEntries: uint32(r.size)})
		if err != nil {
			return err
		}
		page := unix.Getpagesize()
		consumer, err := p.mmap((*r.of).FD(), 0, page, unix.PROT_READ|unix.PROT_WRITE)
		if err != nil {
			return err
		}
		// The data is there twice, one after the other, so that no record has a gap.
		data, err := p.mmap((*r.of).FD(), int64(page), page+2*r.size, unix.PROT_READ)
		if err != nil {
			return err
		}
		*r.ring = ring{consumer: word(consumer, 0), producer: word(data, 0), data: data[page:], mask: uint64(r.size) - 1}
	}
	return nil
}

// oddRing is how many bytes of segments may wait that prove nothing: anybody can send them.
const oddRing = 1 << 20

func (p *Program) mmap(fd int, offset int64, size, protection int) ([]byte, error) {
	mem, err := unix.Mmap(fd, offset, size, protection, unix.MAP_SHARED)
	if err == nil {
		p.mapped = append(p.mapped, mem)
	}
	return mem, err
}

// Attach has the program receive the frames of its interface: where the driver runs it if
// it can, else where the kernel does for any driver, which is slower; generic says so.
func (p *Program) Attach() (generic bool, err error) {
	o := link.XDPOptions{Program: p.program, Interface: p.shape.Iface, Flags: link.XDPDriverMode}
	if p.link, err = link.AttachXDP(o); err == nil {
		return false, nil
	}
	if errors.Is(err, unix.EBUSY) || errors.Is(err, unix.EEXIST) {
		return false, err
	}
	o.Flags = link.XDPGenericMode
	p.link, err = link.AttachXDP(o)
	return true, err
}

// Close takes the program away. Nobody may use it any more.
func (p *Program) Close() {
	if p.link != nil {
		p.link.Close()
	}
	if p.program != nil {
		p.program.Close()
	}
	for _, mem := range p.mapped {
		unix.Munmap(mem)
	}
	for _, m := range []*ebpf.Map{p.maps.state, p.maps.settled, p.maps.spans, p.maps.ports, p.maps.proven, p.maps.odd} {
		if m != nil {
			m.Close()
		}
	}
	*p = Program{}
}

// runAttr is what BPF_PROG_RUN is given (union bpf_attr in linux/bpf.h).
type runAttr struct {
	fd, result        uint32
	inSize, outSize   uint32
	in, out           uint64
	repeat, duration  uint32
	ctxIn, ctxOut     uint32
	ctxInAt, ctxOutAt uint64
	flags, cpu        uint32
	batch, padding    uint32
}

const (
	progRun    = 10 // BPF_PROG_RUN
	liveFrames = 2  // BPF_F_TEST_XDP_LIVE_FRAMES
	batch      = 64 // more at a time are more than the queue of a veth takes
)

// run has the program make so many frames.
func (p *Program) run(frames int) error {
	p.attr = runAttr{fd: uint32(p.program.FD()), inSize: uint32(len(p.blank)), in: uint64(uintptr(unsafe.Pointer(&p.blank[0]))),
		repeat: uint32(frames), flags: liveFrames, batch: uint32(min(batch, frames))}
	_, _, errno := unix.Syscall(unix.SYS_BPF, progRun, uintptr(unsafe.Pointer(&p.attr)), unsafe.Sizeof(p.attr))
	runtime.KeepAlive(p)
	if errno != 0 && errno != unix.EINTR && errno != unix.EAGAIN {
		return errno
	}
	return nil
}

// runOnce has the program make one frame, which comes back, and returns its verdict.
func (p *Program) runOnce() (verdict uint32, err error) {
	if p.made == nil {
		p.made = make([]byte, mostFrame)
	}
	p.attr = runAttr{fd: uint32(p.program.FD()), inSize: uint32(len(p.blank)), in: uint64(uintptr(unsafe.Pointer(&p.blank[0]))),
		outSize: mostFrame, out: uint64(uintptr(unsafe.Pointer(&p.made[0])))}
	_, _, errno := unix.Syscall(unix.SYS_BPF, progRun, uintptr(unsafe.Pointer(&p.attr)), unsafe.Sizeof(p.attr))
	runtime.KeepAlive(p)
	if errno != 0 {
		return 0, errno
	}
	return p.attr.result, nil
}

func word(mem []byte, at int) *uint64 { return (*uint64)(unsafe.Pointer(&mem[at])) }

func (p *Program) set(at int, v uint64)  { atomic.StoreUint64(word(p.state, at), v) }
func (p *Program) get(at int) (v uint64) { return atomic.LoadUint64(word(p.state, at)) }
