package job

import (
	"context"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/checkpoint"
	"sonde/scan/ports"
	"sonde/scan/sweep"
)

// keeping is a resumption of a scan of ports 1 to 9 of a host, or of a sweep.
func keeping(t *testing.T, hostwise bool) *resumption {
	t.Helper()
	r := &resumption{Checkpoint: checkpoint.New(nil), hostwise: hostwise, flushAll: func() error { return nil }, waiting: map[netip.Addr][]decision{}}
	plan := ports.Questions(scan.Plan{}, probe.SYN, scan.NewAddrs(server), []uint16{1, 2, 3, 4, 5, 6, 7, 8, 9})
	p, err := r.part(PortsPart, &plan, false)
	if err != nil {
		t.Fatal(err)
	}
	r.ports = p
	s, err := r.part(0, sweep.Plan(scan.Plan{}, sweep.Part{Targets: scan.NewAddrs(server), Pings: sweep.Default()}), true)
	if err != nil {
		t.Fatal(err)
	}
	r.sweeps = []*keptPart{s}
	return r
}

var server = netip.MustParseAddr("10.0.0.9")

// decided tells whether a port would not be asked again.
func (r *resumption) decided(t *testing.T, port uint16) bool {
	t.Helper()
	i, ok := r.ports.plan.Index(probe.Probe{Target: server, Port: port})
	if !ok {
		t.Fatalf("port %d is not asked", port)
	}
	return r.ports.Skip(i)
}

// TestWhatIsDecided: a port is decided when its record is there, the last one of a
// host when the host's is; silence of a run that was cut short, and what could not be
// asked, is not.
func TestWhatIsDecided(t *testing.T) {
	cut, cancel := context.WithCancel(t.Context())
	cancel()
	port := func(number uint16, event probe.Event, last bool) *ports.Port {
		return &ports.Port{Result: scan.Result{Probe: probe.Probe{Target: server, Port: number}, Reply: probe.Reply{Event: event}}, Last: last}
	}
	for _, tt := range []struct {
		name           string
		hostwise       bool
		ctx            context.Context
		event          probe.Event
		last           bool
		at, afterShown bool // decided
	}{
		{"an answer", false, t.Context(), probe.Answer, false, true, true},
		{"silence", false, t.Context(), probe.Silence, false, true, true},
		{"an ICMP error", false, cut, probe.ICMPError, false, true, true},
		{"a host's last", false, t.Context(), probe.Answer, true, false, true},
		{"silence of a run that was cut short", false, cut, probe.Silence, true, false, false},
		{"a local error", false, t.Context(), probe.LocalError, true, false, false},
		{"a deadline", false, t.Context(), probe.Deadline, false, false, false},
		{"an answer, in text", true, t.Context(), probe.Answer, false, false, true},
		{"an answer, in text of a run that was cut short", true, cut, probe.Answer, false, false, false},
	} {
		r := keeping(t, tt.hostwise)
		r.port(tt.ctx, port(5, tt.event, tt.last), checkpoint.Counts{1})
		at := r.decided(t, 5)
		r.shown(tt.ctx, server, nil)
		if after := r.decided(t, 5); at != tt.at || after != tt.afterShown {
			t.Errorf("%s: decided %v, when its host is shown %v; want %v, %v", tt.name, at, after, tt.at, tt.afterShown)
		}
		if n := r.Counts()[0]; n == 1 != tt.afterShown {
			t.Errorf("%s: it counts %d times", tt.name, n)
		}
	}
	var none *resumption // without --resume nothing is kept
	none.port(t.Context(), port(5, probe.Answer, true), checkpoint.Counts{})
	none.shown(t.Context(), server, nil)
	none.host(t.Context(), &sweep.Host{}, checkpoint.Counts{})
	if none.up() != nil || none.start(nil) != nil || none.finish() != nil {
		t.Error("something comes of nothing")
	}
}

