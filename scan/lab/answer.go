package lab

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"
)

// Answers says how a whole range of IPv4 addresses answers, none of which any
// interface has. The same hash that decides it in the kernel tells it here, see
// Up and Listens: so what a scan reports can be held against the truth.
//
//   - To an echo request comes a reply, to a SYN a SYN-ACK (with MSS 1460) or a
//     RST, to any other segment with ACK a RST, to everything else silence.
//   - Checksums and options of what is asked are not looked at, and no state is
//     kept: a SYN-ACK that nobody acknowledges is not repeated.
type Answers struct {
	Range netip.Prefix // what goes to other addresses is for the host's kernel
	Seed  uint32

	Alive     float64  // this share of the addresses is there; the others are silent
	Open      []uint16 // the TCP ports that are open on each of them
	OpenShare float64  // and of all other ports this share, others at each address
	Dropped   bool     // SYNs to closed ports get no RST, but nothing

	// Loss is the share of the packets that is lost, in each direction, by
	// chance for each packet apart: of the questions 1-(1-Loss)² stay unanswered.
	Loss float64
	// Alone says that the other end of the link is left as it is, for a program of its own:
	// until it has one, answers do not reach it.
	Alone bool
	// Delay is the time there and back together, to within some milliseconds. The
	// kernel still answers at once; a goroutine keeps the answers for so long.
	Delay time.Duration
}

// Up tells whether somebody is at an address.
func (a *Answers) Up(addr netip.Addr) bool {
	return a.Range.Contains(addr) && below(a.hash(addr), a.Alive)
}

// Listens tells whether a TCP port is open at an address.
func (a *Answers) Listens(addr netip.Addr, port uint16) bool {
	if !a.Up(addr) {
		return false
	}
	for _, open := range a.Open {
		if port == open {
			return true
		}
	}
	return below(mix(a.hash(addr)^uint32(port)*portFactor), a.OpenShare)
}

func (a *Answers) hash(addr netip.Addr) uint32 {
	b := addr.As4()
	return mix(binary.BigEndian.Uint32(b[:]) ^ a.Seed)
}

// What mix multiplies with: odd, and with bits all over, so that neighbours have
// nothing in common.
const (
	mixFactor1 = 0x7feb352d
	mixFactor2 = 0x846ca68b
	portFactor = 0x9e3779b1
)

// mix is a bijection of 32 bits in which each bit depends on each other one.
func mix(h uint32) uint32 {
	h ^= h >> 16
	h *= mixFactor1
	h ^= h >> 15
	h *= mixFactor2
	return h ^ h>>16
}

// below tells whether a hash is among this share of all hashes.
func below(hash uint32, share float64) bool { return uint64(hash) < threshold(share) }

// threshold is the count of hashes in a share of them.
func threshold(share float64) uint64 { return uint64(share * (1 << 32)) }

// CanAnswer returns nil where programs can be loaded into the kernel, as Answer
// does, otherwise the error with the errno: usually only the machine's root may.
func CanAnswer() error {
	p, err := ebpf.NewProgram(passProgram())
	if err != nil {
		return err
	}
	return p.Close()
}

// Answer makes the host answer for a range of addresses, at the interface to
// which others send what is meant for the range: they have a route to it by way
// of an address of the host there. The other end of that link must be of the
// same network. The kernel answers right where a frame comes in (XDP), millions
// a second; the time that this takes is counted to whoever sends.
func (h *Host) Answer(iface string, how Answers) {
	h.net.t.Helper()
	if !how.Range.IsValid() || !how.Range.Addr().Is4() {
		h.fail("answers for %v, which is no range of IPv4", how.Range)
	}
	if how.Delay > 0 {
		h.delay(iface, how.Delay)
	}
	h.attach(iface, answerProgram(&how))
	if !how.Alone {
		h.wakePeer(iface)
	}
}

// wakePeer has the other end of a cable take frames that were never in a socket
// buffer, which it does if it has a program itself.
func (h *Host) wakePeer(iface string) {
	h.net.t.Helper()
	far, ok := h.cables[iface]
	if !ok {
		h.fail("%s is not one end of a cable", iface)
	}
	far.Awake(far.iface)
	h.queue(iface)
}

// Awake has an end of a cable take frames that were never in a socket buffer: answers of
// Answer, and what another program of XDP sends.
func (h *Host) Awake(iface string) {
	h.net.t.Helper()
	h.attach(iface, passProgram())
	h.queue(iface)
}

// queue puts a queue before an end of a cable, as there is one before a network
// card: who is too fast has to wait. Without, the cable loses what finds no room
// in the 256 places of the other end.
func (h *Host) queue(iface string) {
	h.net.t.Helper()
	err := h.links.QdiscAdd(&netlink.GenericQdisc{
		QdiscAttrs: netlink.QdiscAttrs{
			LinkIndex: h.Index(iface), Handle: netlink.MakeHandle(1, 0), Parent: netlink.HANDLE_ROOT,
		},
		QdiscType: "pfifo_fast",
	})
	if err != nil {
		h.fail("queue of %s: %v", iface, err)
	}
}

// attach attaches a program to an interface until the network is closed.
func (h *Host) attach(iface string, spec *ebpf.ProgramSpec) {
	h.net.t.Helper()
	p, err := ebpf.NewProgram(spec)
	if err != nil {
		h.fail("program for %s: %+v", iface, err)
	}
	defer p.Close()
	index := h.Index(iface)
	h.do("XDP on "+iface, func() error {
		l, err := link.AttachXDP(link.XDPOptions{Program: p, Interface: index, Flags: link.XDPDriverMode})
		if err == nil {
			h.net.own(l)
		}
		return err
	})
}
