package lab

import (
	"container/heap"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// underway is a packet on its way through a link that takes time.
type underway struct {
	due   time.Time
	order uint64 // of two that are due at the same time, the smaller arrives first
	to    *os.File
	data  []byte
}

// transit is a heap of the packets under way, by arrival.
type transit []underway

func (t transit) Len() int { return len(t) }
func (t transit) Less(i, j int) bool {
	if t[i].due.Equal(t[j].due) {
		return t[i].order < t[j].order
	}
	return t[i].due.Before(t[j].due)
}
func (t transit) Swap(i, j int) { t[i], t[j] = t[j], t[i] }
func (t *transit) Push(x any)   { *t = append(*t, x.(underway)) }
func (t *transit) Pop() any {
	last := len(*t) - 1
	u := (*t)[last]
	*t = (*t)[:last]
	return u
}

// carrier is one direction of a link that this process carries across.
type carrier struct {
	from, to *os.File
	dice     *dice
	transit  transit
	order    uint64
	turn     time.Time // when the packet that was sent last is due, unless it is late
}

// carry carries packets across until from is closed. A packet that its end does
// not take (it is down, or closed) is lost, as on any link.
func (c *carrier) carry() {
	b := make([]byte, 65536+14)
	for {
		c.arrive(time.Now())
		var wake time.Time // zero: no deadline
		if len(c.transit) > 0 {
			wake = c.transit[0].due
		}
		c.from.SetReadDeadline(wake)
		n, err := c.from.Read(b)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case errors.Is(err, unix.ENETDOWN): // pulled, for now
		case err != nil:
			return
		default:
			now := time.Now()
			c.arrive(now) // first, so that nothing overtakes it
			c.depart(now, b[:n])
		}
	}
}

// arrive hands over what is due.
func (c *carrier) arrive(now time.Time) {
	for len(c.transit) > 0 && !now.Before(c.transit[0].due) {
		u := heap.Pop(&c.transit).(underway)
		u.to.Write(u.data)
	}
}

// depart decides on a packet that came in. packet is borrowed.
func (c *carrier) depart(now time.Time, packet []byte) {
	f := c.dice.throw()
	if f.copies == 0 {
		return
	}
	due := now.Add(f.after)
	if due.Before(c.turn) {
		due = c.turn
	}
	c.turn = due
	due = due.Add(f.late)
	if c.dice.Hook == nil {
		c.launch(now, due, c.to, packet, f.copies)
		return
	}
	on, back := c.dice.Hook(append([]byte(nil), packet...))
	for _, p := range on {
		c.launch(now, due, c.to, p, f.copies)
	}
	for _, p := range back {
		c.launch(now, due, c.from, p, f.copies)
	}
}

// launch puts a packet on its way, or hands it over where that takes no time.
func (c *carrier) launch(now, due time.Time, to *os.File, packet []byte, copies int) {
	for range copies {
		if !due.After(now) {
			to.Write(packet)
			continue
		}
		c.order++
		heap.Push(&c.transit, underway{due, c.order, to, append([]byte(nil), packet...)})
	}
}
