package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sonde/output"
	"sonde/probe"
	"sonde/scan"
	"sonde/scan/checkpoint"
	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/ports"
	"sonde/scan/report"
)

// killing is a job that is killed again and again, and the network it asks.
type killing struct {
	line    string
	target  netip.Addr // whose ports are asked, but for the last hundred all answered; a sweep has none
	ports   [2]uint16  // first and last
	network netip.Prefix
	hosts   int // the first addresses of the network, which answer
}

// inquiry is a port of an address, or an address that is pinged.
type inquiry struct {
	addr netip.Addr
	port uint16
}

// answered lists the questions that are answered.
func (k *killing) answered() (all []inquiry) {
	if k.hosts == 0 {
		for port := k.ports[0]; port <= k.ports[1]-100; port++ {
			all = append(all, inquiry{k.target, port})
		}
		return all
	}
	addr := k.network.Addr()
	for range k.hosts {
		all = append(all, inquiry{addr, 0})
		addr = addr.Next()
	}
	return all
}

// build makes the network.
func (k *killing) build(t *testing.T) *office {
	n := newOffice(t)
	if k.hosts == 0 {
		n.server.TCP(22, 80, 443, 12000)
		n.server.Firewall(lab.Rule{Proto: "tcp", Dport: fmt.Sprintf("%d-%d", k.ports[1]-99, k.ports[1]), Do: lab.Drop})
		return n
	}
	var addrs []string
	for _, q := range k.answered() {
		addrs = append(addrs, netip.PrefixFrom(q.addr, q.addr.BitLen()).String())
	}
	n.server.Addr("lo", addrs...)
	via := families()[0].server
	if k.network.Addr().Is6() {
		via = families()[1].server
	}
	n.router.Route(k.network.String(), via)
	n.server.Route(k.network.String(), "blackhole") // nobody else is there
	return n
}

// asks tells what a packet asks for.
func asks(p *lab.Packet) (q inquiry, ok bool) {
	_, q.addr = p.Addrs()
	if tcp := p.TCP(); tcp != nil {
		q.port = uint16(tcp.DstPort)
		return q, !p.Out && tcp.SYN && !tcp.ACK
	}
	typ, _, ok := p.ICMP()
	return q, ok && !p.Out && (typ == 8 && q.addr.Is4() || typ == 128 && q.addr.Is6())
}

// kept tells of each question whether the file has it as decided, so that it must not
// be asked again. Of a sweep it tells who was found.
func (k *killing) kept(t *testing.T, file string) func(inquiry) bool {
	t.Helper()
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) { // killed before it was begun
		return func(inquiry) bool { return false }
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := checkpoint.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	if k.hosts > 0 {
		found := map[netip.Addr]bool{}
		for _, h := range c.Hosts() {
			found[h.Addr] = true
		}
		return func(q inquiry) bool { return found[q.addr] }
	}
	var list []uint16
	for port := k.ports[0]; port <= k.ports[1]; port++ {
		list = append(list, port)
	}
	plan := ports.Questions(scan.Plan{Seed: killSeed}, probe.SYN, scan.NewAddrs(k.target), list)
	if err := plan.Compile(); err != nil {
		t.Fatal(err)
	}
	part, err := c.Part(job.PortsPart, &plan, false)
	if err != nil {
		t.Fatal(err)
	}
	return func(q inquiry) bool {
		i, ok := plan.Index(probe.Probe{Target: q.addr, Port: q.port})
		return ok && part.Skip(i)
	}
}

// killSeed makes the order of the questions known to the test.
const killSeed = 11

// printed is what the whole lines of a JSON file tell of.
func printed(t *testing.T, file string) map[inquiry]bool {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	all := map[inquiry]bool{}
	for line := range bytes.Lines(b) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			continue
		}
		r, err := output.Decode(line)
		if err != nil {
			t.Fatalf("%s%v", line, err)
		}
		switch r := r.(type) {
		case *report.Port:
			all[inquiry{r.Addr, r.Port}] = true
		case *report.Host:
			all[inquiry{r.Addr, 0}] = true
		}
	}
	return all
}