// TestWhichHostsAreKept: hosts that a sweep decided; up are those that answered
// themselves, by more than a reset, which may come from somebody else.
func TestWhichHostsAreKept(t *testing.T) {
	cut, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		name    string
		ctx     context.Context
		host    sweep.Host
		decided bool
	}{
		{"up", t.Context(), sweep.Host{State: probe.Up, Reply: probe.Reply{Event: probe.Answer}}, true},
		{"up, of a run that was cut short", cut, sweep.Host{State: probe.Up, Reply: probe.Reply{Event: probe.Answer}}, true},
		{"silent", t.Context(), sweep.Host{State: probe.Unknown, Reply: probe.Reply{Event: probe.Silence}}, true},
		{"silent, of a run that was cut short", cut, sweep.Host{State: probe.Unknown, Reply: probe.Reply{Event: probe.Silence}}, false},
		{"not to be asked", t.Context(), sweep.Host{State: probe.Unknown, Reply: probe.Reply{Event: probe.LocalError}}, false},
	} {
		r := keeping(t, false)
		tt.host.Addr = server
		r.host(tt.ctx, &tt.host, checkpoint.Counts{})
		if got := r.sweeps[0].Skip(0); got != tt.decided {
			t.Errorf("%s: decided %v", tt.name, got)
		}
		if up := r.up(); (len(up) == 1) != (tt.host.State == probe.Up) {
			t.Errorf("%s: %v are up", tt.name, up)
		}
	}
	for name, tt := range map[string]struct {
		reply probe.Reply
		up    bool
	}{
		"SYN-ACK":                  {probe.Reply{Event: probe.Answer, Who: probe.Target, Layer: wire.LayerTCP, TCP: wire.TCP{Flags: wire.SYN | wire.ACK}}, true},
		"reset":                    {probe.Reply{Event: probe.Answer, Who: probe.Target, Layer: wire.LayerTCP, TCP: wire.TCP{Flags: wire.RST}}, false},
		"port unreachable":         {probe.Reply{Event: probe.ICMPError, Who: probe.Target}, true},
		"an error from the way":    {probe.Reply{Event: probe.ICMPError, Who: probe.Other}, false},
		"silence":                  {probe.Reply{Event: probe.Silence}, false},
		"an error of this machine": {probe.Reply{Event: probe.LocalError, Who: probe.Ourselves}, false},
	} {
		r := keeping(t, false)
		r.port(t.Context(), &ports.Port{Result: scan.Result{Probe: probe.Probe{Target: server, Port: 1}, Reply: tt.reply}}, checkpoint.Counts{})
		if up := r.up(); (len(up) == 1) != tt.up {
			t.Errorf("%s: %v are up", name, up)
		}
	}
}

// TestFileIsNeverAhead: what is decided is not in the file before the outputs have
// its record, nor at all if one of them cannot be written to any more.
func TestFileIsNeverAhead(t *testing.T) {
	r := keeping(t, false)
	r.path, r.mode = filepath.Join(t.TempDir(), "kept"), 0o600
	var writing sync.Mutex // held: the outputs cannot write
	r.flushAll = func() error {
		writing.Lock()
		defer writing.Unlock()
		return nil
	}
	if err := r.start(func(err error) { t.Error(err) }); err != nil {
		t.Fatal(err)
	}
	size := func() int64 {
		info, err := os.Stat(r.path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	begun := size()
	writing.Lock()
	r.port(t.Context(), &ports.Port{Result: scan.Result{Probe: probe.Probe{Target: server, Port: 1}, Reply: probe.Reply{Event: probe.Answer}}}, checkpoint.Counts{})
	time.Sleep(5 * keepEvery)
	if n := size(); n != begun {
		t.Errorf("%d bytes are in the file, and no record is written", n-begun)
	}
	writing.Unlock()
	if err := r.finish(); err != nil {
		t.Error(err)
	}
	if size() == begun {
		t.Error("the file never has what is decided")
	}

	r.flushAll = func() error { return io.ErrClosedPipe }
	r.ports.Decide(3, checkpoint.Counts{})
	before := size()
	if err := r.begin(); err != nil || size() != before {
		t.Errorf("a record is lost, and the file changed from %d to %d bytes: %v", before, size(), err)
	}
}
