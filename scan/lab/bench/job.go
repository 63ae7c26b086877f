package main

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"sonde/scan/lab"
)

// job is one thing to find out, on a network made for it, and who finds it out.
type job struct {
	name    string
	title   string
	targets netip.Prefix
	ports   string // "80" or "1-65535"; "" where hosts are asked for

	answers lab.Answers // of elsewhere, unless kernel is set
	kernel  func(*lab.Host)
	open    []uint16 // what is open there
	way     *way     // to the target, where that is to be found; then all of the above but name, title and targets is not used

	often    int // so many times as many rounds, 0 being once
	contests []contest
}

// contest is two commands for the same job, which make the same concessions.
type contest struct {
	as          string // asUsual, asBest, or who else it is
	sonde, peer string
}

const (
	asUsual = "as usual" // what people usually type, against sonde with default flags or the same -T
	asBest  = "at best"  // as fast as each can go while it misses nothing, or next to nothing
)

// The network of the scanner, and where its targets are: elsewhere, behind a
// router.
const (
	scannerAddr = "10.0.0.1"
	routerAddr  = "10.0.0.2"
	elsewhere   = "10.128.0.0/9"
)

// site is the network of a job.
type site struct {
	scanner *lab.Host
	iface   string
	mac     string // of the router
}

// build makes the network of a job.
func (j *job) build(n *lab.Network) site {
	if j.way != nil {
		return j.way.build(n)
	}
	scanner, router := n.Host("scanner"), n.Host("router")
	iface, far := n.Link(scanner, router, scannerAddr+"/24", routerAddr+"/24")
	scanner.Route(elsewhere, routerAddr)
	mac := router.MAC(far)
	scanner.Neighbour(iface, routerAddr, mac)
	if j.kernel != nil {
		router.Addr("lo", j.targets.String())
		j.kernel(router)
	} else {
		router.Answer(far, j.asked())
	}
	chat(n, router)
	return site{scanner, iface, mac.String()}
}

// chat sends the scanner a datagram now and then, as there is always something on
// a real link: masscan waits for the next packet before it looks at the time.
func chat(n *lab.Network, router *lab.Host) {
	const pause = 100 * time.Millisecond
	var c net.Conn
	err := router.Do(func() (err error) {
		c, err = net.Dial("udp", net.JoinHostPort(scannerAddr, "9"))
		return err
	})
	if err != nil {
		fatal{}.Fatalf("chat: %v", err)
	}
	n.Go(func(done <-chan struct{}) {
		defer c.Close()
		for {
			c.Write([]byte("still here")) // the answer to the one before is a refusal
			select {
			case <-done:
				return
			case <-time.After(pause):
			}
		}
	})
}

// asked is how elsewhere answers.
func (j *job) asked() lab.Answers {
	a := j.answers
	a.Range = netip.MustParsePrefix(elsewhere)
	return a
}

// truth is what is to be found, in the words of found.
func (j *job) truth() map[string]bool {
	if j.way != nil {
		return j.way.truth()
	}
	want := make(map[string]bool)
	answers := j.asked()
	first, last := portRange(j.ports)
	for a := j.targets.Addr(); j.targets.Contains(a); a = a.Next() {
		if j.ports == "" && answers.Up(a) {
			want[found(a.String(), "")] = true
		}
		for p := first; p <= last && j.kernel == nil && j.ports != ""; p++ {
			if answers.Listens(a, uint16(p)) {
				want[found(a.String(), fmt.Sprint(p))] = true
			}
		}
	}
	for _, p := range j.open {
		want[found(j.targets.Addr().String(), fmt.Sprint(p))] = true
	}
	return want
}

// found is how something found is written: an address, or one with a port.
func found(addr, port string) string { return strings.TrimSpace(addr + " " + port) }

// portRange reads "80" and "1-65535".
func portRange(s string) (first, last int) {
	if n, _ := fmt.Sscanf(s, "%d-%d", &first, &last); n < 2 {
		last = first
	}
	return first, last
}

// words makes the arguments of a command for a site: {targets}, {ports}, {iface},
// {mac}, {source} are the job's and the site's, {out} a file for what is found.
func (j *job) words(command string, s site, out string) []string {
	targets := j.targets.String()
	if j.targets.IsSingleIP() {
		targets = j.targets.Addr().String()
	}
	return strings.Fields(strings.NewReplacer(
		"{targets}", targets, "{ports}", j.ports, "{out}", out,
		"{iface}", s.iface, "{mac}", s.mac, "{source}", scannerAddr,
	).Replace(command))
}
