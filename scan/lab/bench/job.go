package main

import (
	"net/netip"
	"strconv"
	"time"

	"sonde/scan/lab"
)

// job is one thing to find out, on a network made for it.
type job struct {
	name  string
	title string
	where netip.Prefix // the targets
	ports string       // as all programs read it; "" for sweeps
	lab.Answers
}

// The scanner's own network, and where its targets are, which is elsewhere.
const (
	scannerAddr = "10.0.0.1"
	routerAddr  = "10.0.0.2"
	elsewhere   = "10.128.0.0/9"
	target      = "10.128.0.77"
)

// A link that takes its time, there and back together, and loses a share of what
// is sent in each direction.
const (
	farDelay = 50 * time.Millisecond
	farLoss  = 0.05
)

// jobs are all jobs, in the order of the table.
func jobs() []job {
	sweep := lab.Answers{Alive: 0.05}
	web := lab.Answers{Alive: 0.05, OpenShare: 0.4} // 2 % of the addresses
	host := lab.Answers{Alive: 1, OpenShare: 20. / 65535}
	hosts := lab.Answers{Alive: 1, OpenShare: 0.019}
	far := func(a lab.Answers) lab.Answers { a.Delay, a.Loss = farDelay, farLoss; return a }
	dropped := func(a lab.Answers) lab.Answers { a.Dropped = true; return a }
	return []job{
		{"sweep-24", "sweep of a /24", prefix("10.128.7.0/24"), "", sweep},
		{"sweep-20", "sweep of a /20", prefix("10.128.16.0/20"), "", sweep},
		{"sweep-16", "sweep of a /16", prefix("10.129.0.0/16"), "", sweep},
		{"ports", "65,535 ports, closed ones refuse", prefix(target + "/32"), "1-65535", host},
		{"ports-dropped", "65,535 ports, closed ones are silent", prefix(target + "/32"), "1-65535", dropped(host)},
		{"web-16", "port 443 on a /16", prefix("10.129.0.0/16"), "443", web},
		{"web-12", "port 443 on a /12", prefix("10.144.0.0/12"), "443", web},
		{"hosts", "1000 ports of 16 hosts, closed ones refuse", prefix("10.128.32.0/28"), "1-1000", hosts},
		{"hosts-dropped", "1000 ports of 16 hosts, closed ones are silent", prefix("10.128.32.0/28"), "1-1000", dropped(hosts)},
		{"far-hosts", "1000 ports of 64 hosts, 50 ms away, 5 % loss each way", prefix("10.128.64.0/26"), "1-1000", far(hosts)},
		{"far-ports", "65,535 ports, 50 ms away, 5 % loss each way", prefix(target + "/32"), "1-65535", far(host)},
		{"far-web", "port 443 on a /16, 50 ms away, 5 % loss each way", prefix("10.129.0.0/16"), "443", far(web)},
	}
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// build makes the network of a job and returns the host to scan from.
func (j *job) build(n *lab.Network) (scanner *lab.Host) {
	scanner, router := n.Host("scanner"), n.Host("router")
	_, far := n.Link(scanner, router, scannerAddr+"/24", routerAddr+"/24")
	scanner.Route(elsewhere, routerAddr)
	j.Range = prefix(elsewhere)
	router.Answer(far, j.Answers)
	return scanner
}

// truth is what a scan has to find: addresses, with a port unless it is a sweep.
func (j *job) truth() map[string]bool {
	found := make(map[string]bool)
	first, last := 0, 0
	if j.ports != "" {
		first, last = portRange(j.ports)
	}
	for a := j.where.Addr(); j.where.Contains(a); a = a.Next() {
		if j.ports == "" && j.Up(a) {
			found[a.String()] = true
		}
		for p := first; p <= last && p > 0; p++ {
			if j.Listens(a, uint16(p)) {
				found[a.String()+" "+strconv.Itoa(p)] = true
			}
		}
	}
	return found
}
