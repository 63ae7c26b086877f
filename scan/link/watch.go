package link

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mdlayher/netlink"
	"go4.org/netipx"
	"golang.org/x/sys/unix"

	"sonde/probe"
	"sonde/scan"
)

// Watch learns what becomes of the ways of a Table: an address of ours that goes, a
// route, an interface or a carrier, until Close. The kernel tells of changes by
// rtnetlink; what they mean for the ways is asked anew then.
type Watch struct {
	conn  *netlink.Conn
	raw   syscall.RawConn
	done  chan struct{}
	ended sync.WaitGroup
	began time.Time

	table   *Table
	samples []netip.Addr // by way: an address that takes it; zero: none does
	fates   []fate       // by way

	// untold: the kernel has told of a change that is not looked at yet.
	untold atomic.Bool
	late   atomic.Int64 // since when Changing has said so without a pause, from began on; 0: it does not

	links   *netlink.Conn  // of the goroutine that looks at carriers
	flips   map[int]uint32 // of the same: how often the carrier of an interface had come or gone
	wanted  chan struct{}  // that it does
	checked atomic.Int64   // when its latest look began, from began on

	failed atomic.Pointer[error] // why it does not learn of all changes any more
}

// fate is what has become of a way: by what the kernel has told, and by its carrier.
type fate struct{ told, carrier ailment }

// ailment is a trouble that may pass.
type ailment struct {
	now    atomic.Uint32 // a probe.Trouble; 0: it is as it was
	latest atomic.Uint32 // the latest that it had
	healed atomic.Int64  // when it was found to be over, from began on; 0: never
}

const (
	// pauseOfWatch is how long the watch rests after a look: changes come in groups, and
	// a busy router may have many.
	pauseOfWatch = 20 * time.Millisecond
	// mostBehind is how long the watch may lag behind the kernel before nobody waits for
	// it any more: somewhere routes may change all the time.
	mostBehind = 250 * time.Millisecond
	// fresh is for how long a look at the carriers holds in any case. Answers are waited for
	// at least twice as long, so what it found was so after the question had left.
	fresh = 5 * time.Millisecond
)

// OpenWatch begins to listen. It is opened before the Table is made that it is to
// Follow, so that no change falls between the two.
func OpenWatch() (*Watch, error) {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return nil, err
	}
	for _, group := range []uint32{unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR,
		unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE, unix.RTNLGRP_IPV4_RULE, unix.RTNLGRP_IPV6_RULE} {
		if err = conn.JoinGroup(group); err != nil {
			break
		}
	}
	w := &Watch{conn: conn, done: make(chan struct{}), began: time.Now(), wanted: make(chan struct{}, 1), flips: map[int]uint32{}}
	if err == nil {
		w.raw, err = conn.SyscallConn()
	}
	if err == nil {
		w.links, err = netlink.Dial(unix.NETLINK_ROUTE, nil)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	w.checked.Store(-int64(fresh) - 1) // nobody has yet
	return w, nil
}

// Follow begins to watch the ways of t. It is called once.
func (w *Watch) Follow(t *Table) {
	w.take(t)
	w.ended.Go(w.follow)
	w.ended.Go(w.checkCarriers)
}

// take takes the ways of t as those to watch.
func (w *Watch) take(t *Table) {
	w.table, w.samples, w.fates = t, make([]netip.Addr, len(t.ways)), make([]fate, len(t.ways))
	for _, s := range t.known {
		if !w.samples[s.way].IsValid() {
			w.samples[s.way] = s.first
		}
	}
	for a, way := range t.zoned {
		w.samples[way] = a
	}
}

// Close ends it.
func (w *Watch) Close() {
	close(w.done)
	w.conn.Close() // what waits for the kernel's word ends
	w.ended.Wait()
	w.links.Close()
}

