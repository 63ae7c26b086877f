package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sonde/output/outputtest"
	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/network"
	"sonde/scan/report"
	"sonde/scan/simnet"
)

// simulation is a command line on a simulated network, in virtual time.
type simulation struct {
	network string // a file of testdata/networks, or the network itself if it has several lines
	args    []string
	stdin   string
	stdout  io.Writer // nil: into the outcome
	names   phoneBook
	asked   func()                // called for each name that is looked up, unless nil
	routes  func(netip.Addr) bool // nil: a way to everywhere
	dial    network.Dialer        // nil: the kernel's

	cancel time.Duration // ends the run then, unless 0
	cause  error         // for this cause
	ending func()        // called before that, unless nil
}

// simulated is what a simulation left behind.
type simulated struct {
	code           int
	stdout, stderr string
	records        []report.Record // of stdout, if that is JSON
	sent           []packet        // what left, in order
	truth          simnet.Counts
	elapsed        time.Duration
	opened         bool // the network was opened
}

// packet is a packet of ours.
type packet struct {
	wire.Packet
	at    time.Duration
	frame bool
	b     []byte
}

// on is a simulation of words on a network.
func on(network, line string) *simulation {
	return &simulation{network: network, args: strings.Fields(line)}
}

// run runs s and checks what holds for every run: each record that is written and
// read again is the same, whatever the outputs are; JSON satisfies the schema, says
// the exit code, and counts what truly was sent and received.
func (s *simulation) run(t *testing.T) *simulated {
	t.Helper()
	n, err := s.parse()
	if err != nil {
		t.Fatal(err)
	}
	o := &simulated{}
	synctest.Test(t, func(t *testing.T) {
		var out, errs buffer
		a := &app{args: s.args, stdin: strings.NewReader(s.stdin), stdout: &out, stderr: &errs, resolver: s, hasRoute: s.routes,
			seen: func(r report.Record) {
				if err := outputtest.Check(r); err != nil {
					t.Error(err)
				}
			}}
		if s.stdout != nil {
			a.stdout = s.stdout
		}
		if s.routes == nil {
			a.hasRoute = func(netip.Addr) bool { return true }
		}
		var link *simnet.Link
		var mu sync.Mutex
		a.open = func(req *network.Request) (*network.Network, error) {
			o.opened = true
			link = n.Open()
			link.OnSend = func(at time.Duration, b []byte, frame bool, mac wire.MAC) {
				p := packet{at: at, frame: frame, b: bytes.Clone(b)}
				part := new(wire.Fragment).Parse(b, etherType(b))
				if !p.Parse(p.b, etherType(b)) && !part {
					t.Errorf("sent what nobody understands: % x", b)
				}
				mu.Lock() // two plans may send at a time
				defer mu.Unlock()
				o.sent = append(o.sent, p)
			}
			ports := probe.Ports{First: 61000, N: 4000}
			if req.Port != 0 {
				ports = probe.Ports{First: req.Port, N: 1}
			}
			return &network.Network{Link: link, Routes: link, Start: time.Now(), Ports: ports, Dial: s.dial, Stretches: link.Stretches}, nil
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		if s.cancel > 0 {
			timer := time.AfterFunc(s.cancel, func() {
				if s.ending != nil {
					s.ending()
				}
				cancel(s.cause)
			})
			defer timer.Stop()
		}
		began := time.Now()
		o.code = a.execute(ctx)
		o.elapsed = time.Since(began)
		if link != nil {
			o.truth = link.Counts()
		}
		o.stdout, o.stderr = out.String(), errs.String()
	})
	if strings.HasPrefix(o.stdout, "{") {
		o.check(t)
	}
	return o
}

func (s *simulation) parse() (*simnet.Network, error) {
	if strings.Contains(s.network, "\n") {
		return simnet.Parse("network", s.network)
	}
	return simnet.Load(filepath.Join("../../testdata/networks", s.network))
}

// etherType guesses the type of a packet of ours: ARP begins with hardware type
// 1, IP with its version.
func etherType(b []byte) uint16 {
	switch {
	case len(b) == 0:
		return 0
	case b[0]>>4 == 4:
		return wire.TypeIPv4
	case b[0]>>4 == 6:
		return wire.TypeIPv6
	}
	return wire.TypeARP
}

// check is what run says.
func (o *simulated) check(t *testing.T) {
	t.Helper()
	o.records = parseRecords(t, []byte(o.stdout))
	for i, r := range o.records {
		_, scan := r.(*report.Scan)
		_, end := r.(*report.End)
		if first, last := i == 0, i == len(o.records)-1; scan != first || end != last {
			t.Errorf("record %d of %d is a %T", i+1, len(o.records), r)
		}
	}
	end := o.end()
	if end.Exit != o.code {
		t.Errorf("the end record says exit %d, but it was %d", end.Exit, o.code)
	}
	if end.ExitReason == "" {
		t.Error("the end record gives no reason for the exit code")
	}
	if o.truth.Sent != end.Sent {
		t.Errorf("sent: %d, but %d packets left", end.Sent, o.truth.Sent)
	}
	if got := end.Received + end.Unsolicited; got > o.truth.Received {
		t.Errorf("received and unsolicited: %d, but only %d packets came", got, o.truth.Received)
	}
}

// scan is the first record, end the last; they are empty where there is none.
func (o *simulated) scan() *report.Scan {
	if list := recordsOf[*report.Scan](o.records); len(list) > 0 {
		return list[0]
	}
	return &report.Scan{}
}

func (o *simulated) end() *report.End {
	if list := recordsOf[*report.End](o.records); len(list) > 0 {
		return list[0]
	}
	return &report.End{}
}

func (o *simulated) ports() []*report.Port { return recordsOf[*report.Port](o.records) }

func (o *simulated) hosts() []*report.Host { return recordsOf[*report.Host](o.records) }

// buffer is a bytes.Buffer that several may write to.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// phoneBook has addresses by name, and names by address.
type phoneBook map[string][]string

// LookupNetIP makes s a resolver that asks nobody.
func (s *simulation) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if s.asked != nil {
		s.asked()
	}
	var list []netip.Addr
	for _, text := range s.names[strings.TrimSuffix(host, ".")] {
		a := netip.MustParseAddr(text)
		if network == "ip" || (network == "ip4") == a.Is4() {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return list, nil
}

func (s *simulation) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	if names := s.names[addr]; names != nil {
		return names, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: addr, IsNotFound: true}
}
