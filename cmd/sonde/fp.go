package main

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/semaphore"

	"sonde/output"
	"sonde/probe"
	"sonde/scan"
	"sonde/scan/service"
	"sonde/scan/target"
	"sonde/scan/trace"
)

func newFP(a *app) *cobra.Command {
	var f flags
	var p portFlags
	cmd := &cobra.Command{
		Use:   "fp TARGET... [-p PORTS]",
		Short: "What runs there, and by which way is it reached?",
		Long: `fp scans TCP ports as sonde tcp does, and asks every open one what it is, as soon
as it is seen open: its greeting, its web page, its certificate. Meanwhile it
traces the way to each host.`,
		Example: `  sonde fp 192.0.2.7
  sonde fp -T4 -p 22,80,443 www.example.net`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.refuse("fp has none", fpHasNo...); err != nil {
				return err
			}
			if err := f.refuse("what open ports say of themselves is not kept; sonde tcp keeps which are open", "resume"); err != nil {
				return err
			}
			q := question{command: "fp", proto: target.TCP, usual: 1000, deepen: true}
			return a.ports(cmd.Context(), &f, &p, q, args)
		},
	}
	p.add(cmd, "top 1000")
	f.add(cmd)
	f.addTCP(cmd)
	f.addGuard(cmd)
	f.ours(cmd)
	f.hide(cmd, fpHasNo...)
	f.hide(cmd, "resume")
	return cmd
}

// fpHasNo are common flags that have no meaning for fp: its conversations are
// the kernel's, from our own addresses.
var fpHasNo = []string{"dry-run", "expect", "source-port", "ttl"}

// Bounds of fp.
const (
	servicesAtOnce = 64                      // ports that are asked at the same time, over all hosts
	servicePatient = 1500 * time.Millisecond // and ten round trips, for a port
	routesAtOnce   = 16
	routeHops      = 30
)

// depth asks open ports what they are, and traces the way to their hosts,
// beside the scan that finds them.
type depth struct {
	*job
	wg     sync.WaitGroup
	ports  *semaphore.Weighted
	routes *semaphore.Weighted
	dialer service.Dialer

	mu         sync.Mutex
	traced     map[netip.Addr]bool
	identified int // ports that said what they are
	refused    int // that answered, but not in a language that is known
	silent     int // that are open and said nothing
	stats      scan.Stats
	err        error
}

func newDepth(j *job) *depth {
	return &depth{job: j, ports: semaphore.NewWeighted(servicesAtOnce), routes: semaphore.NewWeighted(routesAtOnce),
		dialer: service.From(netip.AddrPortFrom(j.flags.sourceAddr(), 0), sockets(j.flags)),
		traced: map[netip.Addr]bool{}, stats: scan.Stats{Complete: true, Loss: -1, ExpectedMissed: -1}}
}

// sockets gives the sockets of conversations what the flags say of packets: the
// interface, and the TOS byte or traffic class.
func sockets(f *flags) func(network, address string, c syscall.RawConn) error {
	tos, _ := f.tosByte() // checked with all flags
	if f.iface == "" && tos == 0 {
		return nil
	}
	return func(network, _ string, c syscall.RawConn) error {
		var err error
		e := c.Control(func(fd uintptr) {
			if f.iface != "" {
				err = syscall.BindToDevice(int(fd), f.iface)
			}
			switch {
			case err != nil || tos == 0:
			case network == "tcp6":
				err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS, int(tos))
			default:
				err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_TOS, int(tos))
			}
		})
		return errors.Join(e, err)
	}
}

// open takes a port that was just found open.
func (d *depth) open(ctx context.Context, res *scan.Result) {
	addr, port, rtt := res.Probe.Target, res.Probe.Port, max(res.RTT, 0)
	d.wg.Go(func() {
		if d.ports.Acquire(ctx, 1) != nil {
			return
		}
		defer d.ports.Release(1)
		o := service.Options{Name: d.targets.Name(addr), RTT: rtt, Timeout: servicePatient + 10*rtt}
		a, err := service.Ask(ctx, d.dialer, netip.AddrPortFrom(addr, port), o)
		if errors.Is(err, service.ErrName) { // none that TLS and HTTP can carry
			o.Name = ""
			a, err = service.Ask(ctx, d.dialer, netip.AddrPortFrom(addr, port), o)
		}
		r := &output.Record{Type: output.Service, Addr: addr, Proto: "tcp", Port: port}
		if err == nil {
			describe(r, a)
		}
		d.count(r, err)
		d.record(ctx, r)
	})
	d.mu.Lock()
	first := !d.traced[addr]
	d.traced[addr] = true
	d.mu.Unlock()
	if first {
		d.wg.Go(func() { d.route(ctx, addr, port) })
	}
}

// routed tells whether the way to addr is traced.
func (d *depth) routed(addr netip.Addr) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.traced[addr]
}

// count notes whether a port said what it is, said something else, or nothing.
func (d *depth) count(r *output.Record, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case r.Service != "":
		d.identified++
	case err != nil || r.Banner == "" && r.Cut == service.Late.String():
		d.silent++
	default:
		d.refused++
	}
}

// route traces the way to a host by a port that is open, so that whatever lets
// us ask lets the trace through.
func (d *depth) route(ctx context.Context, addr netip.Addr, port uint16) {
	if d.routes.Acquire(ctx, 1) != nil {
		return
	}
	defer d.routes.Release(1)
	c := trace.Config{Target: addr, Kind: probe.SYN, Port: port, Hops: routeHops, Times: 2}
	if !d.network.raw() {
		c.Kind = probe.Connect
	}
	way, err := trace.Run(ctx, d.engine, d.base(), c)
	d.mu.Lock()
	d.stats = d.stats.Plus(way.Stats)
	if err != nil {
		d.err = err
	}
	d.mu.Unlock()
	d.hops(ctx, &way, func(r *output.Record) { r.Proto, r.Port = "tcp", port })
}

// wait returns when everything that was begun is done, and adds it to the job.
func (d *depth) wait() error {
	d.wg.Wait()
	d.job.mu.Lock()
	defer d.job.mu.Unlock()
	d.job.stats = d.job.stats.Plus(d.stats)
	d.score.no += d.refused
	d.score.silent += d.silent
	if d.identified > 0 {
		d.score.yes, d.score.answer = d.identified, "identified"
	}
	return d.err
}

// describe copies what a port said of itself into its record.
func describe(r *output.Record, a *service.Answer) {
	r.Service, r.Product, r.Version, r.Info, r.OS, r.Hostname = a.Service, a.Product, a.Version, a.Info, a.OS, a.Host
	r.CPE, r.Banner, r.How = a.CPE, string(a.Banner), a.How
	if a.Service == "" {
		r.Banner = string(a.Raw)
	}
	if a.Cut != service.Whole {
		r.Cut = a.Cut.String()
	}
	if h := a.HTTP; h != nil {
		r.HTTP = &output.HTTP{Status: h.Status, Title: h.Title, Server: h.Server, Location: h.Location, Redirect: h.Redirect, Auth: h.Auth}
	}
	if t := a.TLS; t != nil {
		r.TLS = &output.TLS{Version: t.Version, Cipher: t.Cipher, ALPN: t.ALPN, Subject: t.Subject, Issuer: t.Issuer, Names: t.Names,
			NotBefore: t.NotBefore, NotAfter: t.NotAfter, SelfSigned: t.SelfSigned, AsksClient: t.AsksClient, Error: t.Error}
	}
}
