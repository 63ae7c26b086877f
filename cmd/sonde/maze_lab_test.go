package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// maze is a network in which a probe can end in every way that this machine's
// kernel and a device can make:
//
//	client — edge — core — server
//	           ⇄ a loop  ⤷ device, which answers for addresses of its own
//
// All addresses are asked for the same ports. The link of the client is a slow
// one, without which its kernel would miss ICMPv6 errors to connects.
type maze struct {
	client, edge, core, server, box *lab.Host

	toServer string // core's interface
}

// place is what a target address of the maze stands for.
type place struct {
	name         string
	addr4, addr6 string
}

// places are the addresses that are asked. In the loop all ports are the same.
var places = []place{
	{"server", "10.2.0.10", "fd02::10"},
	{"device", "10.4.0.1", "fd04::1"},
	{"a loop", "10.9.0.1", "fd09::1"},
}

// addr is the place's address in a family.
func (p place) addr(family string) string {
	if family == "IPv6" {
		return p.addr6
	}
	return p.addr4
}

// node names the node that has an address, "" if none has it.
func (m *maze) node(addr string) string {
	return map[string]string{
		"10.1.0.2": "edge", "10.8.0.1": "edge", "fd01::2": "edge", "fd08::1": "edge",
		"10.8.0.2": "core", "10.2.0.2": "core", "10.3.0.2": "core", "fd08::2": "core", "fd02::2": "core", "fd03::2": "core",
		"10.3.0.10": "box", "fd03::10": "box",
	}[addr]
}

// spots lists all ports of all places.
func (m *maze) spots(family string) (all []spot) {
	for _, p := range places {
		for _, port := range mazePorts(family) {
			all = append(all, spot{p.addr(family), port, whatIsAt(p, family, port)})
		}
	}
	return all
}

// stand is what there is at some of the server's ports.
type stand struct {
	what  string // as the table of differences names it
	ports string
	only  string // a family, or both

	tcp, udp   string     // what listens: "a listener", "DNS", "an echo", "a sink"
	host       lab.Action // what the server's firewall does
	way        lab.Action // what core's does
	wayMatches lab.Rule   // ... to what it matches besides; TCP only
}

// stands lists the server's ports. Whatever else is said, the router is asked
// first, then the host, then who listens.
func stands() []stand {
	list := []stand{
		{what: "a listener", ports: "22,80,443,8080,8443", tcp: "a listener", udp: "an echo"},
		{what: "a server of its protocol", ports: "53", tcp: "a listener", udp: "DNS"},
		{what: "a silent server", ports: "514,5002", tcp: "a listener", udp: "a sink"},
		{what: "nobody", ports: "1-5,123,161"},
		{what: "dropped by the host", ports: "100,101", host: lab.Drop},
		{what: "dropped on the way", ports: "102,103", way: lab.Drop},
		{what: "reset by the host", ports: "110", host: lab.Reset},
		{what: "reset on the way", ports: "111", way: lab.Reset},
		{what: "a listener behind connection tracking", ports: "410,411", tcp: "a listener", udp: "an echo",
			way: lab.Drop, wayMatches: lab.Rule{State: "invalid"}},
		{what: "nobody behind connection tracking", ports: "412,413", way: lab.Drop, wayMatches: lab.Rule{State: "invalid"}},
		{what: "a listener behind a filter of SYNs", ports: "420,421", tcp: "a listener", udp: "an echo",
			way: lab.Drop, wayMatches: lab.Rule{Flags: "S/SA"}},
		{what: "nobody behind a filter of SYNs", ports: "422,423", way: lab.Drop, wayMatches: lab.Rule{Flags: "S/SA"}},
	}
	for _, f := range []struct {
		family    string
		typ, last int
		reject    func(code uint8) lab.Action
	}{{"IPv4", 3, 15, lab.ICMP}, {"IPv6", 1, 6, lab.ICMPv6}} {
		for code := range f.last + 1 {
			name := fmt.Sprintf("%d/%d", f.typ, code)
			list = append(list,
				stand{what: name + " from the target", only: f.family, ports: strconv.Itoa(200 + code), host: f.reject(uint8(code))},
				stand{what: name + " from the way", only: f.family, ports: strconv.Itoa(300 + code), way: f.reject(uint8(code))})
		}
	}
	return list
}

