package job

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
	"sonde/scan/simnet"
)

// pace is a job as people type it, and how long it takes on a simulated network, whose time
// does not depend on the machine.
type pace struct {
	name    string
	command string
	targets [2]string // IPv4, IPv6
	ports   int       // 1 … so many; 0: those that the command asks by itself
	timing  int       // -T
	line    string    // of the last router, and it takes 200 µs where that is ""
	hosts   string    // the statement of the targets
	ideal   float64   // seconds that are aimed at; 0: what the line allows, silent questions asked twice
	open    bool      // what counts is when the last answer is told, not when all is over
	most    float64   // times as long as ideal it may take where 5 % are lost
	long    bool      // too long for make test
}

const narrow = "\tline there rate 5000/s queue 50\n\tline delay 10ms\n"

// What keeps some from what is aimed at: of a /16, 62,000 hosts are silent, and each is asked
// by five questions, twice each; at the 100,000 packets a second that are the most of -T3 that
// takes 6.2 s. With -T4 it takes a second. The second look at who may sleep takes 0.65 s of
// the /24. Of 65,535 ports that are silent one run in forty takes 4 s where 5 % are lost: by
// chance too few of its controls were answered for the rate to be trusted. The bottleneck is asked far too often: what is sent too fast counts as tries.
var paces = []pace{
	{name: "sweep of a /24", command: "sweep", targets: [2]string{"10.1.14.0/24", "fd01::e00/120"}, timing: 3, hosts: "hosts %s alive 5%%\n", ideal: 0.8, most: 1.6},
	{name: "sweep of a /16", command: "sweep", targets: [2]string{"10.1.0.0/16", "fd01::/112"}, timing: 3, hosts: "hosts %s alive 5%%\n", ideal: 2, most: 6},
	{name: "all ports, dropped", command: "tcp", targets: [2]string{"10.1.0.5", "fd01::5"}, ports: 65535, timing: 4, hosts: "hosts %s\n\ttcp drop all\n\ttcp open all 0.03%%\n", ideal: 0.8, most: 6},
	{name: "UDP, ICMP 1/s", command: "udp", targets: [2]string{"10.1.0.5", "fd01::5"}, timing: 3, hosts: "hosts %s limit 1/s burst 6\n\tudp closed all\n\tudp echo 53,123,161\n", ideal: 1.2, open: true, most: 1},
	{name: "bottleneck", command: "tcp", targets: [2]string{"10.1.0.0/26", "fd01::/122"}, ports: 1000, timing: 3, line: narrow, hosts: "hosts %s\n\ttcp drop all\n\ttcp open all 30%%\n", most: 10, long: true},
	{name: "bottleneck", command: "tcp", targets: [2]string{"10.1.0.0/26", "fd01::/122"}, ports: 1000, timing: 4, line: narrow, hosts: "hosts %s\n\ttcp drop all\n\ttcp open all 30%%\n", most: 10, long: true},
}

// TestPaces is the table of what jobs take with default flags: in virtual time, by both
// families, with 0, 1 and 5 % of single questions lost. SEEDS=20 (make paces) runs all of
// it so often, and is what a change of the pacer is held against.
func TestPaces(t *testing.T) {
	seeds, _ := strconv.Atoi(os.Getenv("SEEDS"))
	for _, p := range paces {
		for family, version := range []string{"IPv4", "IPv6"} {
			for _, loss := range []string{"0", "0.5", "2.5"} { // in each direction
				if seeds == 0 && (p.long || loss == "0.5" || (loss == "0") == (version == "IPv6")) {
					continue
				}
				t.Run(fmt.Sprintf("%s -T%d %s %s", p.name, p.timing, version, loss), func(t *testing.T) {
					t.Parallel()
					for seed := range max(1, seeds) {
						p.run(t, family, loss, uint64(seed)+1)
					}
				})
			}
		}
	}
}

