package job

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"sonde/scan"
	"sonde/scan/report"
	"sonde/scan/target"
)

// Spec is a whole run as data. The zero value of a field means that nothing was
// said, and the default holds; fields whose zero value could be meant are
// pointers. What a field means is README's, by the name of its flag (see fields).
type Spec struct {
	Command string   `json:"command"`        // "sweep", "tcp", "udp", "fp", "trace", "trial", "doctor", "compare", "diff"
	Args    []string `json:"args,omitempty"` // the command line that it was made from, for the records
	// Defaults are the flags that neither the command line nor sonde itself decided, for
	// the records; of doctor, all that there are.
	Defaults []report.Default `json:"defaults,omitempty"`

	Targets Targets `json:"targets"`
	Ask     Ask     `json:"ask,omitzero"`
	Packet  Packet  `json:"packet,omitzero"`
	Way     Way     `json:"way,omitzero"`
	Pace    Pace    `json:"pace,omitzero"`
	Part    Part    `json:"part,omitzero"`
	Show    Show    `json:"show,omitzero"`
	Expect  string  `json:"expect,omitempty"` // the state that everything is to have
	// Expectations are the lines of --expect-file.
	Expectations []Expectation `json:"expectations,omitempty"`

	WaitFor string   `json:"wait_for,omitempty"` // the state to wait for until everything has it
	Then    string   `json:"then,omitempty"`     // the command that is run for each host of which something is found
	Trial   Trial    `json:"trial,omitzero"`
	System  System   `json:"system,omitzero"`
	Compare Captures `json:"compare,omitzero"`
	Diff    Versions `json:"diff,omitzero"`
}

// Versions are the files of two runs that are compared; "-" is stdin.
type Versions struct {
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
}

// Captures are the two files that are compared.
type Captures struct {
	Near string `json:"near,omitempty"` // made where the questions left
	Far  string `json:"far,omitempty"`  // made where they went to
}

// Targets says who is asked.
type Targets struct {
	Words        []string `json:"words,omitempty"` // addresses, networks, ranges, names
	Exclude      []string `json:"exclude,omitempty"`
	Local        bool     `json:"local,omitempty"`        // everybody on our own links, instead of Words
	ExcludeFile  bool     `json:"exclude_file,omitempty"` // there was an --exclude-file; what it lists is in Exclude
	AllAddresses bool     `json:"all_addresses,omitempty"`
	IPv4         bool     `json:"ipv4,omitempty"` // names mean IPv4 addresses only
	IPv6         bool     `json:"ipv6,omitempty"`

	// Sources and ExcludeSources say where words stand that were read from lists, for
	// errors.
	Sources        []target.Source `json:"-"`
	ExcludeSources []target.Source `json:"-"`
}

// Ask says what is asked.
type Ask struct {
	Ping         []string `json:"ping,omitempty"` // values of -P: "E", "S22,443", "N"
	Scan         []string `json:"scan,omitempty"` // the value of -s, one
	Ports        string   `json:"ports,omitempty"`
	Top          *int     `json:"top,omitempty"`
	ExcludePorts string   `json:"exclude_ports,omitempty"`
	Confirm      bool     `json:"confirm,omitempty"`
	UDP          bool     `json:"udp,omitempty"`          // tcp, fp: UDP ports, too
	List         bool     `json:"list,omitempty"`         // sweep: nobody is asked, the targets are listed
	Services     bool     `json:"services,omitempty"`     // tcp, udp: open ports are asked what they are
	Fingerprints string   `json:"fingerprints,omitempty"` // the folder of patterns that name products beside our own
	Thorough     bool     `json:"thorough,omitempty"`     // fp: ports that are not understood are asked everything
	Proto        string   `json:"proto,omitempty"`        // trace, trial: "icmp", "tcp", "udp"
	Flows        *int     `json:"flows,omitempty"`        // trace: find all ways, by so many flows at most
	Hops         *int     `json:"hops,omitempty"`         // trace: at most
	MTU          bool     `json:"mtu,omitempty"`          // trace: measure how long packets may be
	Watch        bool     `json:"watch,omitempty"`        // trace: ask in rounds until it is stopped
}

// Packet says what the packets look like: a value for each row of the table in
// probe/field, as it is written there.
type Packet struct {
	SourcePort *int   `json:"source_port,omitempty"`
	TTL        *int   `json:"ttl,omitempty"`
	TOS        string `json:"tos,omitempty"`  // a number
	DSCP       string `json:"dscp,omitempty"` // a name or a number
	ECN        string `json:"ecn,omitempty"`
	ID         string `json:"ip_id,omitempty"`
	DF         string `json:"df,omitempty"` // "on", as of all without a value
	NoDF       string `json:"no_df,omitempty"`
	FlowLabel  string `json:"flow_label,omitempty"`
	IPOptions  string `json:"ip_options,omitempty"` // hex
	Fragment   string `json:"fragment,omitempty"`
	Flags      string `json:"flags,omitempty"`
	Seq        string `json:"seq,omitempty"`
	Ack        string `json:"ack,omitempty"`
	Window     string `json:"window,omitempty"`
	Urgent     string `json:"urg,omitempty"`
	TCPOptions string `json:"tcp_options,omitempty"`
	Data       string `json:"data,omitempty"` // hex
	DataString string `json:"data_string,omitempty"`
	DataLength string `json:"data_length,omitempty"`
	BadSum     string `json:"badsum,omitempty"`
}

