package scan_test

import (
	"context"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

// fewSockets is a kernel that has room for limit questions at once. Odd ports
// refuse a millisecond after they are asked, or at once; even ones stay silent.
type fewSockets struct {
	t      *testing.T
	limit  int
	atOnce bool
	byHost bool  // odd and even are addresses, not ports
	err    error // what every question is refused with; nil: it is not

	mu      sync.Mutex
	open    map[probe.Probe]bool
	asked   map[uint16]int // how often, by port
	looks   int            // by the last try that there is
	answers chan scan.Answer
	closed  chan struct{}
}

func newFewSockets(t *testing.T, limit int) *fewSockets {
	return &fewSockets{t: t, limit: limit, open: map[probe.Probe]bool{}, asked: map[uint16]int{},
		answers: make(chan scan.Answer, 1000), closed: make(chan struct{})}
}

func (s *fewSockets) Ask(run uint32, how probe.Socket, p probe.Probe, data []byte, at *scan.Answer) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case how != probe.SocketConnect:
		s.t.Errorf("port %d is asked by socket %d", p.Port, how)
	case s.err != nil:
		return false, s.err
	case len(s.open) >= s.limit:
		return false, scan.ErrFull
	}
	s.asked[p.Port]++
	if p.Try == scan.MostTries {
		s.looks++
	}
	if s.refuses(p) && s.atOnce {
		*at = scan.Answer{Run: run, Probe: p, Reply: probe.Reply{Event: probe.Answer, From: p.Target, TCP: wire.TCP{Flags: wire.RST | wire.ACK}}}
		return true, nil
	}
	s.open[p] = true
	if s.refuses(p) {
		r := probe.Reply{Event: probe.Answer, From: p.Target, TCP: wire.TCP{Flags: wire.RST | wire.ACK}}
		time.AfterFunc(time.Millisecond, func() { s.answers <- scan.Answer{Run: run, Probe: p, Reply: r} })
	}
	return false, nil
}

func (s *fewSockets) refuses(p probe.Probe) bool {
	if s.byHost {
		return p.Target.As4()[3]%2 == 1
	}
	return p.Port%2 == 1
}

func (s *fewSockets) Kept(uint32, probe.Probe) bool { return false }

func (s *fewSockets) Cancel(_ uint32, p probe.Probe) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, p)
}

func (s *fewSockets) Recv(into []scan.Answer) (int, error) {
	select {
	case into[0] = <-s.answers:
		return 1, nil
	case <-s.closed:
		return 0, scan.ErrClosed
	}
}

func (s *fewSockets) Waiting() bool { return len(s.answers) > 0 }

func (s *fewSockets) Close() error { close(s.closed); return nil }

// oneWay leads everywhere.
type oneWay struct{}

func (oneWay) Ways() []scan.Way {
	return []scan.Way{{Src: netip.MustParseAddr("192.0.2.1"), Own: netip.MustParseAddr("192.0.2.1")}}
}
func (oneWay) Way(netip.Addr) uint16 { return 0 }
func (oneWay) Local(netip.Addr) bool { return false }

// oneTarget is a scan.Targets of one address.
type oneTarget struct{ netip.Addr }

func (o oneTarget) Len() uint64                       { return 1 }
func (o oneTarget) At(uint64) netip.Addr              { return o.Addr }
func (o oneTarget) Index(a netip.Addr) (uint64, bool) { return 0, a == o.Addr }

