package main

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"sonde/output"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// outcome is what one run of the program left behind.
type outcome struct {
	text, stderr string
	exit         int
	took         time.Duration

	ports map[int]record    // of the only host, or of the last one that had the port
	hosts map[string]record // by address
	scan  record
	end   record

	hops     []record
	services map[int]record // by port
	findings []record
	local    []record // about this machine
	records  []record // all of them, in order
}

// finding returns the one about something; nil: there is none.
func (o *outcome) finding(about string) *record {
	for i := range o.findings {
		if o.findings[i].About == about {
			return &o.findings[i]
		}
	}
	return nil
}

// record is what tests look at in a JSON record of any type.
type record struct {
	Type       string          `json:"type"`
	Addr       string          `json:"addr"`
	Port       int             `json:"port"`
	State      string          `json:"state"`
	Reason     string          `json:"reason"`
	From       string          `json:"from"`
	MAC        string          `json:"mac"`
	Tries      int             `json:"tries"`
	Complete   bool            `json:"complete"`
	Exit       int             `json:"exit"`
	ExitReason string          `json:"exit_reason"`
	Method     []string        `json:"method"`
	Sent       int             `json:"sent"`
	Received   int             `json:"received"`
	Reply      json.RawMessage `json:"reply"`

	TTL     int                                  `json:"ttl"`
	RTT     json.RawMessage                      `json:"rtt_ms"` // of a hop: min, avg, max
	Quoted  int                                  `json:"quoted"`
	DSCP    string                               `json:"dscp"`
	Reached bool                                 `json:"reached"`
	Changes []struct{ Field, Sent, Seen string } `json:"changes"`

	Suspected  string  `json:"middlebox_suspected"`
	Silence    string  `json:"silence"`
	Confirmed  bool    `json:"confirmed"`
	By         string  `json:"by"`
	About      string  `json:"about"`
	Canary     int     `json:"canary"`
	Count      int     `json:"count"`
	Ports      []int   `json:"port_list"`
	Hops       int     `json:"hops"`
	OthersHops int     `json:"others_hops"`
	Every      float64 `json:"every_ms"`
	Cost       float64 `json:"cost_s"`

	Unsolicited int    `json:"unsolicited"`
	Service     string `json:"service"`
	Product     string `json:"product"`
	Version     string `json:"version"`
	Banner      string `json:"banner"`
	Cut         string `json:"cut"`
	How         string `json:"how"`
	HTTP        struct {
		Status                  int
		Title, Server, Redirect string
	} `json:"http"`
	TLS struct {
		Version    string   `json:"version"`
		Subject    string   `json:"subject"`
		Names      []string `json:"names"`
		NotAfter   string   `json:"not_after"`
		SelfSigned bool     `json:"self_signed"`
	} `json:"tls"`

	line []byte // the record itself
}

// state is "filtered (admin-prohibited from 10.1.0.2)": state and reason, and
// who said so if it was not the host itself.
func (r record) state() string {
	s := r.State + " (" + r.Reason
	if r.From != "" && r.From != r.Addr {
		s += " from " + r.From
	}
	return s + ")"
}

// patience ends a run that does not end by itself.
const patience = 20 * time.Second

// typed runs the program on a host exactly as typed, at most for patience.
func typed(t *testing.T, h *lab.Host, args ...string) *outcome {
	t.Helper()
	return finish(t, h.Command(program(t), args...), args)
}

// finish runs cmd, at most for patience. args are what it is shown with.
func finish(t *testing.T, cmd *lab.Cmd, args []string) *outcome {
	t.Helper()
	return finishWithin(t, patience, cmd, args)
}

// finishWithin is finish for what takes longer.
func finishWithin(t *testing.T, patience time.Duration, cmd *lab.Cmd, args []string) *outcome {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer killer.Stop()
	cmd.Wait() // how it ended is in ProcessState
	o := &outcome{text: out.String(), stderr: errs.String(), exit: cmd.ProcessState.ExitCode(), took: time.Since(began)}
	shown := o.text[:min(len(o.text), 10_000)]
	t.Logf("$ sonde %s\n%s%s[exit %d, %v]", strings.Join(args, " "), shown, o.stderr, o.exit, o.took.Round(time.Millisecond))
	if o.exit < 0 {
		t.Fatalf("killed after %v: %v", o.took, cmd.ProcessState)
	}
	return o
}

// ask is typed with JSON beside the text: every record is checked against the
// schema, and what both say of the exit code must be the same.
func ask(t *testing.T, h *lab.Host, line string, more ...string) *outcome {
	t.Helper()
	return askWithin(t, patience, h, line, more...)
}

// askWithin is ask for what takes longer.
func askWithin(t *testing.T, patience time.Duration, h *lab.Host, line string, more ...string) *outcome {
	t.Helper()
	file := filepath.Join(t.TempDir(), "json")
	args := append(strings.Fields(line), more...)
	args = slices.Insert(args, 1, "-o", "text", "-o", "json="+file)
	o := finishWithin(t, patience, h.Command(program(t), args...), args)
	o.take(t, readRecords(t, file))
	return o
}