// Way says how packets leave.
type Way struct {
	Iface  string `json:"interface,omitempty"`
	Source string `json:"source,omitempty"`
	Via    string `json:"via,omitempty"` // "raw", "connect", "xdp"
	Guard  bool   `json:"rst_guard,omitempty"`
}

// Pace says how fast, how often and how long.
type Pace struct {
	Timing      *int      `json:"timing,omitempty"` // template, 0 to 5
	Rate        *float64  `json:"rate,omitempty"`   // packets a second, at most
	MaxRetries  *int      `json:"max_retries,omitempty"`
	Timeout     *Duration `json:"timeout,omitempty"`
	HostTimeout *Duration `json:"host_timeout,omitempty"`
	Deadline    *Duration `json:"deadline,omitempty"`
	Count       *int      `json:"count,omitempty"`    // how often every question is asked; nil: until it is decided
	Interval    *Duration `json:"interval,omitempty"` // between two rounds of Count, WaitFor or Watch
	For         *Duration `json:"for,omitempty"`      // how long to Watch; nil: until it is stopped
}

// Part says which part of the whole a run does.
type Part struct {
	Seed   *uint64 `json:"seed,omitempty"`
	Shard  Shard   `json:"shard,omitzero"`
	Resume string  `json:"resume,omitempty"` // file of the checkpoint
}

// Show says what of a run is shown. What makes bytes of it is not this package's.
type Show struct {
	Numeric bool   `json:"numeric,omitempty"`
	Resolve bool   `json:"resolve,omitempty"` // look names up for all addresses
	ASN     string `json:"asn,omitempty"`     // trace: the file of autonomous systems, which Env.Origin has
	Metrics string `json:"metrics,omitempty"` // trace: where Prometheus is answered, with Watch
	Replay  string `json:"replay,omitempty"`  // trace: the file of a watched trace that is shown, and nothing is asked
	Open    bool   `json:"open,omitempty"`    // list only what is open
	Quiet   bool   `json:"quiet,omitempty"`
	Verbose bool   `json:"verbose,omitempty"`
	Packets bool   `json:"packet_trace,omitempty"`
	Pcap    string `json:"pcap,omitempty"`
	DryRun  bool   `json:"dry_run,omitempty"`
	// Stats is how often it is told how far the run is, as a line beside the results.
	Stats   *Duration `json:"stats,omitempty"`
	Color   string    `json:"color,omitempty"`   // "auto", "always", "never"
	Nagios  bool      `json:"nagios,omitempty"`  // one line, and an exit code, as plugins have them
	Outputs []Output  `json:"outputs,omitempty"` // none: the records go to whoever called
}

// Output is one place where records go.
type Output struct {
	Format   string `json:"format"`
	Path     string `json:"path,omitempty"` // "": stdout
	Streamed bool   `json:"streamed,omitempty"`
	Implied  bool   `json:"implied,omitempty"` // nobody asked for it
}

// Duration is a time.Duration that JSON has as "1.5s".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// Shard is the Number-th, from 1, of Of equal parts; the zero value is the whole.
// Its text is "1/4".
type Shard struct{ Number, Of uint64 }

func (s Shard) String() string {
	if s.Of == 0 {
		return ""
	}
	return strconv.FormatUint(s.Number, 10) + "/" + strconv.FormatUint(s.Of, 10)
}

// MarshalText implements encoding.TextMarshaler.
func (s Shard) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. Its errors are for people.
func (s *Shard) UnmarshalText(text []byte) error {
	number, of, ok := strings.Cut(string(text), "/")
	i, err := strconv.ParseUint(number, 10, 64)
	n, err2 := strconv.ParseUint(of, 10, 64)
	if !ok || err != nil || err2 != nil {
		return errors.New("write which of how many: 1/4 is the first of four")
	}
	switch {
	case i == 0:
		return fmt.Errorf("the first shard is 1/%d", n)
	case i > n:
		return fmt.Errorf("there are only %d", n)
	case n >= 1<<53:
		return errors.New("below 2^53, as JSON readers demand")
	}
	s.Number, s.Of = i, n
	return nil
}

// Parse reads a Spec from JSON. A key that it does not know is an error: nothing
// is silently ignored.
func Parse(text []byte) (*Spec, error) {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	s := &Spec{}
	if err := d.Decode(s); err != nil {
		return nil, Usage("the job: %w", err)
	}
	if d.More() {
		return nil, Usage("the job: more than one")
	}
	return s, nil
}

// value is what p points to, or fallback where nothing was said.
func value[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}

// timing is the template with what was overridden.
func (p *Pace) timing() scan.Timing {
	t := scan.Template(value(p.Timing, 3))
	t.Rate, t.MaxRetries, t.Timeout = value(p.Rate, 0), value(p.MaxRetries, -1), time.Duration(value(p.Timeout, 0))
	return t
}

// family is 4 or 6 where names mean addresses of one family only, else 0.
func (t *Targets) family() int {
	switch {
	case t.IPv4:
		return 4
	case t.IPv6:
		return 6
	}
	return 0
}

// noPing tells whether hosts are not to be pinged (-PN).
func (a *Ask) noPing() bool {
	for _, p := range a.Ping {
		if p == "N" || p == "n" || p == "0" {
			return true
		}
	}
	return false
}

// SourceAddr is the address of -S; zero if there is none, or it is no address.
func (s *Spec) SourceAddr() netip.Addr {
	a, _ := netip.ParseAddr(s.Way.Source)
	return a
}
