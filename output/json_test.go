package output

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

// validator checks lines against the schema that users get.
func validator(t testing.TB) func(line string) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema()))
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
	return func(line string) error {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			return err
		}
		return s.Validate(v)
	}
}

func TestJSONGoldensSatisfySchema(t *testing.T) {
	valid := validator(t)
	for _, s := range scenarios() {
		out := s.render(new(JSON))
		if !strings.HasSuffix(out, "\n") {
			t.Errorf("%s: no newline at the end", s.name)
		}
		for line := range strings.Lines(out) {
			if err := valid(line); err != nil {
				t.Errorf("%s: %s%v", s.name, line, err)
			}
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	valid := validator(t)
	const port = `{"type":"port","addr":"10.0.0.1","proto":"tcp","port":80,"state":"open","reason":"syn-ack","tries":1}`
	if err := valid(port); err != nil {
		t.Fatal(err)
	}
	for old, bad := range map[string]string{
		`"tries":1`:         `"tries":1,"new":1`,
		`"port":80`:         `"port":65536`,
		`"state":"open"`:    `"state":"up"`,
		`"syn-ack"`:         `"because"`,
		`"type":"port"`:     `"type":"host"`,
		`"addr":"10.0.0.1"`: `"addr":"web"`,
		`,"tries":1`:        ``,
	} {
		if valid(strings.Replace(port, old, bad, 1)) == nil {
			t.Errorf("%s in the place of %s is accepted", bad, old)
		}
	}
}

func TestSchemaRefusesHopAndService(t *testing.T) {
	valid := validator(t)
	for _, test := range []struct {
		line string
		bad  map[string]string // by what it replaces
	}{
		{
			`{"type":"hop","addr":"10.0.0.1","ttl":2,"sent":3,"received":1,"changes":[{"field":"dscp","sent":"ef","seen":"cs0"}],"dscp":"cs0","ecn":0}`,
			map[string]string{
				`"ttl":2`: `"ttl":256`, `,"ttl":2`: ``, `,"received":1`: ``, `"dscp":"cs0"`: `"dscp":0`, `,"ecn":0`: ``, `"ecn":0`: `"ecn":4`,
				`,"seen":"cs0"`: ``, `"sent":3`: `"sent":3,"new":1`, `"field":"dscp"`: `"field":"dscp","new":1`, `"type":"hop"`: `"type":"service"`,
			},
		},
		{
			`{"type":"service","addr":"10.0.0.1","proto":"tcp","port":443,"service":"https","cpe":["a"],"tls":{"version":"TLS 1.3"},"http":{"status":200}}`,
			map[string]string{
				`"port":443`: `"port":65536`, `,"proto":"tcp"`: ``, `["a"]`: `"a"`, `"status":200`: `"status":"200"`, `{"status":200}`: `{"new":1}`,
				`"version":"TLS 1.3"`: `"self_signed":true`, `"type":"service"`: `"type":"port"`, `"service":"https"`: `"service":null`,
			},
		},
	} {
		if err := valid(test.line); err != nil {
			t.Error(err)
		}
		for old, bad := range test.bad {
			line := strings.Replace(test.line, old, bad, 1)
			if line == test.line || valid(line) == nil {
				t.Errorf("%s in the place of %s is accepted", bad, old)
			}
		}
	}
}

// The schema's lists are the program's, whatever is added to these.
func TestSchemaEnums(t *testing.T) {
	var doc struct {
		Defs map[string]struct{ Enum []string } `json:"$defs"`
	}
	if err := json.Unmarshal([]byte(Schema()), &doc); err != nil {
		t.Fatal(err)
	}
	if got := doc.Defs["reason"].Enum; !slices.Equal(got, probe.Reasons()) {
		t.Errorf("reasons: schema %q, program %q", got, probe.Reasons())
	}
	states := append(slices.Clone(doc.Defs["hostState"].Enum), doc.Defs["portState"].Enum...)
	slices.Sort(states)
	want := slices.Clone(probe.States())
	slices.Sort(want)
	if got := slices.Compact(states); !slices.Equal(got, want) {
		t.Errorf("states: schema %q, program %q", got, want)
	}
	if States != len(probe.States()) {
		t.Errorf("Tally has %d states, the program %d", States, len(probe.States()))
	}
}

// Keys that scripts rely on, in their order.
func TestJSONAsPromised(t *testing.T) {
	addr := netip.MustParseAddr("10.77.2.10")
	f := new(JSON)
	var got []byte
	got = f.AppendBegin(got, &Meta{Version: "0.1.0", Command: "tcp", Time: time.Date(2026, 11, 23, 1, 30, 0, 999, time.UTC),
		Methods: []string{"raw"}, Seed: 7, Probes: 3})
	got = f.AppendRecord(got, &Record{Type: Host, Addr: addr, State: probe.Up, Reason: probe.SynAck, From: addr, Names: []string{"n"},
		MAC: wire.MAC{0, 0, 0x5e, 0, 0x53, 0xff}, Vendor: "v", TTL: 62, HasTTL: true, RTT: 210 * time.Microsecond, HasRTT: true})
	got = f.AppendRecord(got, &Record{Type: Port, Addr: addr, Proto: "tcp", Port: 80, State: probe.Open, Reason: probe.SynAck,
		From: addr, TTL: 62, HasTTL: true, RTT: 210 * time.Microsecond, HasRTT: true, Tries: 1, Service: "http"})
	got = f.AppendEnd(got, &End{Stats: scan.Stats{Complete: true, Elapsed: 1310 * time.Millisecond, Sent: 9, Received: 3, Loss: 0.012}, ExitReason: "open"})
	const want = `{"type":"scan","schema":1,"version":"0.1.0","command":"tcp","args":[],"time":"2026-11-23T01:30:00Z","method":["raw"],"seed":7,"probes":3}
{"type":"host","addr":"10.77.2.10","state":"up","reason":"syn-ack","name":"n","mac":"00:00:5e:00:53:ff","vendor":"v","ttl":62,"rtt_ms":0.21}
{"type":"port","addr":"10.77.2.10","proto":"tcp","port":80,"state":"open","reason":"syn-ack","from":"10.77.2.10","ttl":62,"rtt_ms":0.21,"tries":1,"service":"http"}
{"type":"end","complete":true,"exit":0,"exit_reason":"open","elapsed_s":1.31,"sent":9,"received":3,"duplicates":0,"unsolicited":0,"send_errors":0,"receive_drops":0,"loss":0.012,"expected_missed":0.0}
`
	if string(got) != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// fill sets every field of v to something random, pointers and slices
// included.
func fill(r *rand.Rand, v reflect.Value) {
	switch v.Interface().(type) {
	case netip.Addr:
		var b [16]byte
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		addrs := []netip.Addr{{}, netip.AddrFrom16(b), netip.AddrFrom4([4]byte(b[:4])), netip.AddrFrom16(b).WithZone(text(r) + "z"),
			netip.AddrFrom16([16]byte{10: 0xff, 11: 0xff, 15: b[0]}), netip.IPv6Unspecified()}
		v.Set(reflect.ValueOf(addrs[r.IntN(len(addrs))]))
		return
	case netip.Prefix:
		v.Set(reflect.ValueOf(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(r.Uint32())}), r.IntN(33))))
		return
	case probe.State:
		v.SetUint(uint64(r.IntN(States)))
		return
	case probe.Reason:
		v.SetUint(uint64(r.IntN(len(probe.Reasons()))))
		return
	case Type:
		v.SetUint(uint64(r.IntN(len(typeNames))))
		return
	case time.Time: // with years that RFC 3339 does not know
		v.Set(reflect.ValueOf([]time.Time{{}, time.Unix(r.Int64N(1<<33), 0), time.Unix(r.Int64N(1<<40), 0), time.Unix(-r.Int64N(1<<40), 0)}[r.IntN(4)]))
		return
	case time.Duration:
		v.SetInt(r.Int64N(1 << uint(1+r.IntN(62))))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(3), 3))
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Pointer:
		if r.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem())
		}
	case reflect.String:
		v.SetString(text(r))
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int:
		v.SetInt(int64(r.IntN(1 << 16)))
	case reflect.Float64:
		v.SetFloat([]float64{-1, 0, r.Float64(), math.NaN(), math.Inf(1)}[r.IntN(5)])
	default:
		v.SetUint(r.Uint64() >> r.IntN(64) & (1<<v.Type().Bits() - 1))
	}
}