// run does the job once, and says what came of it.
func (p *pace) run(t *testing.T, family int, loss string, seed uint64) {
	line, target := p.line, p.targets[family]
	if line == "" {
		line = "\tline delay 200us\n"
	}
	n, err := simnet.Parse("pace", "kernel-rst off\niface eth0 10.0.0.1/24 fd00::1/64\nroute 0.0.0.0/0 via 10.0.0.2\nroute ::/0 via fd00::2\n"+
		"router r0 10.0.0.2 fd00::2\nrouter r1 10.9.0.1 fd09::1\n\tline loss "+loss+"%\n"+line+"path 10.1.0.0/16 r0 r1\npath fd01::/64 r0 r1\n"+fmt.Sprintf(p.hosts, target))
	if err != nil {
		t.Fatal(err)
	}
	n.Seed = seed
	s := &Spec{Command: p.command, Targets: Targets{Words: []string{target}}, Pace: Pace{Timing: &p.timing}, Show: Show{Numeric: true}, Part: Part{Seed: &seed}}
	if s.Show.Open = p.command != "sweep"; p.ports > 0 {
		s.Ask = Ask{Ports: fmt.Sprintf("1-%d", p.ports), Ping: []string{"N"}}
	}
	sent := 0
	env, found := world(n, &sent), paced{network: n, proto: map[string]uint8{"tcp": wire.ProtoTCP, "udp": wire.ProtoUDP}[p.command]}
	var took time.Duration
	synctest.Test(t, func(t *testing.T) {
		found.began = time.Now()
		if _, err := Run(t.Context(), env, s, &found); err != nil {
			t.Error(err)
		}
		if took = time.Since(found.began); p.open {
			took = found.last
		}
	})
	questions, there := p.truth(&found, target)
	ideal := p.ideal
	if ideal == 0 {
		ideal = float64(2*questions-there) / 5000
	}
	missed := there - found.right
	t.Logf("%-18s -T%d %s, loss %2.0f %%, seed %2d: ideal %6.2f s, reached %6.2f s, %4.2f times; %7d packets, %d of %d missed, %.1f expected",
		p.name, p.timing, []string{"IPv4", "IPv6"}[family], map[string]float64{"0.5": 1, "2.5": 5}[loss], seed, ideal, took.Seconds(), took.Seconds()/ideal, sent, missed, there, found.end.ExpectedMissed)
	if took.Seconds() > p.most*ideal {
		t.Errorf("it took %v, %.1f times %.2f s; want %.1f times at most", took, took.Seconds()/ideal, ideal, p.most)
	}
	if float64(missed) > 0.001*float64(there) || loss == "0" && missed > 0 {
		t.Errorf("%d of %d missed", missed, there)
	}
	if found.wrong > 0 {
		t.Errorf("%d are called what they are not", found.wrong)
	}
}

// truth counts the questions, and those that somebody answers.
func (p *pace) truth(f *paced, target string) (questions, there int) {
	prefix, err := netip.ParsePrefix(target)
	if err != nil {
		addr := netip.MustParseAddr(target)
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	for a := prefix.Addr(); prefix.Contains(a); a = a.Next() {
		if f.proto == 0 && f.network.Alive(a) {
			there++
		}
		for port := 1; f.proto != 0 && port <= max(p.ports, 1000); port++ {
			questions++
			if f.network.PortState(f.proto, a, uint16(port)) == probe.Open {
				there++
			}
		}
	}
	return questions, there
}

// paced holds the records of a run against what is so.
type paced struct {
	network *simnet.Network
	proto   uint8 // 0: hosts count
	began   time.Time

	right, wrong int
	last         time.Duration // when the last of right was told
	end          report.End
}

// Put implements report.Sink.
func (f *paced) Put(r report.Record) {
	switch r := r.(type) {
	case *report.Host:
		if f.proto == 0 && r.State == probe.Up {
			f.count(f.network.Alive(r.Addr))
		}
	case *report.Port:
		truth := f.network.PortState(f.proto, r.Addr, r.Port)
		if r.State == probe.Open || r.State == probe.Closed && truth != probe.Closed {
			f.count(r.State == truth)
		}
	case *report.End:
		f.end = *r
	}
}

func (f *paced) count(right bool) {
	if !right {
		f.wrong++
		return
	}
	f.right++
	f.last = time.Since(f.began)
}
