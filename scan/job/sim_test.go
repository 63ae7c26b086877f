package job

import (
	"context"
	"net"
	"net/netip"
	"path/filepath"
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

// records keeps what a run puts, and checks that each of it, written as JSON and read
// again, is the same. Records are borrowed, so it keeps copies.
type records struct {
	t    *testing.T
	mu   sync.Mutex
	list []report.Record
}

func (r *records) Put(one report.Record) {
	if err := outputtest.Check(one); err != nil {
		r.t.Error(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, report.Clone(one))
}

// nobody resolves no name.
type nobody struct{}

func (nobody) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func (nobody) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	return nil, &net.DNSError{Err: "no such host", Name: addr, IsNotFound: true}
}

// onNetwork is the world of a run on a simulated network, of a file in
// testdata/networks. sent counts the packets that left.
func onNetwork(t *testing.T, name string, sent *int) *Env {
	t.Helper()
	simulated, err := simnet.Load(filepath.Join("../../testdata/networks", name))
	if err != nil {
		t.Fatal(err)
	}
	return world(simulated, sent)
}

// world is that of a run on a simulated network.
func world(simulated *simnet.Network, sent *int) *Env {
	return &Env{Version: "test", Resolver: nobody{}, Open: func(r *network.Request) (*network.Network, error) {
		link := simulated.Open()
		if sent != nil {
			link.OnSend = func(time.Duration, []byte, bool, wire.MAC) { *sent++ }
		}
		ports := probe.Ports{First: 61000, N: 4000}
		if r.Port != 0 {
			ports = probe.Ports{First: r.Port, N: 1}
		}
		return &network.Network{Link: link, Routes: link, Start: time.Now(), Ports: ports, Dial: simnet.Servers(), Stretches: link.Stretches}, nil
	}}
}

// virtually runs s in virtual time.
func virtually(t *testing.T, env *Env, s *Spec) (o Outcome, list []report.Record, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := records{t: t}
		o, err = Run(t.Context(), env, s, &r)
		list = r.list
	})
	return o, list, err
}