// askKernel asks ports 1 to last by connect and returns the results by port.
func askKernel(t *testing.T, s scan.Sockets, timing scan.Timing, last, sourcePort uint16) map[uint16]scan.Result {
	t.Helper()
	results := map[uint16]scan.Result{}
	plan := scan.Plan{Targets: oneTarget{netip.MustParseAddr("192.0.2.7")}, Kinds: []probe.Kind{probe.Connect}, Sockets: true, SourcePort: sourcePort}
	for port := range last {
		plan.Asks = append(plan.Asks, scan.Ask{Port: port + 1})
	}
	cfg := scan.Config{Sockets: s, Routes: oneWay{}, Start: time.Now(), Timing: timing, Ports: probe.Ports{First: 40000, N: 1000}}
	err := scan.Serve(cfg, func(e *scan.Engine) error {
		ctx, stop := context.WithTimeout(context.Background(), 20*time.Minute)
		defer stop()
		_, err := e.Run(ctx, &plan, func(r *scan.Result) { results[r.Probe.Port] = *r })
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return results
}

// TestFewDescriptors: where all sockets are taken by silent ports, questions
// wait for as long as it takes, and none is decided by what this machine lacks.
func TestFewDescriptors(t *testing.T) {
	for _, test := range []struct {
		name       string
		timeout    time.Duration
		sourcePort uint16
		tries      int
		atOnce     bool
	}{
		{"as measured", 0, 0, 3, false},
		{"patient", 10 * time.Second, 0, 3, false},
		{"one source port", 0, 4025, 1, false},
		{"answered at once", 0, 0, 3, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newFewSockets(t, 4)
				s.atOnce = test.atOnce
				timing := scan.Template(3)
				timing.Timeout = test.timeout
				got := askKernel(t, s, timing, 200, test.sourcePort)
				for port := uint16(1); port <= 200; port++ {
					r, ok := got[port]
					want := probe.Verdict{State: probe.Filtered, Reason: probe.NoResponse}
					if port%2 == 1 {
						want = probe.Verdict{State: probe.Closed, Reason: probe.ConnRefused, Final: true}
					}
					if !ok || r.Verdict != want {
						t.Errorf("port %d: %+v %+v, want %+v", port, r.Verdict, r.Reply, want)
					}
					// A Result tells how often a silent port was asked at least.
					if n := s.asked[port]; port%2 == 0 && (n < min(2, test.tries) || n > test.tries || int(r.Tries) < min(2, n) || int(r.Tries) > n) {
						t.Errorf("port %d: asked %d times, and %d are told", port, s.asked[port], r.Tries)
					}
				}
				if len(s.open) != 0 {
					t.Errorf("left open: %v", s.open)
				}
			})
		})
	}
}

// TestSecondLookBySockets: the second look of a sweep has a socket of its own, which
// waits for room as others do and is closed in the end.
func TestSecondLookBySockets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFewSockets(t, 4)
		s.byHost = true
		plan := scan.Plan{Targets: targets(t, "192.0.2.64/26"), Kinds: []probe.Kind{probe.Connect}, Sockets: true,
			Asks: asks(0, 80, 443), Settle: scan.SettleGroup, Order: scan.ByBlock}
		cfg := scan.Config{Sockets: s, Routes: oneWay{}, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: 40000, N: 1000}}
		up := map[netip.Addr]bool{}
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			_, err := e.Run(context.Background(), &plan, func(r *scan.Result) {
				if r.Reply.Event == probe.Answer {
					up[r.Probe.Target] = true
				}
			})
			return err
		})
		if err != nil || len(up) != 32 {
			t.Errorf("%d hosts up, want 32; %v", len(up), err)
		}
		if len(s.open) != 0 {
			t.Errorf("left open: %v", s.open)
		}
		if s.looks < 16 || s.looks > 32 { // none where tries were far apart, before round trips were known
			t.Errorf("%d second looks at 32 silent hosts", s.looks)
		}
	})
}

// TestNoDescriptors: what the machine lacks for long is told as its own error.
func TestNoDescriptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFewSockets(t, 4)
		s.err = syscall.ENFILE
		began := time.Now()
		got := askKernel(t, s, scan.Template(3), 20, 0)
		if took := time.Since(began); took < 5*time.Second || took > 7*time.Second {
			t.Errorf("it took %v", took)
		}
		for port := uint16(1); port <= 20; port++ {
			r := got[port]
			if r.Verdict != (probe.Verdict{State: probe.Unknown, Reason: probe.ReasonLocalError}) || r.Reply.Errno != uint16(syscall.ENFILE) || r.Tries != 0 {
				t.Errorf("port %d: %+v", port, r)
			}
		}
	})
}
