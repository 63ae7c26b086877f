package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
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

	cancel time.Duration // ends the run then, unless 0
	cause  error         // for this cause
	ending func()        // called before that, unless nil
}

// simulated is what a simulation left behind.
type simulated struct {
	code           int
	stdout, stderr string
	records        []map[string]any // of stdout, if that is JSON
	sent           []packet         // what left, in order
	truth          simnet.Counts
	elapsed        time.Duration
	opened         bool // the network was opened
}

// packet is a packet of ours.
type packet struct {
	wire.Packet
	at    time.Duration
	frame bool
}

// on is a simulation of words on a network.
func on(network, line string) *simulation {
	return &simulation{network: network, args: strings.Fields(line)}
}

// run runs s and checks what holds for every run: JSON satisfies the schema,
// says the exit code, and counts what truly was sent and received.
func (s *simulation) run(t *testing.T) *simulated {
	t.Helper()
	n, err := s.parse()
	if err != nil {
		t.Fatal(err)
	}
	o := &simulated{}
	synctest.Test(t, func(t *testing.T) {
		var out, errs buffer
		a := &app{args: s.args, stdin: strings.NewReader(s.stdin), stdout: &out, stderr: &errs, resolver: s, hasRoute: s.routes}
		if s.stdout != nil {
			a.stdout = s.stdout
		}
		if s.routes == nil {
			a.hasRoute = func(netip.Addr) bool { return true }
		}
		var link *simnet.Link
		a.open = func(req *request) (*network, error) {
			o.opened = true
			link = n.Open()
			link.OnSend = func(at time.Duration, b []byte, frame bool, mac wire.MAC) {
				p := packet{at: at, frame: frame}
				if !p.Parse(bytes.Clone(b), etherType(b)) {
					t.Errorf("sent what nobody understands: % x", b)
				}
				o.sent = append(o.sent, p)
			}
			ports := probe.Ports{First: 61000, N: 4000}
			if req.port != 0 {
				ports = probe.Ports{First: req.port, N: 1}
			}
			return &network{link: link, routes: link, start: time.Now(), ports: ports, close: func() {}}, nil
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
	valid := schema(t)
	for line := range strings.Lines(o.stdout) {
		if !strings.HasSuffix(line, "\n") {
			t.Errorf("the last line is cut: %s", line)
		}
		if err := valid([]byte(line)); err != nil {
			t.Errorf("%s%v", line, err)
		}
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%s%v", line, err)
		}
		o.records = append(o.records, r)
	}
	for i, r := range o.records {
		if first, last := i == 0, i == len(o.records)-1; (r["type"] == "scan") != first || (r["type"] == "end") != last {
			t.Errorf("record %d of %d is of type %v", i+1, len(o.records), r["type"])
		}
	}
	end := o.end()
	if end["exit"] != float64(o.code) {
		t.Errorf("the end record says exit %v, but it was %d", end["exit"], o.code)
	}
	if reason, _ := end["exit_reason"].(string); reason == "" {
		t.Error("the end record gives no reason for the exit code")
	}
	if o.truth.Sent != uint64(end["sent"].(float64)) {
		t.Errorf("sent: %v, but %d packets left", end["sent"], o.truth.Sent)
	}
	if got := uint64(end["received"].(float64) + end["unsolicited"].(float64)); got > o.truth.Received {
		t.Errorf("received and unsolicited: %d, but only %d packets came", got, o.truth.Received)
	}
}

func (o *simulated) end() map[string]any {
	if len(o.records) == 0 {
		return nil
	}
	return o.records[len(o.records)-1]
}

// of returns the records of one type.
func (o *simulated) of(kind string) []map[string]any {
	var list []map[string]any
	for _, r := range o.records {
		if r["type"] == kind {
			list = append(list, r)
		}
	}
	return list
}

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
