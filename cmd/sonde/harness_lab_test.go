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
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"sonde/output"
	"sonde/output/outputtest"
	"sonde/probe"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
	"sonde/scan/report"
)

// outcome is what one run of the program left behind.
type outcome struct {
	text, stderr string
	exit         int
	took         time.Duration

	ports    map[int]portRecord    // of the only host, or of the last one that had the port
	hosts    map[string]hostRecord // by address
	services map[int]report.Service
	hops     []*report.Hop
	rewrites []*report.Rewrite
	mtus     []*report.PathMTU
	edges    []*report.Edge
	findings []*report.Finding
	scan     *report.Scan
	end      *report.End
	records  []report.Record // all of them, in order
}

// finding returns the one about something; nil: there is none.
func (o *outcome) finding(about probe.Doubt) *report.Finding {
	for _, f := range o.findings {
		if f.Doubt == about {
			return f
		}
	}
	return nil
}

// portRecord is a record of a port; without an address it stands for none.
type portRecord struct{ report.Port }

// hostRecord is a record of a host; without an address it stands for none.
type hostRecord struct{ report.Host }

func (p portRecord) state() string { return verdictText(&p.Verdict, p.Addr, p.Elsewhere()) }

func (h hostRecord) state() string { return verdictText(&h.Verdict, h.Addr, h.Elsewhere()) }

// verdictText is "filtered (admin-prohibited from 10.1.0.2)": state and reason, and
// who said so if it was not the host itself.
func verdictText(v *report.Verdict, addr netip.Addr, elsewhere bool) string {
	if !addr.IsValid() {
		return "without a record"
	}
	s := v.State.String() + " (" + v.Reason.String()
	if elsewhere {
		s += " from " + v.From.String()
	}
	return s + ")"
}

// recordsOf are the records of one type, in order.
func recordsOf[R report.Record](records []report.Record) (list []R) {
	for _, r := range records {
		if r, ok := r.(R); ok {
			list = append(list, r)
		}
	}
	return list
}

// jsonOf is the line of a record.
func jsonOf(r report.Record) []byte {
	return output.JSON{Options: output.Options{Verbose: true}}.AppendRecord(nil, r)
}

// jsonWord is what the line of a record has at key, where that is a word that says what
// the record has in another form; "": it has none.
func jsonWord(t *testing.T, r report.Record, key string) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(jsonOf(r), &m); err != nil {
		t.Fatal(err)
	}
	s, _ := m[key].(string)
	return s
}

// patience ends a run that does not end by itself, even where the machine is busy.
const patience = 3 * time.Minute

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
	var late atomic.Bool
	ended := make(chan struct{})
	killer := time.AfterFunc(patience, func() {
		late.Store(true)
		cmd.Process.Signal(syscall.SIGABRT) // the runtime then shows where all goroutines are
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			cmd.Process.Kill()
		}
	})
	defer killer.Stop()
	cmd.Wait() // how it ended is in ProcessState
	close(ended)
	o := &outcome{text: out.String(), stderr: errs.String(), exit: cmd.ProcessState.ExitCode(), took: time.Since(began)}
	shown := o.text[:min(len(o.text), 10_000)]
	t.Logf("$ sonde %s\n%s%s[exit %d, %v]", strings.Join(args, " "), shown, o.stderr, o.exit, o.took.Round(time.Millisecond))
	if late.Load() || o.exit < 0 {
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
func (o *outcome) take(t *testing.T, records []report.Record) {
	t.Helper()
	o.records = records
	o.ports, o.hosts, o.services = map[int]portRecord{}, map[string]hostRecord{}, map[int]report.Service{}
	for _, r := range records {
		switch r := r.(type) {
		case *report.Port:
			o.ports[int(r.Port)] = portRecord{*r}
		case *report.Host:
			o.hosts[r.Addr.String()] = hostRecord{*r}
		case *report.Service:
			o.services[int(r.Port)] = *r
		case *report.Hop:
			o.hops = append(o.hops, r)
		case *report.Rewrite:
			o.rewrites = append(o.rewrites, r)
		case *report.Edge:
			o.edges = append(o.edges, r)
		case *report.PathMTU:
			o.mtus = append(o.mtus, r)
		case *report.Finding:
			o.findings = append(o.findings, r)
		case *report.Scan:
			o.scan = r
		case *report.End:
			o.end = r
		}
	}
	if o.scan == nil || o.end == nil {
		t.Fatal("there is no scan or no end record")
	}
	if o.end.Exit != o.exit {
		t.Errorf("the end record says exit %d (%s), the process %d", o.end.Exit, o.end.ExitReason, o.exit)
	}
}

// readRecords reads a JSON output; the schema must accept every line of it, and the
// record that it is read as must be written as that line again.
func readRecords(t *testing.T, file string) []report.Record {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return parseRecords(t, b)
}

// parseRecords is readRecords of what was read already.
func parseRecords(t *testing.T, b []byte) (records []report.Record) {
	t.Helper()
	valid := schema(t)
	for line := range bytes.Lines(b) {
		if err := valid(line); err != nil {
			t.Errorf("%s%v", line, err)
		}
		r, err := outputtest.Read(line)
		if r == nil {
			t.Fatal(err)
		} else if err != nil {
			t.Error(err)
		}
		records = append(records, r)
	}
	return records
}

// schema checks one line against the schema that users get.
func schema(t *testing.T) func(line []byte) error {
	t.Helper()
	s, err := compiled()
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

// compiled is the schema; to compile it takes longer than to check a thousand lines.
var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(output.Schema()))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("schema.json")
})

// wantExit fails unless the run ended with that code.
func (o *outcome) wantExit(t *testing.T, code int) {
	t.Helper()
	if o.exit != code {
		t.Errorf("exit %d, want %d", o.exit, code)
	}
}

// wantPort fails unless the port has that state and reason, as verdictText
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
	for _, r := range o.hosts {
		if r.State == probe.Up {
			addrs = append(addrs, r.Addr)
		}
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	var words []string
	for _, a := range addrs {
		words = append(words, a.String())
	}
	return words
}

// resolving is locked while a network has name servers: what says so is a file of the
// machine, so that there can be one such network at a time.
var resolving sync.Mutex

// nameServer makes the machine of a network ask a name server, until the test ends.
func nameServer(t *testing.T, n *lab.Network, addr string) {
	t.Helper()
	resolving.Lock()
	t.Cleanup(func() {
		defer resolving.Unlock()
		if err := n.Close(); err != nil {
			t.Errorf("closing the lab: %v", err)
		}
	})
	n.Resolver(addr)
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
