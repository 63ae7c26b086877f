package job

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"sonde/probe"
	"sonde/scan/sweep"
)

// question is what a Spec means, as far as it can be told without an address: its
// words read.
type question struct {
	kind   probe.Kind // that asks the ports, or traces; nil: none was named, and privileges decide
	scan   string     // "-sF", as the user wrote it; "": no kind was named
	pings  []sweep.Ping
	ports  []uint16
	udp    []uint16 // likewise, beside TCP ports
	proto  string   // of ports and traces: "tcp", "udp", "icmp"
	port   uint16   // that is traced to; 0: none
	via    string   // "raw", "connect", "xdp", or "": as permitted
	source netip.Addr
	crafts [2]probe.Craft // of packets, for IPv4 and for IPv6, whose MSS differs
	want   *probe.State   // that everything is to have; nil: nothing is expected

	variants *variants // of a trial; else nil
}

// defaultOptions are the TCP options of a probe, so that it looks like a real
// client's and meets what a real client meets.
const defaultOptions = "linux"

// question reads the words of s.
func (s *Spec) question() (*question, error) {
	q := &question{}
	for _, read := range []func(*Spec) error{q.readScan, q.readPorts, q.readPings, q.readSource, q.readCrafts, q.readFlags, q.readExpect} {
		if err := read(s); err != nil {
			return nil, err
		}
	}
	q.via = s.Way.Via
	if q.kind != nil && s.Command != "trace" && s.Command != "trial" {
		_, packets := probe.Packets(q.kind)
		switch sockets := bySocket(q.kind); {
		case sockets && !packets:
			q.via = "connect"
		case packets && !sockets && q.via != "xdp":
			q.via = "raw"
		}
	}
	if (s.Way.Guard || s.Command == "trial") && q.via != "xdp" {
		q.via = "raw"
	}
	return q, nil
}

// bySocket tells whether the kernel can ask by k itself: who says how to ask is
// asked in no other way.
func bySocket(k probe.Kind) bool {
	by, ok := probe.BySocket(k)
	return ok && probe.Kind(by) == k
}

// readScan reads which kind asks.
func (q *question) readScan(s *Spec) error {
	switch s.Command {
	case "udp":
		q.kind, q.proto = probe.UDP, "udp"
	case "tcp", "fp":
		q.proto = "tcp"
	case "trace", "trial":
		return q.readTrace(s)
	default:
		q.proto = "icmp"
	}
	if len(s.Ask.Scan) == 0 || s.Command != "tcp" {
		return nil
	}
	if len(s.Ask.Scan) > 1 {
		return Usage("-s%s: one way of asking at a time", strings.Join(s.Ask.Scan, " -s"))
	}
	letter := s.Ask.Scan[0]
	e, ok := probe.ByScan(letter)
	if !ok {
		return Usage("-s%s: unknown way of asking: %s", letter, ScanLetters())
	}
	q.kind, q.scan = e.Kind, "-s"+letter
	return nil
}

// usual is how many ports a command asks where none are named.
func usual(command string) int {
	if command == "udp" {
		return 100
	}
	return 1000
}

// readTrace reads what to trace, or to try, with.
func (q *question) readTrace(s *Spec) error {
	q.proto = s.Ask.Proto
	if q.proto == "" {
		q.proto = "icmp"
		if s.Ask.Ports != "" {
			q.proto = "tcp"
		}
	}
	text := s.Ask.Ports
	switch q.proto {
	case "icmp":
		if text != "" {
			return Usage("-p %s: icmp has no ports", text)
		}
		q.kind = probe.Echo
		return nil
	case "tcp":
		q.kind = probe.SYN
		if text == "" && s.Command == "trace" {
			text = "80"
		}
	case "udp":
		q.kind = probe.UDP
		if text == "" && s.Command == "trace" {
			text = strconv.Itoa(traceUDPPort)
		}
	default:
		return Usage("--proto %s: icmp, tcp or udp", q.proto)
	}
	if text == "" {
		return Usage("-p: name the port that is asked, or ask by --proto icmp")
	}
	list, err := portList(q.proto, text, nil, "", 0)
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return Usage("-p %s: one port at a time", text)
	}
	q.port = list[0]
	return nil
}

// readPorts reads which ports are asked.
func (q *question) readPorts(s *Spec) (err error) {
	a := &s.Ask
	switch s.Command {
	case "fp":
		return q.readBoth(s.Command, a)
	case "tcp", "udp":
		if a.UDP {
			return q.readBoth(s.Command, a)
		}
		q.ports, err = portList(q.proto, a.Ports, a.Top, a.ExcludePorts, usual(s.Command))
	}
	return err
}

// limitedBroadcast is everybody on the link, and no source (RFC 1122 §3.2.1.3).
var limitedBroadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// readSource reads -S.
func (q *question) readSource(s *Spec) error {
	if s.Way.Source == "" {
		return nil
	}
	a, err := netip.ParseAddr(s.Way.Source)
	if err != nil {
		return Usage("-S %s: not an address", s.Way.Source)
	}
	if a.IsUnspecified() || a.IsMulticast() || a.Is4In6() || a == limitedBroadcast {
		return Usage("-S %s: not an address that packets can come from", s.Way.Source)
	}
	q.source = a
	return nil
}

// portStates are the states of ports.
var portStates = []probe.State{probe.Open, probe.Closed, probe.Filtered, probe.Unfiltered, probe.OpenFiltered, probe.ClosedFiltered, probe.Unknown}

// States are the states that a command finds hosts or ports in; --expect and --wait-for
// take one of them.
func States(command string) []probe.State {
	if command == "sweep" {
		return []probe.State{probe.Up, probe.Down, probe.Unknown}
	}
	return portStates
}

// readExpect reads --expect or --wait-for, of hosts or ports.
func (q *question) readExpect(s *Spec) error {
	flag, text := s.first("expect", "wait-for"), s.Expect+s.WaitFor
	if flag == "" {
		return nil
	}
	state, ok := probe.ParseState(text)
	names := ""
	for _, known := range States(s.Command) {
		if ok && state == known {
			q.want = &state
			return nil
		}
		names += " " + known.String()
	}
	return Usage("--%s %s: one of%s", flag, text, names)
}

// ScanLetters lists what -s takes: "S syn, T connect".
func ScanLetters() string {
	var l []string
	for _, e := range probe.Kinds() {
		if e.Scan != "" {
			l = append(l, e.Scan+" "+e.Kind.Name())
		}
	}
	slices.Sort(l)
	return strings.Join(l, ", ")
}
