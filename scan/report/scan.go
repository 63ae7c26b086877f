package report

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Scan is what is known of a run before its first packet, and its first record.
type Scan struct {
	Version   string
	Command   string     // "tcp", "sweep", …
	Args      []string   // the command line without the program's name
	Time      time.Time  // to the second
	Methods   []string   // how it asks: "raw", "connect", "xdp"
	Seed      uint64     // of the order; below 2^53 it survives every JSON reader
	Probes    uint64     // questions in the plan, or in the shard of it
	Shard     uint64     // which shard, from 1, of Shards
	Shards    uint64     // 0: it is the whole
	Resumed   bool       // an earlier run decided some of it
	Source    netip.Addr // a source address that is not ours (-S); else zero
	Addresses uint64     // addresses to ask, listed or not
	Ports     uint32     // ports asked of each host; 0: a sweep
	Asked     *Asked     // how they are asked, and which they are; nil: a sweep
	AlsoAsked *Asked     // likewise those of another protocol; nil: there are none
	Services  bool       // a Service follows for each open port
	Then      bool       // a Then follows for each host of which something is found
	Trace     *Trace     // Hops follow; nil: none
	Trials    *Trials    // what is varied; nil: nothing
	NoPing    bool       // the user skipped the ping (-PN)
	Captures  bool       // two captures are compared, and nothing is sent
	Notes     []string   // what the user must know to read the result, one line each
	Defaults  []Default  // flags that neither the command line nor sonde itself decided
}

// Default is a flag whose value is from the environment or from a file of defaults.
type Default struct {
	Command string // the only one that it is for; "": all
	Flag    string // its long name, without dashes
	Value   string // as a command line has it
	From    string // the variable, or the file and its line
}

// Text is it for people: "--rate 100 (SONDE_RATE)".
func (d Default) Text() string { return "--" + d.Flag + " " + d.Value + " (" + d.From + ")" }

// Asked is how ports are asked.
type Asked struct {
	Kind  string // of probe: "syn", "connect", "udp"
	Proto string
	Ports string // as PortRanges writes them
}

// Count is how many ports Ports names.
func (a *Asked) Count() (n uint32) {
	for r := range strings.SplitSeq(a.Ports, ",") {
		low, high, isRange := strings.Cut(r, "-")
		first, err := strconv.ParseUint(low, 10, 16)
		if err != nil {
			continue
		}
		n++
		if last, err := strconv.ParseUint(high, 10, 16); isRange && err == nil && last > first {
			n += uint32(last - first)
		}
	}
	return n
}

// PortRanges writes ports in their order: "22,80-90,443". Each is there once.
func PortRanges(ports []uint16) string {
	ports = slices.Clone(ports)
	slices.Sort(ports)
	ports = slices.Compact(ports)
	var b []byte
	for i := 0; i < len(ports); {
		last := i
		for last+1 < len(ports) && ports[last+1] == ports[last]+1 {
			last++
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(ports[i]), 10)
		if last > i {
			b = strconv.AppendUint(append(b, '-'), uint64(ports[last]), 10)
		}
		i = last + 1
	}
	return string(b)
}

// Trace is how routes are traced.
type Trace struct {
	Proto  string // "icmp", "tcp", "udp"
	Port   uint16 // 0: none, or not the same for all targets
	MaxTTL uint8
	TOS    uint8 // DSCP<<2 | ECN of what is sent
}

func (*Scan) record() {}

// RoutesOnly tells whether the run is about routes, not about hosts and ports.
func (s *Scan) RoutesOnly() bool { return s.Trace != nil && s.Ports == 0 }