// Err tells why the watch has not learned of all changes, nil if it has: what Lost does
// not tell of may have been lost all the same.
func (w *Watch) Err() error {
	if err := w.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// fail notes the first reason.
func (w *Watch) fail(err error) { w.failed.CompareAndSwap(nil, &err) }

// Lost tells what has become of a way at any time since, 0 if nothing: what left before
// a loss was over may not have left, or not as it was meant.
func (w *Watch) Lost(way uint16, since time.Time) probe.Trouble {
	f, at := &w.fates[way], int64(since.Sub(w.began))
	if t := f.told.since(at); t != 0 {
		return t
	}
	return f.carrier.since(at)
}

// since is the trouble that there was at any time since, 0 if none.
func (a *ailment) since(at int64) probe.Trouble {
	if now := a.now.Load(); now != 0 {
		return probe.Trouble(now)
	}
	if healed := a.healed.Load(); healed != 0 && at < healed {
		return probe.Trouble(a.latest.Load())
	}
	return 0
}

// Changing tells whether something may have changed that Lost knows nothing of yet: the
// kernel has told of it, or nobody has looked at the carriers just now, of which it tells
// up to a second later (net/core/link_watch.c). Then it is found out. A look since is not
// done again. Where changes never end, that is soon no reason to wait.
func (w *Watch) Changing(since time.Time) bool {
	now := int64(time.Since(w.began))
	waits := w.untold.Load()
	if !waits {
		_ = w.raw.Control(func(fd uintptr) { waits = readable(int(fd)) }) // closed: nothing waits
	}
	if checked := w.checked.Load(); now-checked > int64(fresh) && checked < int64(since.Sub(w.began)) {
		waits = true
		select {
		case w.wanted <- struct{}{}:
		default:
		}
	}
	if !waits {
		w.late.Store(0)
		return false
	}
	w.late.CompareAndSwap(0, now)
	return now-w.late.Load() < int64(mostBehind)
}

// readable tells whether something waits at a socket.
func readable(fd int) bool {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(p, 0)
	return err == nil && n > 0
}

// follow looks at the ways whenever the kernel tells of a change.
func (w *Watch) follow() {
	into := make([]byte, 64<<10)
	for {
		var passing []uint16
		var unread error
		err := w.raw.Read(func(fd uintptr) bool {
			if !readable(int(fd)) {
				return false
			}
			w.untold.Store(true) // before it is taken, so that it is in sight at any time
			passing, unread = w.drain(int(fd), into)
			return true
		})
		if err != nil {
			return // it is closed
		}
		if unread != nil { // it would say the same again
			w.fail(unread)
			w.untold.Store(false)
			return
		}
		w.look(passing)
		w.untold.Store(false)
		select {
		case <-w.done:
			return
		case <-time.After(pauseOfWatch):
		}
	}
}

// drain takes all that the kernel has told, and returns the ways whose interface or
// address went, if perhaps only for a moment. The error is of reading.
func (w *Watch) drain(fd int, into []byte) (passing []uint16, err error) {
	for {
		n, _, err := unix.Recvfrom(fd, into, unix.MSG_DONTWAIT)
		switch {
		case err == unix.EINTR, err == unix.ENOBUFS: // more than it has room for is a change, too
			continue
		case err == unix.EAGAIN:
			return passing, nil
		case err != nil:
			return passing, os.NewSyscallError("recvfrom", err)
		}
		messages, err := syscall.ParseNetlinkMessage(into[:n])
		if err != nil {
			continue // it is a change all the same
		}
		for i := range messages {
			for way := range w.fates {
				if w.gone(&messages[i], &w.table.ways[way]) {
					passing = append(passing, uint16(way))
				}
			}
		}
	}
}

// gone tells whether a message of rtnetlink says that the interface of a way is off,
// without carrier or away, or that our address there has gone. The message begins with
// struct ifinfomsg or struct ifaddrmsg (rtnetlink(7)).
func (w *Watch) gone(m *syscall.NetlinkMessage, way *scan.Way) bool {
	b := m.Data
	if way.Err != nil || len(b) < unix.SizeofIfAddrmsg || int(binary.NativeEndian.Uint32(b[4:])) != way.Iface {
		return false
	}
	switch m.Header.Type {
	case unix.RTM_DELLINK:
		return b[0] == unix.AF_UNSPEC // else it only left a bridge
	case unix.RTM_NEWLINK:
		return len(b) >= unix.SizeofIfInfomsg && binary.NativeEndian.Uint32(b[8:])&unix.IFF_RUNNING == 0 // up, and with a carrier
	case unix.RTM_DELADDR:
		attributes, err := syscall.ParseNetlinkRouteAttr(m)
		for i := range attributes {
			a, ok := netip.AddrFromSlice(attributes[i].Value)
			local := attributes[i].Attr.Type == unix.IFA_LOCAL || attributes[i].Attr.Type == unix.IFA_ADDRESS
			if err == nil && ok && local && a == way.Src.WithZone("") {
				return true
			}
		}
	}
	return false
}

// look finds out what has become of the ways. Those of passing had some trouble, of which
// nothing may be left.
func (w *Watch) look(passing []uint16) {
	var ranges []netipx.IPRange
	var zoned []netip.Addr
	for _, a := range w.samples {
		switch {
		case a.Zone() != "":
			zoned = append(zoned, a)
		case a.IsValid():
			ranges = append(ranges, netipx.IPRangeFrom(a, a))
		}
	}
	now, err := NewTable(slices.Values(ranges), zoned, w.table.opt)
	if _, unknown := errors.AsType[notAsked](err); unknown {
		w.fail(err)
		return
	}
	at := int64(time.Since(w.began))
	for _, way := range passing {
		w.fates[way].told.become(probe.NoCarrier, at)
	}
	for i, a := range w.samples {
		switch {
		case !a.IsValid():
		case err != nil: // the interface of -e is down, or has gone
			w.fates[i].told.become(probe.TroubleOf(err), at)
		default:
			w.fates[i].told.become(change(&w.table.ways[i], &now.ways[now.Way(a)], now), at)
		}
	}
}

// become notes what a way is found to be.
func (a *ailment) become(t probe.Trouble, at int64) {
	switch {
	case t != 0:
		a.latest.Store(uint32(t))
	case a.now.Load() != 0:
		a.healed.Store(at) // before it is told to be as it was
	}
	a.now.Store(uint32(t))
}

// change tells what is not as it was with a way that now is another.
func change(was, is *scan.Way, now *Table) probe.Trouble {
	switch {
	case was.Err != nil: // it never was one
		return 0
	case was.Own.IsValid() && !now.Local(was.Own):
		return probe.AddressGone
	case is.Err != nil:
		return probe.TroubleOf(is.Err)
	case is.Iface != was.Iface || is.Next != was.Next:
		return probe.RouteChanged
	case is.Src != was.Src && !now.Local(was.Src): // a better one beside it is no loss
		return probe.AddressGone
	}
	return 0
}