// text returns a random string with plenty of what is dangerous.
func text(r *rand.Rand) string {
	b := make([]byte, 0, 32)
	for range r.IntN(12) {
		if r.IntN(2) == 0 {
			b = append(b, byte(r.Uint32()))
		} else {
			i := r.IntN(len(hostile))
			b = append(b, hostile[i:min(len(hostile), i+4)]...)
		}
	}
	return string(b)
}

// validRecord makes a random record one that the engine could have produced,
// so that the schema applies.
func validRecord(r *Record) {
	if !r.Addr.IsValid() {
		r.Addr = web
	}
	hosts := []probe.State{probe.Up, probe.Down, probe.Unknown, probe.NotTested}
	if r.Type == Host {
		r.State = hosts[int(r.State)%len(hosts)]
	} else {
		r.State = portStates[int(r.State)%len(portStates)]
	}
	r.Doubt = probe.Doubt(int(r.Doubt) % (len(probe.Doubts()) + 1))
	if r.Type != Port && !r.Doubt.Middlebox() && r.Type != Finding {
		r.Doubt = probe.NoDoubt
	}
	if r.Type == Finding {
		r.Doubt = max(r.Doubt, probe.Canary)
		r.Hop, r.Far = max(r.Hop, 1), max(r.Far, 1)
		for i := range r.List {
			r.List[i] = max(r.List[i], 1)
		}
	}
	validMachine(r)
	if r.HTTP != nil {
		r.HTTP.Status %= 1000
	}
	for i := range r.Others {
		if !r.Others[i].IsValid() {
			r.Others[i] = link
		}
	}
	if p := r.Reply; p != nil {
		p.Quote.IP.Flow &= 1<<20 - 1
		p.IP.Flow &= 1<<20 - 1
		p.TCP.OptLen %= 41
		p.Quote.TCP.OptLen %= 41
		for _, ip := range []*wire.IP{&p.IP, &p.Quote.IP} {
			if !ip.Src.IsValid() || !ip.Dst.IsValid() {
				ip.Src, ip.Dst = web, gate
			}
		}
	}
}

