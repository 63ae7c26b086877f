package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/report"
)

// This file is the matrix of what can go, and come back, of our own network during a
// run: make faults runs all of it, make test a part that has each pair of a fault and a
// job once.

// fault is something of our own network that goes, and comes back.
type fault struct {
	name        string
	goes, comes func(o *office)
	// wire begins a capture where all that this machine sends is seen, whatever goes.
	wire func(o *office) *lab.Capture
	// outside: what goes is not on this machine, which cannot always know.
	outside bool
	// other: what comes is not the same that went.
	other bool
}

// faults lists them.
func faults() []fault {
	atRouter := func(o *office) *lab.Capture { return o.router.Capture("eth0") }
	atClient := func(o *office) *lab.Capture { return o.client.Capture("eth0") }
	gateways := func(o *office) { o.client.Default("10.1.0.2", "fd01::2") }
	deaf := map[*office]*lab.Firewall{}
	var mu sync.Mutex
	return []fault{
		{name: "interface", other: true, wire: func(o *office) *lab.Capture { return o.server.Capture("eth0") },
			goes: func(o *office) { o.client.Unplug("eth0") },
			comes: func(o *office) {
				o.net.Replug(o.client, "eth0", o.router, "eth0", "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
				gateways(o)
			}},
		{name: "interface off", wire: atRouter,
			goes:  func(o *office) { o.client.Down("eth0") },
			comes: func(o *office) { o.client.Up("eth0"); gateways(o) }},
		{name: "address", wire: atRouter,
			goes: func(o *office) { o.client.TakeAddr("eth0", "10.1.0.1/24", "fd01::1/64") },
			comes: func(o *office) {
				o.client.Addr("eth0", "10.1.0.1/24", "fd01::1/64")
				o.client.Default("10.1.0.2") // which went with the last address; that of IPv6 does not
			}},
		{name: "route", wire: atRouter,
			goes: func(o *office) {
				o.client.TakeRoute("0.0.0.0/0", "10.1.0.2")
				o.client.TakeRoute("::/0", "fd01::2")
			},
			comes: gateways},
		{name: "carrier", wire: atClient,
			goes:  func(o *office) { o.router.Down("eth0") },
			comes: func(o *office) { o.router.Up("eth0") }},
		{name: "gateway", wire: atClient, outside: true,
			goes: func(o *office) {
				mu.Lock()
				defer mu.Unlock()
				deaf[o] = o.router.Firewall(lab.Rule{Chain: lab.Ingress, In: "eth0", Do: lab.Drop})
			},
			comes: func(o *office) {
				mu.Lock()
				defer mu.Unlock()
				deaf[o].Remove()
			}},
	}
}

// errand is a run that something happens to.
type errand struct {
	name, line string
	// silent is the last of the ports that no answer ever comes from; they begin at 1.
	silent int
	ports  int // that are asked; 0: no ports are
	// count is in lines that count for how far the run is, and middle and late are how
	// many of them have come by then.
	count        string
	middle, late int
	then         time.Duration // in the middle it happens so much after that; late, twice
}

func errands() []errand {
	return []errand{
		{"small", "tcp -PN -p 1-60 --rate 100", 5, 60, `"type":"port"`, 25, 50, 0},
		{"large", "tcp -PN -p 1-8300 --rate 3000", 20, 8300, `"type":"port"`, 4000, 8200, 0},
		{"connect", "tcp -PN --via connect -p 1-600 --rate 800", 10, 600, `"type":"port"`, 300, 580, 0},
		{"udp", "udp -PN -p 1-60 --rate 100", 5, 60, `"type":"port"`, 25, 50, 0},
		{"fp", "fp -p 1-60 --rate 100", 5, 60, `"type":"port"`, 25, 50, 50 * time.Millisecond},
		{"trace", "trace -p 81 --rate 10", 0, 0, "", 0, 0, 200 * time.Millisecond},
		{"sweep", "sweep --rate 400", 0, 0, `"type":"host"`, 8, 20, 0},
	}
}

// moment is when in a run something happens.
type moment string

const (
	early  moment = "early"
	middle moment = "middle"
	late   moment = "late"
)

// cell is one row of the matrix.
type cell struct {
	fault  fault
	errand errand
	when   moment
	back   bool
	v6     bool
	heals  bool // it came back so soon that nothing may be lost
}

func (c *cell) String() string {
	back, family := "goes", "IPv4"
	if c.back {
		back = "goes and comes"
	}
	if c.v6 {
		family = "IPv6"
	}
	return strings.Join([]string{c.fault.name, back, c.errand.name, string(c.when), family}, ", ")
}

// cells are all of the matrix.
func cells() (all []cell) {
	for _, f := range faults() {
		for _, e := range errands() {
			for _, when := range []moment{early, middle, late} {
				for _, back := range []bool{false, true} {
					for _, v6 := range []bool{false, true} {
						all = append(all, cell{fault: f, errand: e, when: when, back: back, v6: v6})
					}
				}
			}
		}
	}
	return all
}

// thinned has each pair of a fault and a job once, and every moment, family and return
// about as often as any other.
func thinned(all []cell) (some []cell) {
	const each = 3 * 2 * 2
	for i := 0; i < len(all); i += each {
		pair := i / each
		some = append(some, all[i+(pair*5+pair/7)%each])
	}
	return some
}

// TestFaults: whatever of our own network goes in the middle of a run, or goes and comes
// back, the run ends, by a code of the contract, with whole records: one of each port,
// nothing called filtered that was not asked as often as it says, and nobody suspected.
func TestFaults(t *testing.T) {
	t.Parallel()
	runs, list := 1, thinned(cells())
	if n, err := strconv.Atoi(os.Getenv("FAULTS")); err == nil {
		runs, list = n, cells()
	}
	for i := range list {
		t.Run(list[i].String(), func(t *testing.T) {
			t.Parallel()
			for range runs {
				list[i].run(t)
			}
		})
	}
}

// run carries out one cell.
func (c *cell) run(t *testing.T) {
	o := newOffice(t)
	defer func() {
		if err := o.net.Close(); err != nil {
			t.Error(err)
		}
	}()
	c.furnish(o)
	args := append(strings.Fields(c.errand.line), "-o", "json")
	args = append(args, c.targets()...)
	wire := c.fault.wire(o)
	cmd := o.client.Command(program(t), args...)
	s := &stage{count: []byte(c.errand.count), at: make(chan struct{}), left: c.lines()}
	var errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = s, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killer := time.AfterFunc(patience, func() { cmd.Process.Signal(syscall.SIGABRT) }) // it then says where it stands
	defer killer.Stop()
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	over := func(what <-chan struct{}) bool {
		select {
		case <-what:
			return true
		default:
			return false
		}
	}
	// A capture has room for some thousand packets.
	keepUp := func() { wire.Await(10*time.Millisecond, func(*lab.Packet) bool { return false }) }
	for !over(s.at) && !over(ended) {
		keepUp()
	}
	if !over(s.at) {
		t.Fatalf("it ended before its time: %v\n%s%s", cmd.ProcessState, s.all.Bytes(), errs.String())
	}
	time.Sleep(c.errand.then * time.Duration(slices.Index([]moment{early, middle, late}, c.when)))
	c.fault.goes(o)
	went := time.Now()
	if c.back {
		time.Sleep(300 * time.Millisecond)
		c.fault.comes(o)
	}
	c.heals = c.back && !c.fault.outside && !c.fault.other && c.errand.name != "trace" && time.Since(went) < time.Second // half of what a run waits
	for !over(ended) {
		keepUp()
	}
	got := &outcome{text: s.all.String(), stderr: errs.String(), exit: cmd.ProcessState.ExitCode()}
	if got.exit < 0 || got.exit == 2 {
		t.Fatalf("%v\n%.20000s", cmd.ProcessState, errs.String())
	}
	got.take(t, parseRecords(t, s.all.Bytes()))
	c.check(t, got, wire)
	if t.Failed() {
		t.Fatalf("$ sonde %s\n%.3000s\n%s[exit %d]", strings.Join(args, " "), got.text, got.stderr, got.exit)
	}
}

// furnish makes the server what the errand asks.
func (c *cell) furnish(o *office) {
	if n := c.errand.silent; n > 0 {
		ports := fmt.Sprint("1-", n)
		o.server.Firewall(lab.Rule{Proto: "tcp", Dport: ports, Do: lab.Drop}, lab.Rule{Proto: "udp", Dport: ports, Do: lab.Drop})
	}
	o.server.Serve(22, says(sshBanner))
	o.server.Serve(25, func(c net.Conn) {
		time.Sleep(time.Second)
		says("220 mail.lab.test ESMTP Postfix\r\n")(c)
	})
	for i := range 20 {
		o.server.Addr("lo", fmt.Sprintf("10.2.0.%d/32", 100+i), fmt.Sprintf("fd02::1:%x/128", 4*i))
	}
	o.router.Route("fd02::1:0/112", "fd02::10")
}

// targets are what the errand asks in the family.
func (c *cell) targets() []string {
	f := families()[0]
	if c.v6 {
		f = families()[1]
	}
	switch {
	case c.errand.name != "sweep":
		return []string{f.server}
	case c.v6:
		return []string{"fd02::1:0/121"}
	}
	return []string{"10.2.0.0/25"}
}

// lines is how many lines that count come before it happens.
func (c *cell) lines() int {
	switch c.when {
	case middle:
		return c.errand.middle
	case late:
		return c.errand.late
	}
	return 0
}

// stage takes what a run writes, and tells when so many lines have come beside the first.
type stage struct {
	count []byte
	left  int
	at    chan struct{}
	all   bytes.Buffer
	seen  int
	told  bool
}

func (s *stage) Write(b []byte) (int, error) {
	s.all.Write(b)
	for !s.told {
		line, _, ok := bytes.Cut(s.all.Bytes()[s.seen:], []byte("\n"))
		if !ok {
			break
		}
		first := s.seen == 0
		s.seen += len(line) + 1
		if !first && bytes.Contains(line, s.count) {
			s.left--
		}
		if s.left <= 0 {
			s.told = true
			close(s.at)
		}
	}
	return len(b), nil
}

// check holds what the run has told against what the wire has seen.
func (c *cell) check(t *testing.T, got *outcome, wire *lab.Capture) {
	t.Helper()
	trouble := false
	for _, p := range recordsOf[*report.Port](got.records) {
		if p.Reason != probe.ReasonLocalError {
			continue
		}
		trouble = true
		if c.heals {
			t.Errorf("it was there again at once: %s", jsonOf(p))
		}
	}
	if codes := []int{job.ExitYes, job.ExitNo, job.ExitSilence, job.ExitLocal}; !slices.Contains(codes, got.exit) {
		t.Errorf("exit %d", got.exit)
	}
	if c.heals && got.exit == job.ExitLocal {
		t.Errorf("exit %d, although it was there again at once", got.exit)
	}
	// Most of it cannot be asked. A trace is over soon, and says what it has heard.
	unasked := c.when == early && !c.back && !c.fault.outside && c.errand.name != "trace"
	if (trouble || unasked) && got.exit != job.ExitLocal {
		t.Errorf("exit %d, although some could not be asked", got.exit)
	}
	for _, f := range got.findings {
		if f.Doubt.Middlebox() {
			t.Errorf("suspected: %s", jsonOf(f))
		}
	}
	for _, h := range got.hosts {
		if h.Doubt.Middlebox() || h.State == probe.Down && !c.fault.outside {
			t.Errorf("suspected, or down: %s", jsonOf(&h.Host))
		}
	}
	if c.errand.ports > 0 {
		c.checkPorts(t, got, wire.Packets())
	}
}

// least is how many of so many packets for a silent port were on the wire. Of a gateway
// that stops answering the kernel learns late, and keeps back what it is given meanwhile;
// and where something comes back, what was lost meanwhile is asked again, as often as ever.
func least(f *fault, back bool, tries int) int {
	switch {
	case f.outside:
		return 1
	case back:
		return 2
	}
	return tries
}

// checkPorts is check for the records of ports.
func (c *cell) checkPorts(t *testing.T, got *outcome, wire lab.Packets) {
	t.Helper()
	asked := map[int]int{}
	for _, p := range wire {
		_, dst := p.Addrs()
		to := dst.String() == c.targets()[0]
		switch tcp, udp := p.TCP(), p.UDP(); {
		case tcp != nil && to && tcp.SYN:
			asked[int(tcp.DstPort)]++
		case udp != nil && to:
			asked[int(udp.DstPort)]++
		}
	}
	records := recordsOf[*report.Port](got.records)
	if len(records) != c.errand.ports || len(got.ports) != c.errand.ports {
		t.Errorf("%d records of %d ports, want one each of %d", len(records), len(got.ports), c.errand.ports)
	}
	for port, p := range got.ports {
		if p.State != probe.Filtered && p.State != probe.OpenFiltered {
			continue
		}
		wrong := ""
		switch {
		case p.Reason != probe.NoResponse:
			wrong = "a reason that is nobody's"
		case port > c.errand.silent && !c.fault.outside:
			wrong = "it answers"
		case p.Tries < 2 || asked[port] < least(&c.fault, c.back, int(p.Tries)):
			wrong = fmt.Sprintf("it was asked %d times", asked[port])
		}
		if wrong != "" {
			t.Errorf("%s: %s", wrong, jsonOf(&p.Port))
		}
	}
}
