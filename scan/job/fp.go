package job

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/semaphore"

	"sonde/fingerprint"
	"sonde/probe"
	"sonde/scan"
	"sonde/scan/report"
	"sonde/scan/service"
	"sonde/scan/trace"
)

// Bounds of fp.
const (
	servicesAtOnce  = 128                     // ports that are asked at the same time, over all hosts
	servicePatient  = 1500 * time.Millisecond // and ten round trips, for a port
	datagramPatient = 1800 * time.Millisecond // likewise, for a UDP port: RADIUS servers wait for a second before they reject
	greetingsAtOnce = 512                     // ports beside these whose greeting is waited for, which takes no more than a socket
	// greetingPatient is for greetings where they are due. Mail servers let clients
	// wait for 5 or 6 s to see who cannot; a server that looks up our name in vain
	// greets after 5 or 10 s.
	greetingPatient = 11 * time.Second
	routesAtOnce    = 16
	thoroughTimes   = 4 // so much longer a port is asked with --thorough
	// muteAlike is how many ports of a host may stay silent to all questions before others
	// of it that no protocol is known for are asked but briefly: they behave alike.
	muteAlike = 48
	routeHops = 30
)

// fpScan asks open ports what they are, and traces the way to their hosts,
// beside the scan that finds them.
type fpScan struct {
	*job
	wg     sync.WaitGroup
	room   *semaphore.Weighted // for conversations
	hall   *semaphore.Weighted // for those that wait for a greeting
	routes *semaphore.Weighted // nil: no way is traced
	dialer service.Dialer
	listen service.Listener
	// patterns name products; nil: the built-in ones. theirs are those of them that the user brought.
	patterns, theirs *fingerprint.Patterns

	ended atomic.Int64 // conversations that had a descriptor
	os    *systems     // nil: nobody asks which system a host is

	mu         sync.Mutex
	traced     map[netip.Addr]bool
	mute       map[netip.Addr]int // ports that said nothing
	again      crowd              // what is asked once more
	identified int                // ports that said what they are
	refused    int                // that answered, but not in a language that is known
	silent     int                // that are open and said nothing
	quietAsked map[netip.Addr]int // silent UDP ports that are asked
	unasked    int                // to which this machine could open no connection
	stats      scan.Stats
	err        error
}

func newFPScan(j *job) *fpScan {
	return &fpScan{job: j, room: semaphore.NewWeighted(servicesAtOnce), hall: semaphore.NewWeighted(greetingsAtOnce),
		dialer: patientDialer{j.dialer()}, listen: patientListener{j.listener()}, traced: map[netip.Addr]bool{}, mute: map[netip.Addr]int{}, quietAsked: map[netip.Addr]int{}, stats: scan.NoStats()}
}

// open takes a port that was just found open by a kind.
func (f *fpScan) open(ctx context.Context, res *scan.Result, kind probe.Kind) {
	addr, port, rtt, match := res.Probe.Target, res.Probe.Port, max(res.RTT, 0), res.Reply.Match
	end := f.os.begin(addr)
	f.wg.Go(func() {
		defer end()
		if f.room.Acquire(ctx, 1) != nil {
			return
		}
		leave := f.enter(rtt)
		defer leave()
		to := netip.AddrPortFrom(addr, port)
		if kind.Traits().Datagram {
			f.exchange(ctx, to, rtt, match)
		} else {
			f.talk(ctx, to, rtt)
		}
	})
	if f.routes == nil {
		return
	}
	f.mu.Lock()
	first := !f.traced[addr]
	f.traced[addr] = true
	f.mu.Unlock()
	if first {
		f.wg.Go(func() { f.route(ctx, addr, port, kind) })
	}
	if !kind.Traits().Datagram {
		f.os.open(ctx, res)
	}
}

// enter counts a conversation that has a place in the room. When it has had the time
// that others have, it only waits for a greeting, and gives its place to another if
// there is one in the hall. leave is to be called at its end.
func (f *fpScan) enter(rtt time.Duration) (leave func()) {
	var mu sync.Mutex
	in := f.room
	move := time.AfterFunc(servicePatient+10*rtt, func() {
		mu.Lock()
		defer mu.Unlock()
		if in == f.room && f.hall.TryAcquire(1) {
			f.room.Release(1)
			in = f.hall
		}
	})
	return func() {
		move.Stop()
		mu.Lock()
		defer mu.Unlock()
		in.Release(1)
		in = nil
	}
}