func TestRandomRecords(t *testing.T) {
	valid := validator(t)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 3000 {
		m := Meta{Time: time.Unix(0, 0), Verbose: i%2 == 0, OpenOnly: i%7 == 0, Ports: uint32(i % 3), Args: []string{text(r)}}
		m.Services = i%5 == 0
		fill(r, reflect.ValueOf(&m.Trace).Elem())
		var rec Record
		fill(r, reflect.ValueOf(&rec).Elem())
		validRecord(&rec)
		var e End
		fill(r, reflect.ValueOf(&e).Elem())
		e.Loss = min(e.Loss, 1)
		e.Exit %= 256
		for s := range States { // states that a host or a port cannot have
			if slices.Contains(portStates, probe.State(s)) && s != int(probe.Unknown) {
				e.Tally.Hosts[s] = 0
			} else if s != int(probe.Unknown) {
				e.Tally.Ports[s] = 0
			}
		}
		for _, name := range Formats().Names() {
			s := scenario{meta: m, records: []Record{rec, rec}, end: e}
			f, _ := Formats().New(name)
			out := s.render(f)
			if bad := harmless(out); bad != "" {
				t.Fatalf("record %d, %s: %s in %q", i, name, bad, out)
			}
			if name != "json" {
				continue
			}
			for line := range strings.Lines(out) {
				if err := valid(line); err != nil {
					t.Fatalf("record %d: %s%v", i, line, err)
				}
			}
		}
	}
}

func TestJSONDoesNotAllocate(t *testing.T) {
	b := make([]byte, 0, 1<<16)
	for _, s := range scenarios() {
		f := new(JSON)
		f.AppendBegin(b, &s.meta)
		for i := range s.records {
			r := &s.records[i]
			if r.Reason == probe.ReasonLocalError {
				continue // the error's text is the kernel's, and rare
			}
			if r.aboutHere() {
				continue // a few records, and no packets
			}
			if r.TLS != nil {
				continue // the cipher's name comes out of a list that is made anew; once for each port
			}
			if n := testing.AllocsPerRun(10, func() { f.AppendRecord(b, r) }); n > 0 {
				t.Errorf("%s, record %d: %v allocations", s.name, i, n)
			}
		}
	}
}

func ExampleJSON() {
	f := new(JSON)
	f.AppendBegin(nil, &Meta{})
	fmt.Printf("%s", f.AppendRecord(nil, &Record{Type: Port, Addr: netip.MustParseAddr("2001:DB8::1"), Proto: "tcp", Port: 22,
		State: probe.Closed, Reason: probe.Reset, Tries: 1}))
	// Output: {"type":"port","addr":"2001:db8::1","proto":"tcp","port":22,"state":"closed","reason":"reset","tries":1}
}