// TestResumeKilled kills the program with SIGKILL at 20 random moments and goes on
// each time: all output together is that of a run that was never killed; what the
// file has is with the output, and is not asked again. How much was under way at a
// kill, and so is asked twice, depends on who else uses the machine: it is shown
// here, and bounded where time is virtual, by TestResumeVirtual.
func TestResumeKilled(t *testing.T) {
	t.Parallel()
	for i, k := range []*killing{
		{line: "tcp -PN --rate 2000 -p 1-6000 10.2.0.10", target: netip.MustParseAddr("10.2.0.10"), ports: [2]uint16{1, 6000}},
		{line: "tcp -PN --rate 2000 -p 10001-16000 fd02::10", target: netip.MustParseAddr("fd02::10"), ports: [2]uint16{10001, 16000}},
		{line: "sweep --rate 700 10.3.0.0/23", network: netip.MustParsePrefix("10.3.0.0/23"), hosts: 400},
		{line: "sweep --rate 700 fd03::/119", network: netip.MustParsePrefix("fd03::/119"), hosts: 400},
	} {
		t.Run(strings.ReplaceAll(k.line, "/", "|"), func(t *testing.T) {
			t.Parallel()
			n := k.build(t)
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			dir := t.TempDir()
			file, out := filepath.Join(dir, "kept"), filepath.Join(dir, "out")
			args := append(strings.Fields(k.line), "-q", "--seed", fmt.Sprint(killSeed), "--resume", file, "-o", "json="+out)
			wire := n.server.Capture("eth0")
			answered := k.answered()
			before, asked, again, flight := k.kept(t, file), 0, 0, 0
			look := func() { // at what the run that has just ended did
				now := map[inquiry]bool{}
				for _, p := range wire.Packets() {
					if q, ok := asks(p); ok {
						now[q] = true
					}
				}
				wire.Forget()
				after, said := k.kept(t, file), printed(t, out)
				for _, q := range answered {
					if now[q] {
						asked++
						if before(q) {
							again++
						}
						if !after(q) {
							flight++
						}
					}
					if after(q) && !said[q] {
						t.Errorf("%v: it is in the file, and not in the output", q)
					}
				}
				before = after
			}
			for range 20 {
				killOnTheWay(t, n.client.Command(program(t), args...), wire, rng)
				look()
			}
			kills := flight
			last := finishUnder(t, n.client.Command(program(t), args...), args, wire)
			look()
			t.Logf("%d questions for %d answers; when it was killed, %d were asked and not in the file", asked, len(answered), kills)
			// A sweep notes a host that is up, and then that it is decided: a kill may
			// come in between.
			if most := 20; k.hosts == 0 && again > 0 || again > most {
				t.Errorf("%d questions are asked again that the file has", again)
			}
			if flight > kills {
				t.Errorf("%d questions are not in the file at the end", flight-kills)
			}
			k.compare(t, n, out, last)
		})
	}
}

// finishUnder is finish, and meanwhile takes over what the capture has no room for.
func finishUnder(t *testing.T, cmd *lab.Cmd, args []string, wire *lab.Capture) *outcome {
	t.Helper()
	ended := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			wire.Await(20*time.Millisecond, func(*lab.Packet) bool { return false })
			select {
			case <-ended:
				return
			default:
			}
		}
	})
	defer wg.Wait()
	defer close(ended)
	return finish(t, cmd, args)
}

// compare holds what all runs together said, and the last one's exit code, against a
// run that is not killed.
func (k *killing) compare(t *testing.T, n *office, out string, last *outcome) {
	t.Helper()
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	got, double := said(t, b)
	whole := out + ".whole"
	args := append(strings.Fields(k.line), "-q", "-o", "json="+whole)
	once := finish(t, n.client.Command(program(t), args...), args)
	if b, err = os.ReadFile(whole); err != nil {
		t.Fatal(err)
	}
	want, _ := said(t, b)
	for key := range want {
		if got[key] != want[key] {
			t.Errorf("%s is %q, want %q", key, got[key], want[key])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d ports and hosts, want %d", len(got), len(want))
	}
	if last.exit != once.exit {
		t.Errorf("exit %d, of an uninterrupted run %d", last.exit, once.exit)
	}
	t.Logf("%d ports have two records", double)
}

// killOnTheWay starts cmd and sends it SIGKILL: one time in four while it gets ready,
// else within 200 ms of its first question.
func killOnTheWay(t *testing.T, cmd *lab.Cmd, wire *lab.Capture, rng *rand.Rand) {
	t.Helper()
	var errs bytes.Buffer
	cmd.Stderr = &errs
	early, after := rng.IntN(4) == 0, time.Duration(rng.IntN(200))*time.Millisecond
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cmd.Wait() // how it ended does not matter
	}()
	over := func() bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	}
	if early {
		after /= 4
	}
	for asked := early; !asked && !over(); {
		asked = wire.Await(20*time.Millisecond, func(p *lab.Packet) bool { _, ok := asks(p); return ok }) != nil
	}
	select {
	case <-ended:
	case <-time.After(after):
	}
	cmd.Process.Kill()
	<-ended
	if errs.Len() > 0 {
		t.Errorf("killed: %s", errs.String())
	}
}
