package simnet

import (
	"net/netip"
	"time"

	"sonde/probe/wire"
)

// flight is one packet on its way.
type flight struct {
	b        []byte // from the IP header, or ARP message, on; owned
	etype    uint16
	stage    stage
	back     bool // towards us
	injected bool
	iface    int16
	hop      int16 // index into the path's routers
	path     int32 // index into paths; negative: over the link only
	line     int32 // the host's; negative: a router is the host
	group    *group
	addr     netip.Addr // the far end: the host's address
	mac      wire.MAC   // of who is next to us
	hidden   uint8      // how much more has been counted down than its TTL says
	arrived  time.Duration
}

// stage is where a flight is: what it has to pass next.
type stage uint8

const (
	atIface      stage = iota // the line on our interface
	atRouterLine              // the line before router hop
	atRouter                  // router hop itself
	atHostLine                // the host's line
	atHost                    // the host
	atDead                    // a router that has given up looking for the host
	atFailed                  // our kernel, which has given up looking for the next hop
	atUs                      // our machine
)

const (
	flightBits = 10 // flights are allocated by 1024
	flightSize = 96 // bytes of a new flight's buffer: most probes are smaller
)

// flights is the store of all flights. Those not in use keep their buffers.
type flights struct {
	blocks [][]flight
	free   []int32
}

func (s *flights) at(i int32) *flight {
	return &s.blocks[i>>flightBits][i&(1<<flightBits-1)]
}

// get returns a clean flight, which stays where it is until put.
func (s *flights) get() (int32, *flight) {
	if len(s.free) == 0 {
		block := make([]flight, 1<<flightBits)
		buf := make([]byte, flightSize<<flightBits)
		base := int32(len(s.blocks)) << flightBits
		for i := range block {
			block[i].b = buf[i*flightSize : i*flightSize : (i+1)*flightSize]
			s.free = append(s.free, base+int32(i))
		}
		s.blocks = append(s.blocks, block)
	}
	i := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	f := s.at(i)
	*f = flight{b: f.b[:0]}
	return i, f
}

func (s *flights) put(i int32) { s.free = append(s.free, i) }

// copy returns a second flight like i.
func (s *flights) copy(i int32) int32 {
	j, f := s.get()
	b := f.b
	*f = *s.at(i)
	f.b = append(b, f.b...)
	return j
}

// inUse returns how many flights are out.
func (s *flights) inUse() int { return len(s.blocks)<<flightBits - len(s.free) }
