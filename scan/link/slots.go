package link

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sonde/probe"
	"sonde/scan"
)

// Slots hold the open sockets of Sockets. A slot is reserved, settled with a
// socket, taken by Recv when something happened and given back, and dropped when
// the try is cancelled. The generation tells events of an earlier use apart.

// key names a try.
type key struct {
	run uint32
	p   probe.Probe
}

// slot is one open socket. busy: Recv is at it; whoever else wants it closed
// sets gone.
type slot struct {
	try        try
	generation int32
	used       bool
	busy, gone bool
}

// try is one question on its way.
type try struct {
	key
	fd     int
	socket probe.Socket
	shared bool          // UDP: hears what is meant for other tries, too
	check  []byte        // ping: the message that an answer must repeat
	told   syscall.Errno // connect: of the ICMP error that was last read
	deaf   bool          // this machine refuses to read from the socket
}

// reserve finds a slot for k.
func (s *Sockets) reserve(k key) (i, generation int32, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, twice := s.byKey[k]; twice {
		return 0, 0, syscall.EALREADY
	}
	if len(s.byKey)+len(s.idle) >= s.limit {
		s.closeIdle()
	}
	if len(s.byKey) >= s.limit {
		return 0, 0, scan.ErrFull
	}
	if n := len(s.free); n > 0 {
		i, s.free = s.free[n-1], s.free[:n-1]
	} else {
		i = int32(len(s.slots))
		s.slots = append(s.slots, slot{})
	}
	sl := &s.slots[i]
	*sl = slot{try: try{key: k, fd: -1}, generation: sl.generation + 1, used: true}
	s.byKey[k] = i
	return i, sl.generation, nil
}

// settle puts the try into its reserved slot.
func (s *Sockets) settle(i int32, t try) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slots[i].try = t
}

// drop frees slot i and closes its socket, unless Recv is at it: then Recv will.
// It returns how many tries are left.
func (s *Sockets) drop(i, generation int32) (others int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sl := &s.slots[i]
	if !sl.used || sl.generation != generation {
		return len(s.byKey)
	}
	delete(s.byKey, sl.try.key)
	if sl.busy {
		sl.gone = true
	} else {
		s.clear(i)
	}
	return len(s.byKey)
}

// clear closes slot i's socket and makes the slot free; s.mu is held. Closing
// does not block: TCP sockets do not linger.
func (s *Sockets) clear(i int32) {
	sl := &s.slots[i]
	if sl.try.fd >= 0 {
		unix.Close(sl.try.fd)
	}
	*sl = slot{generation: sl.generation}
	s.free = append(s.free, i)
}

// take hands slot i to Recv; ok is false where it was given up meanwhile.
func (s *Sockets) take(i, generation int32) (t try, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sl := &s.slots[i]
	if !sl.used || sl.generation != generation || sl.try.fd < 0 {
		return try{}, false
	}
	sl.busy = true
	return sl.try, true
}

// giveBack returns slot i with what was learned of t: done says that nothing
// more can come of it. It reports whether the try was cancelled meanwhile.
func (s *Sockets) giveBack(i int32, t *try, done bool) (gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sl := &s.slots[i]
	sl.busy, sl.try.told = false, t.told
	gone = sl.gone
	if done && !gone {
		delete(s.byKey, sl.try.key)
	}
	if done || gone {
		s.clear(i)
	}
	return gone
}