// take sorts the records of the run. What the end says of the exit code must be
// so.
func (o *outcome) take(t *testing.T, records []record) {
	t.Helper()
	o.records = records
	o.ports, o.hosts, o.services = map[int]record{}, map[string]record{}, map[int]record{}
	for _, r := range records {
		switch r.Type {
		case "port":
			o.ports[r.Port] = r
		case "host":
			o.hosts[r.Addr] = r
		case "hop":
			o.hops = append(o.hops, r)
		case "service":
			o.services[r.Port] = r
		case "finding":
			o.findings = append(o.findings, r)
		case "privilege", "limit", "interface", "route", "way":
			o.local = append(o.local, r)
		case "scan":
			o.scan = r
		case "end":
			o.end = r
		}
	}
	if o.end.Type == "" {
		t.Fatal("there is no end record")
	}
	if o.end.Exit != o.exit {
		t.Errorf("the end record says exit %d (%s), the process %d", o.end.Exit, o.end.ExitReason, o.exit)
	}
}

// readRecords reads a JSON output; the schema must accept every line of it.
func readRecords(t *testing.T, file string) []record {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return parseRecords(t, b)
}

// parseRecords is readRecords of what was read already.
func parseRecords(t *testing.T, b []byte) (records []record) {
	t.Helper()
	valid := schema(t)
	for line := range bytes.Lines(b) {
		if err := valid(line); err != nil {
			t.Errorf("%s%v", line, err)
		}
		r := record{line: line}
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("%s%v", line, err)
		}
		records = append(records, r)
	}
	return records
}

// schema checks one line against the schema that users get.
func schema(t *testing.T) func(line []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(output.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(line []byte) error {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err != nil {
			return err
		}
		return s.Validate(v)
	}
}

// wantExit fails unless the run ended with that code.
func (o *outcome) wantExit(t *testing.T, code int) {
	t.Helper()
	if o.exit != code {
		t.Errorf("exit %d, want %d", o.exit, code)
	}
}

// wantPort fails unless the port has that state and reason, as record.state
// writes them, in JSON and in the text.
func (o *outcome) wantPort(t *testing.T, port int, want string) {
	t.Helper()
	r, ok := o.ports[port]
	if !ok || r.state() != want {
		t.Errorf("port %d is %s, want %s", port, r.state(), want)
	}
	row := o.row(port)
	state, reason, _ := strings.Cut(strings.TrimSuffix(want, ")"), " (")
	reason = strings.Replace(reason, "no-response", "no reply to ", 1)
	reason = strings.Replace(reason, "spoofed-source", "replies go there", 1)
	if !strings.Contains(row, " "+state+" ") || !strings.Contains(row, reason) {
		t.Errorf("port %d: the text says %q, want %q and %q in it", port, row, state, reason)
	}
}

// row is the line of a port in the text's table.
func (o *outcome) row(port int) string {
	for line := range strings.Lines(o.text) {
		n, rest, ok := strings.Cut(line, "/")
		if ok && n == strconv.Itoa(port) && (strings.HasPrefix(rest, "tcp ") || strings.HasPrefix(rest, "udp ")) {
			return strings.TrimSuffix(line, "\n")
		}
	}
	return ""
}

// wantText fails unless the text contains all of these.
func (o *outcome) wantText(t *testing.T, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(o.text, p) {
			t.Errorf("the text does not say %q", p)
		}
	}
}

// up lists the addresses that are up, in order.
func (o *outcome) up() []string {
	var addrs []netip.Addr
	for a, r := range o.hosts {
		if r.State == "up" {
			addrs = append(addrs, netip.MustParseAddr(a))
		}
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	var words []string
	for _, a := range addrs {
		words = append(words, a.String())
	}
	return words
}

// family is the addresses of a test's hosts in one of the families.
type family struct {
	name                   string
	client, router, server string
	foreign                string // in no network of the lab
}

func families() []family {
	return []family{
		{"IPv4", "10.1.0.1", "10.1.0.2", "10.2.0.10", "10.42.48.1"},
		{"IPv6", "fd01::1", "fd01::2", "fd02::10", "fd42::1"},
	}
}

// office is a client, a router and a server behind it, in both families.
type office struct {
	net                    *lab.Network
	client, router, server *lab.Host
}

func newOffice(t *testing.T) *office {
	n := labtest.New(t)
	o := &office{n, n.Host("client"), n.Router("router"), n.Host("server")}
	n.Link(o.client, o.router, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	n.Link(o.router, o.server, "10.2.0.2/24", "10.2.0.10/24", "fd02::2/64", "fd02::10/64")
	o.client.Default("10.1.0.2", "fd01::2")
	o.server.Default("10.2.0.2", "fd02::2")
	for _, h := range []*lab.Host{o.router, o.server} {
		h.NoICMPLimit()
	}
	return o
}
