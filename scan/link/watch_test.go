package link

import (
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestWatch: what goes is noticed, also where it went between the opening of the watch
// and the making of the table, or came back at once; and as long as the kernel's word is
// unread, that is told.
func TestWatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		goes, comes func(p *pair)
		now         bool // it stays away
	}{
		{"carrier", func(p *pair) { p.server.Down("eth0") }, nil, true},
		{"carrier, and back", func(p *pair) { p.server.Down("eth0") }, func(p *pair) { p.server.Up("eth0") }, false},
		{"interface, and back", func(p *pair) { p.client.Down("eth0") }, func(p *pair) { p.client.Up("eth0") }, false},
		{"address", func(p *pair) { p.client.TakeAddr("eth0", "10.9.0.1/24", "fd09::1/64") }, nil, true},
		{"address, and back", func(p *pair) { p.client.TakeAddr("eth0", "10.9.0.1/24", "fd09::1/64") },
			func(p *pair) { p.client.Addr("eth0", "10.9.0.1/24", "fd09::1/64") }, false},
		{"another address", func(p *pair) { p.client.Addr("eth0", "10.9.0.7/24", "fd09::7/64") }, nil, false},
	} {
		p := newPair(t)
		var w *Watch
		var table *Table
		on(t, p.client, func() (err error) {
			if w, err = OpenWatch(); err != nil {
				return err
			}
			table, err = NewTable(slices.Values(ranges(t, p.theirs...)), nil, RouteOptions{})
			return err
		})
		defer w.Close()
		before := time.Now()
		w.take(table)
		w.ended.Go(w.checkCarriers)
		for end := time.Now().Add(waits); w.checked.Load() < 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		}
		tt.goes(p)
		if tt.comes != nil {
			tt.comes(p)
		}
		time.Sleep(2 * fresh)
		if !w.Changing(time.Now()) { // nobody has read what the kernel says
			t.Errorf("%s: nothing changes", tt.name)
		}
		w.ended.Go(func() { p.client.Do(func() error { w.follow(); return nil }) })
		for end := time.Now().Add(waits); w.Changing(time.Now()) && time.Now().Before(end); time.Sleep(time.Millisecond) {
		}
		after := time.Now()
		for way := range table.Ways() {
			if table.ways[way].Err != nil {
				continue
			}
			lost := w.Lost(uint16(way), before)
			if nothing := tt.name == "another address"; (lost == 0) != nothing {
				t.Errorf("%s: way %d: %q since before", tt.name, way, lost)
			}
			if is := w.Lost(uint16(way), after.Add(time.Second)); (is != 0) != tt.now {
				t.Errorf("%s: way %d: %q now", tt.name, way, is)
			}
		}
	}
}

// TestWatchFails: a watch that does not learn any more what changes says so, whichever of
// its sockets fails, and does not ask a socket that has failed again and again; before, it
// is content.
func TestWatchFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fails func(t *testing.T, w *Watch)
		ends  bool // nobody reads any more
	}{
		{"what tells of changes", func(t *testing.T, w *Watch) { replaceSocket(t, w.raw) }, true},
		{"what tells of carriers", func(t *testing.T, w *Watch) {
			raw, err := w.links.SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			replaceSocket(t, raw)
		}, false},
	} {
		p := newPair(t)
		var w *Watch
		on(t, p.client, func() (err error) {
			if w, err = OpenWatch(); err != nil {
				return err
			}
			table, err := NewTable(slices.Values(ranges(t, p.theirs...)), nil, RouteOptions{})
			if err == nil {
				w.take(table)
			}
			return err
		})
		followed := make(chan struct{})
		w.ended.Go(func() { p.client.Do(func() error { w.follow(); return nil }); close(followed) })
		w.ended.Go(w.checkCarriers)
		p.client.Addr("eth0", "10.9.0.7/24", "fd09::7/64")
		for end := time.Now().Add(waits); w.Changing(time.Now()) && time.Now().Before(end); time.Sleep(time.Millisecond) {
		}
		if err := w.Err(); err != nil {
			t.Errorf("%s: %v, before anything failed", tt.name, err)
		}
		tt.fails(t, w)
		p.client.Addr("eth0", "10.9.0.8/24", "fd09::8/64")
		for end := time.Now().Add(waits); w.Err() == nil && time.Now().Before(end); time.Sleep(2 * fresh) {
			w.Changing(time.Now())
		}
		if w.Err() == nil {
			t.Errorf("%s has failed: not said", tt.name)
		}
		if tt.ends {
			select {
			case <-followed:
			case <-time.After(waits):
				t.Errorf("%s has failed: it is still read", tt.name)
			}
		}
		w.Close()
	}
}

// replaceSocket makes a descriptor one that can be waited for, but is no socket.
func replaceSocket(t *testing.T, raw syscall.RawConn) {
	t.Helper()
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if err := raw.Control(func(fd uintptr) {
		if err := unix.Dup3(int(null.Fd()), int(fd), unix.O_CLOEXEC); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
}