func (s *stand) list() []int {
	var ports []int
	for _, item := range strings.Split(s.ports, ",") {
		first, last, ok := strings.Cut(item, "-")
		if !ok {
			last = first
		}
		a, _ := strconv.Atoi(first)
		b, _ := strconv.Atoi(last)
		for ; a <= b; a++ {
			ports = append(ports, a)
		}
	}
	return ports
}

// mazePorts lists the ports that are asked in a family.
func mazePorts(family string) []int {
	var ports []int
	for _, s := range stands() {
		if s.only == "" || s.only == family {
			ports = append(ports, s.list()...)
		}
	}
	slices.Sort(ports)
	return ports
}

// retortAt is what the device says at a port: all it can say is there in turn.
func retortAt(v6 bool, port uint16) retort {
	family := "IPv4"
	if v6 {
		family = "IPv6"
	}
	i, _ := slices.BinarySearch(mazePorts(family), int(port))
	list := retorts(v6)
	return list[i%len(list)]
}

// whatIsAt names what a probe to a port of a place meets.
func whatIsAt(p place, family string, port int) string {
	switch p.name {
	case "device":
		return "a device: " + retortAt(family == "IPv6", uint16(port)).what
	case "server":
		for _, s := range stands() {
			if (s.only == "" || s.only == family) && slices.Contains(s.list(), port) {
				return s.what
			}
		}
	}
	return p.name
}

func newMaze(t *testing.T) *maze {
	t.Helper()
	n := labtest.New(t)
	m := &maze{client: n.Host("client"), edge: n.Router("edge"), core: n.Router("core"), server: n.Host("server"), box: n.Host("box")}
	n.SlowLink(m.client, m.edge, 0, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	n.Link(m.edge, m.core, "10.8.0.1/24", "10.8.0.2/24", "fd08::1/64", "fd08::2/64")
	m.toServer, _ = n.Link(m.core, m.server, "10.2.0.2/24", "10.2.0.10/24", "fd02::2/64", "fd02::10/64")
	n.Link(m.core, m.box, "10.3.0.2/24", "10.3.0.10/24", "fd03::2/64", "fd03::10/64")
	m.client.Default("10.1.0.2", "fd01::2")
	m.edge.Default("10.8.0.2", "fd08::2")
	m.core.Route("10.1.0.0/24", "10.8.0.1")
	m.core.Route("fd01::/64", "fd08::1")
	m.server.Default("10.2.0.2", "fd02::2")
	m.core.Route("10.4.0.0/24", "10.3.0.10")
	m.core.Route("fd04::/64", "fd03::10")
	m.core.Route("10.9.0.0/24", "10.8.0.1")
	m.core.Route("fd09::/64", "fd08::1")
	for _, h := range []*lab.Host{m.client, m.edge, m.core, m.server} {
		h.NoICMPLimit()
	}
	// Connection tracking takes an ACK without a SYN before it for the middle of
	// a connection, unless told otherwise.
	m.core.Sysctl("net/netfilter/nf_conntrack_tcp_loose", "0")
	for _, s := range stands() {
		m.set(s)
	}
	startDevice(t, m.box, "10.3.0.10", "fd03::10", retortAt)
	return m
}

// set makes a stand.
func (m *maze) set(s stand) {
	for _, port := range s.list() {
		if s.tcp != "" {
			m.server.TCP(port)
		}
		switch s.udp {
		case "an echo":
			m.server.UDP(port, lab.Echo)
		case "a sink":
			m.server.UDP(port, lab.Sink)
		case "DNS":
			m.server.UDP(port, lab.DNS(map[string][]netip.Addr{"web.test": {netip.MustParseAddr("10.2.0.10")}}))
		}
	}
	for _, proto := range []string{"tcp", "udp"} {
		if s.host != 0 && (proto == "tcp" || s.host != lab.Reset) {
			m.server.Firewall(lab.Rule{Proto: proto, Dport: s.ports, Do: s.host})
		}
		if s.way != 0 && (proto == "tcp" || s.way != lab.Reset && s.wayMatches == (lab.Rule{})) {
			r := s.wayMatches
			r.Chain, r.Out, r.Proto, r.Dport, r.Do = lab.Forward, m.toServer, proto, s.ports, s.way
			m.core.Firewall(r)
		}
	}
}
