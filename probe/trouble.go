package probe

import (
	"errors"
	"syscall"

	"sonde/probe/wire"
)

// Trouble is why this machine could not ask: the kernel's error number, or one of
// those below, which the kernel has only numbers for that mean other things as well.
type Trouble uint16

// What keeps packets from leaving.
const (
	NoZone           Trouble = 1<<12 + iota // a link-local address that does not say on which link
	Broadcast                               // the address of everybody on a link, not of a host
	RouteBlackhole                          // a route says so
	RouteProhibited                         // a route says so
	RouteUnreachable                        // a route says so
	NoCarrier                               // the interface that the route leads to is down, or without a carrier
	GatewaySilent                           // the next hop answers neither ARP nor ND
	AddressGone                             // our own address went during the run
	RouteChanged                            // the route went, or leads elsewhere, since the run began
	KeptBack                                // the kernel wanted to send it again, and could not: its firewall or its queue has it
	endOfTroubles
)

// troubles are the words for each, and the error number by which the kernel says it.
var troubles = [...]struct {
	words string
	errno syscall.Errno
}{
	0:                         {"a link-local address needs a zone", syscall.EINVAL},
	Broadcast - NoZone:        {"a broadcast address, which is no host's", syscall.EACCES},
	RouteBlackhole - NoZone:   {"a route says blackhole", syscall.EINVAL},
	RouteProhibited - NoZone:  {"a route says prohibited", syscall.EACCES},
	RouteUnreachable - NoZone: {"a route says unreachable", syscall.EHOSTUNREACH},
	NoCarrier - NoZone:        {"the interface of the route is down", syscall.ENETDOWN},
	AddressGone - NoZone:      {"our own address has gone", syscall.EADDRNOTAVAIL},
	RouteChanged - NoZone:     {"the route has changed during the run", syscall.ENETUNREACH},
	GatewaySilent - NoZone:    {"the gateway does not answer", syscall.EHOSTUNREACH},
	KeptBack - NoZone:         {"kept back on this machine: by a firewall, or for want of room", syscall.EPERM},
}

// words are ours for error numbers of the kernel, whose own send people elsewhere.
var words = map[syscall.Errno]string{
	syscall.ENETUNREACH:   "no route",
	syscall.EHOSTUNREACH:  "unreachable",
	syscall.EADDRNOTAVAIL: "no address of ours to send from",
	syscall.ENODEV:        "no such interface",
	syscall.ENXIO:         "the interface has gone",
	syscall.ENETDOWN:      "the interface is down",
	syscall.EAFNOSUPPORT:  "not of the family of the source address",
	syscall.ENOBUFS:       "no room left to send",
	syscall.EMFILE:        "too many open files: ulimit -n allows no more",
	syscall.ENFILE:        "too many open files on this machine",
	syscall.EMSGSIZE:      "larger than the interface takes",
	syscall.EPERM:         "not permitted: by a firewall of this machine, or for want of privileges",
	syscall.EACCES:        "not permitted: by a firewall or a route of this machine",
	syscall.EINVAL:        "refused by the kernel as invalid",
}

// Error says it in words that name the cause.
func (t Trouble) Error() string {
	if t >= NoZone && t < endOfTroubles {
		return troubles[t-NoZone].words
	}
	if w := words[syscall.Errno(t)]; w != "" {
		return w
	}
	return syscall.Errno(t).Error()
}

// TroubleOf finds what err says of this machine's trouble; EIO where that is not known.
func TroubleOf(err error) Trouble {
	var trouble Trouble
	var errno syscall.Errno
	switch {
	case errors.As(err, &trouble):
		return trouble
	case errors.As(err, &errno):
		return Trouble(errno)
	}
	return Trouble(syscall.EIO)
}

// TooLong is that a packet is longer than its interface takes.
const TooLong = Trouble(syscall.EMSGSIZE)

// TroubleSaid is what our own kernel means by an ICMP error about a packet of ours: it
// got no answer from the next hop, or the packet is too long, or else it was told to
// refuse it, by a firewall (the reject of nft(8)) or a route.
func TroubleSaid(m wire.Message) Trouble {
	switch m {
	case wire.HostUnreach, wire.AddrUnreach:
		return GatewaySilent
	case wire.PacketTooBig:
		return TooLong
	}
	return Trouble(syscall.EACCES)
}

// Is makes errors.Is find the kernel's number.
func (t Trouble) Is(target error) bool {
	errno, ok := target.(syscall.Errno)
	if !ok {
		return false
	}
	if t >= NoZone && t < endOfTroubles {
		return troubles[t-NoZone].errno == errno
	}
	return syscall.Errno(t) == errno
}

// Troubles lists all that there are words of ours for.
func Troubles() []Trouble {
	var list []Trouble
	for t := NoZone; t < endOfTroubles; t++ {
		list = append(list, t)
	}
	for errno := range words {
		list = append(list, Trouble(errno))
	}
	return list
}