// talk asks a port what it is, and reports what it said.
func (f *fpScan) talk(ctx context.Context, port netip.AddrPort, rtt time.Duration) {
	o := service.Options{Name: f.targets.Name(port.Addr()), Patterns: f.patterns, RTT: rtt, Timeout: servicePatient + 10*rtt, Greeting: greetingPatient, Brief: f.alike(port.Addr())}
	if o.Thorough = f.spec.Ask.Thorough; o.Thorough {
		o.Timeout, o.Brief = thoroughTimes*o.Timeout, false
	}
	if wait := f.spec.Pace.Timeout; wait != nil { // for one reply; a conversation has several
		o.Brief = false
		o.Timeout, o.Greeting = max(o.Timeout, time.Duration(*wait)), time.Duration(*wait)
	}
	a, err := unhurried(ctx, f, func() (*service.Answer, error) { return service.Ask(ctx, f.dialer, port, o) })
	if errors.Is(err, service.ErrName) { // none that TLS and HTTP can carry
		o.Name = ""
		a, err = unhurried(ctx, f, func() (*service.Answer, error) { return service.Ask(ctx, f.dialer, port, o) })
	}
	if err == nil && f.postpone(ctx, port, o, a) {
		return
	}
	f.heard(ctx, port, a, err)
}

// heard reports what a port said.
func (f *fpScan) heard(ctx context.Context, port netip.AddrPort, a *service.Answer, err error) {
	r := &report.Service{}
	if err == nil {
		r = a.Record()
	}
	r.Addr, r.Proto, r.Port = port.Addr(), "tcp", port.Port()
	f.count(r, err)
	f.os.said(port, r.OS)
	f.put(ctx, r)
}

// exchange is talk with a UDP port. match says that its answer to the scan was one in its
// usual protocol.
func (f *fpScan) exchange(ctx context.Context, port netip.AddrPort, rtt time.Duration, match bool) {
	f.datagrams(ctx, port, service.Options{RTT: rtt, Timeout: datagramPatient + 10*rtt, Proven: match}, func(a *service.Answer, err error) bool { return true })
}

// datagrams asks a UDP port as o says, and reports what it said if wanted wants it.
func (f *fpScan) datagrams(ctx context.Context, port netip.AddrPort, o service.Options, wanted func(*service.Answer, error) bool) {
	o.Patterns, o.Thorough = f.patterns, f.spec.Ask.Thorough
	if wait := f.spec.Pace.Timeout; wait != nil {
		o.Timeout = max(o.Timeout, time.Duration(*wait))
	}
	a, err := unhurried(ctx, f, func() (*service.Answer, error) {
		return service.AskUDP(ctx, f.listen, f.asked.source, port, o)
	})
	if !wanted(a, err) {
		return
	}
	r := &report.Service{}
	if err == nil {
		r = a.Record()
	}
	r.Addr, r.Proto, r.Port = port.Addr(), "udp", port.Port()
	f.count(r, err)
	f.os.said(port, r.OS)
	f.put(ctx, r)
}

// alike tells whether so many ports of a host said nothing that others will not.
func (f *fpScan) alike(addr netip.Addr) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mute[addr] >= muteAlike
}

// routed tells whether the way to addr is traced.
func (f *fpScan) routed(addr netip.Addr) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.traced[addr]
}

// count notes whether a port said what it is, said something else, or nothing.
func (f *fpScan) count(r *report.Service, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case scarce(err):
		f.unasked++
	case r.Service != "":
		f.identified++
	case err != nil || r.Banner == "" && r.Cut == service.Late.String():
		f.silent++
		if err == nil {
			f.mute[r.Addr]++
		}
	default:
		f.refused++
	}
}

// route traces the way to a host by a port that is open, so that whatever lets
// us ask lets the trace through.
func (f *fpScan) route(ctx context.Context, addr netip.Addr, port uint16, kind probe.Kind) {
	if f.routes.Acquire(ctx, 1) != nil {
		return
	}
	defer f.routes.Release(1)
	c := trace.Config{Target: addr, Kind: kind, Port: port, Hops: routeHops, Times: 2}
	way, err := trace.Run(ctx, f.engine, f.base(), c)
	f.mu.Lock()
	f.stats = f.stats.Plus(way.Stats)
	if err != nil {
		f.err = err
	}
	f.mu.Unlock()
	f.putWay(ctx, &way, kind.Proto(), port)
}

// wait returns when everything that was begun is done, and adds it to the job.
func (f *fpScan) wait() error {
	f.wg.Wait()
	f.askAgain()
	f.addStats(f.stats)
	f.tellPatterns()
	f.job.mu.Lock()
	defer f.job.mu.Unlock()
	s := &f.outcome.Score
	if f.routes != nil { // else that they are open was the question
		s.No += f.refused
		s.Silent += f.silent
	}
	if s.Unasked += f.unasked; f.unasked > 0 {
		f.env.Tell(fmt.Sprintf("%d open ports not asked what they are: %v", f.unasked, probe.Trouble(syscall.EMFILE)))
	}
	if f.identified > 0 && f.routes != nil {
		s.Yes, s.Answer = f.identified, "identified"
	}
	return f.err
}
