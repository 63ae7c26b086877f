package output

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// roundTrip writes rec, checks the line, and returns what is read.
func roundTrip(t *testing.T, valid func(string) error, rec report.Record) {
	t.Helper()
	line := JSON{Options{Verbose: true}}.AppendRecord(nil, rec)
	if err := valid(string(line)); err != nil {
		t.Fatalf("%s%v", line, err)
	}
	if bad := harmless(strings.ReplaceAll(string(line), "\ufffd", "")); bad != "" {
		t.Fatalf("%s: %s", bad, line)
	}
	got, err := Decode(line)
	if err != nil {
		t.Fatalf("%s%v", line, err)
	}
	if want := same(rec); !reflect.DeepEqual(got, want) && !reflect.DeepEqual(same(got), want) {
		t.Fatalf("%sgot  %s\nwant %s", line, dump(got), dump(want))
	}
}

// dump shows a record with all that it points to.
func dump(r report.Record) string {
	b, _ := json.Marshal(r)
	return fmt.Sprintf("%+v %s", r, b)
}

// Every record of every scenario comes back as it was.
func TestDecodeScenarios(t *testing.T) {
	valid := validator(t)
	for _, s := range scenarios() {
		for _, r := range append([]report.Record{&s.scan, &s.end}, s.records...) {
			r = report.Clone(r)
			canonical(r) // a certificate of the year 12000, times in nanoseconds
			roundTrip(t, valid, r)
		}
	}
}

func TestDecodeRandomRecords(t *testing.T) {
	valid := validator(t)
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		roundTrip(t, valid, randomRecord(r))
	}
}

// FuzzRoundTrip: a record that a run could find is read as it was written. What it
// is made of are the bytes, by turns; more of them make another one.
func FuzzRoundTrip(f *testing.F) {
	valid := validator(f)
	for i := range uint64(40) {
		f.Add([]byte{byte(i), byte(i * 7)}, i, hostile)
	}
	f.Fuzz(func(t *testing.T, b []byte, seed uint64, text string) {
		r := rand.New(&source{b: b, rest: rand.NewPCG(seed, 0)})
		for range 4 {
			rec := randomRecord(r)
			if s, ok := rec.(*report.Service); ok {
				s.Banner = text
			}
			roundTrip(t, valid, rec)
		}
	})
}

// source makes random numbers of bytes, and of a generator where they end.
type source struct {
	b    []byte
	rest rand.Source
}

func (s *source) Uint64() uint64 {
	n := s.rest.Uint64()
	if len(s.b) > 0 {
		n = uint64(s.b[0])<<56 | n>>8
		s.b = s.b[1:]
	}
	return n
}

// FuzzDecode: whatever the line, what is read of it satisfies the schema when it is
// written, and is read the same again.
func FuzzDecode(f *testing.F) {
	valid := validator(f)
	for _, s := range scenarios() {
		out := s.render(format("json"))
		if len(out) > 20_000 {
			out = out[:20_000]
		}
		for line := range strings.Lines(out) {
			f.Add([]byte(line))
		}
	}
	for _, place := range []string{"10.0.0.1:9", "[2001:db8::1]:80", "2001:db8::1", `fe80::1%\u001b[31m\"x`, `[fe80::1%\u001b[31m\"x]:80`} {
		f.Add([]byte(strings.Replace(pairLine, "10.0.0.1:9", place, 1)))
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		f.Add(JSON{Options{Verbose: true}}.AppendRecord(nil, randomRecord(r)))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		rec, err := Decode(line)
		if err == nil {
			roundTrip(t, valid, rec)
		}
	})
}

const pairLine = `{"type":"pair","proto":"tcp","what":"SYN","near":{"time":"2026-11-23T01:30:00Z","src":"10.0.0.1:9","dst":"10.0.0.2"},"verdict":"unsure"}`

// What a line must have is missed, what it must not say is refused, and what it has
// besides is passed over.
func TestDecodeRefuses(t *testing.T) {
	lines := map[string]string{
		"pair":  pairLine,
		"port":  `{"type":"port","addr":"10.0.0.1","proto":"tcp","port":80,"state":"open","reason":"syn-ack","tries":1}`,
		"host":  `{"type":"host","addr":"10.0.0.1","state":"up","reason":"reset"}`,
		"hop":   `{"type":"hop","addr":"10.0.0.1","ttl":2,"sent":3,"received":1,"dscp":"cs0","ecn":0}`,
		"limit": `{"type":"limit","name":"open-files","value":1}`,
		"scan":  `{"type":"scan","schema":1,"version":"","command":"tcp","args":[],"time":"2026-11-23T01:30:00Z","method":[],"seed":7,"probes":3}`,
		"end":   `{"type":"end","complete":true,"exit":0,"exit_reason":"open","elapsed_s":1,"sent":9,"received":3,"duplicates":0,"unsolicited":0,"send_errors":0,"receive_drops":0}`,
		"way":   `{"type":"way","addr":"10.0.0.1","iface":"eth0","index":2,"state":"up","kind":"ethernet","mtu":1500,"source":"10.0.0.2","tcp":"raw-ip","udp":"raw-ip","sweep":"frames","pings":[]}`,
	}
	for kind, line := range lines {
		if _, err := Decode([]byte(line)); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		more := strings.Replace(line, "{", `{"new":[{"a":null}],`, 1)
		if _, err := Decode([]byte(" " + more + "\r\n")); err != nil {
			t.Errorf("%s with a key that is not known: %v", kind, err)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &members); err != nil {
			t.Fatal(err)
		}
		for key := range members {
			if kind == "hop" && key == "sent" {
				continue // old lines had none
			}
			less := strings.Replace(strings.Replace(line, fmt.Sprintf("%q:%s,", key, members[key]), "", 1), fmt.Sprintf(",%q:%s", key, members[key]), "", 1)
			if _, err := Decode([]byte(less)); err == nil {
				t.Errorf("%s is accepted", less)
			}
		}
	}
	for _, test := range []struct{ kind, old, bad, why string }{
		{"port", `"port":80`, `"port":65536`, `"port": 65536 is no whole number of 16 bits`},
		{"port", `"port":80`, `"port":-1`, "whole number"},
		{"port", `"port":80`, `"port":8e1`, "whole number"},
		{"port", `"port":80`, `"port":"80"`, `"port": is no number`},
		{"port", `"port":80`, `"port":null`, "is no number"},
		{"port", `"state":"open"`, `"state":"up"`, `"state": "up" is no state of that`},
		{"port", `"syn-ack"`, `"because"`, `"because" is none of no-response, syn-ack`},
		{"port", `"addr":"10.0.0.1"`, `"addr":"web"`, `"addr": is no address`},
		{"port", `"tries":1`, `"tries":1,"rtt_ms":-1`, `"rtt_ms": -1 is no time`},
		{"port", `"tries":1`, `"tries":1,"rtt_ms":1e300`, "is no time"},
		{"port", `"tries":1`, `"tries":1,"sent":3`, `"answered": is missing`},
		{"port", `"tries":1`, `"tries":1,"sent":3,"answered":1,"rtt_ms":1`, `"rtt_ms": is no object`},
		{"port", `"tries":1`, `"tries":1,"sent":3,"answered":1,"rtt_ms":{"min":1,"avg":1}`, `"rtt_ms.max": is missing`},
		{"port", `"tries":1`, `"tries":1,"silence":"canary"`, "said of something else"},
		{"port", `"tries":1`, `"tries":1,"bytes":{"proto":"xx"}`, `"bytes.proto": encoding/hex`},
		{"port", `"tries":1`, `"tries":1,"bytes":{"proto":"ff"}`, `"proto": is another string than "bytes" has`},
		{"port", `"tries":1`, `"tries":1,"reply":{"tcp":1}`, `"reply.tcp": is no object`},
		{"port", `"tries":1`, `"tries":1,"reply":{"ip":{"src":"10.0.0.1","ttl":1,"tos":0}}`, `"reply.ip.proto": is missing`},
		{"port", `"type":"port"`, `"type":"oracle"`, `record of type "oracle": not a type of record that is known`},
		{"port", `}`, `}{}`, "something stands behind"},
		{"port", `{`, `[`, "no line of JSON"},
		{"host", `"state":"up"`, `"state":"open"`, "no state"},
		{"host", `"reset"`, `"local-error","error":"no such thing"`, "is no error of this system"},
		{"host", `"reset"`, `"reset","mac":"00:00:00:00:00"`, "is no MAC"},
		{"host", `"reset"`, `"reset","mac":"00:00:00:00:00:00:00"`, "is no MAC"},
		{"hop", `"ecn":0`, `"ecn":4`, "2 bits"},
		{"hop", `"cs0"`, `"cs9"`, "DSCP"},
		{"limit", `"open-files"`, `"files"`, "none of open-files"},
		{"scan", `"schema":1`, `"schema":2`, `"schema": 2, but this is read: 1`},
		{"scan", `01:30:00Z`, `01:30:00+01:00`, "no time in UTC"},
		{"end", `"exit":0`, `"exit":256`, "8 bits"},
		{"end", `"sent":9`, `"sent":9,"hosts":{"open":1}`, `"hosts.open"`},
		{"way", `"frames"`, `"pigeons"`, "none of raw-ip"},
		{"pair", `"10.0.0.2"`, `"web"`, `"near.dst": is no address`},
		{"pair", `"10.0.0.2"`, `"fe80::1%eth0"`, `"near.dst": has a zone`},
		{"pair", `"10.0.0.1:9"`, `"[fe80::1%\u001b[31m\"x]:80"`, `"near.src": has a zone`},
	} {
		line := strings.Replace(lines[test.kind], test.old, test.bad, 1)
		if r, err := Decode([]byte(line)); err == nil || r != nil || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s: %v, want %q", line, err, test.why)
		}
	}
	if _, err := Decode([]byte(`{"type":"oracle"}`)); !errors.Is(err, ErrType) {
		t.Error(err)
	}
	for _, line := range []string{"", "\n", "null", "{}", "[]", `"port"`, `{"type":1}`, strings.Repeat("[", 100_000)} {
		if r, err := Decode([]byte(line)); err == nil || r != nil {
			t.Errorf("%.20q is accepted", line)
		}
	}
}

// Every error of this system comes back, those without a text too.
func TestDecodeErrno(t *testing.T) {
	for n := range uint16(1 << 15) {
		if n > 4096 && n%97 != 0 {
			continue
		}
		b, _ := json.Marshal(syscall.Errno(n).Error())
		o := &object{members: map[string]any{}, bad: new(error)}
		json.Unmarshal([]byte(`{"error":`+string(b)+`}`), &o.members)
		if got := o.errno("error"); n > 0 && got != n || n == 0 && *o.bad == nil {
			t.Errorf("%d, %v: got %d, %v", n, syscall.Errno(n), got, *o.bad)
		}
	}
}

// FuzzOptions: the bytes of TCP options come back, well-formed or not.
func FuzzOptions(f *testing.F) {
	for _, opts := range []string{"", "\x02\x04\x05\xb4\x04\x02\x08\x0a\x00\x00\x00\x07\x00\x00\x00\x00\x01\x03\x03\x07", "\x00\x00\x00\x00",
		"\x00\x00\x00\x00\x00\x00\x00\x00", "\x01\x00\x00\x00\x00", "\x01\x01\x01\x00\x00\x00\x00\x01", "\x02\x04\x05", "\x02", "\x08\x02", "\x05\x00", "\x1e\x03\xff\x00"} {
		f.Add([]byte(opts))
	}
	f.Fuzz(func(t *testing.T, opts []byte) {
		var tcp wire.TCP
		tcp.OptLen = uint8(copy(tcp.Opt[:], opts))
		opts = tcp.Options()
		again, _, err := wire.ParseOptions(string(wire.AppendOptions(nil, opts)), false)
		if exact := err == nil && string(again) == string(opts); exact != exactOptions(opts) {
			t.Errorf("%x: written as they are: %v, but %v is said", opts, exact, !exact)
		}
		p := &report.Packet{IP: wire.IP{Src: web, Dst: gate}, Layer: wire.LayerTCP, TCP: tcp}
		l := line{b: []byte("{")}
		l.reply(p)
		o := &object{bad: new(error)}
		if err := json.Unmarshal(append(l.b, '}'), &o.members); err != nil {
			t.Fatal(err)
		}
		if got := o.open("reply").open("tcp").str("options"); got == "" {
			t.Errorf("%x: nothing is written", opts)
		}
	})
}

func TestDecimal(t *testing.T) {
	for _, test := range []struct {
		s    string
		want uint64
		ok   bool
	}{
		{"0", 0, true}, {"0.0", 0, true}, {"1", 1000, true}, {"1.5", 1500, true}, {"0.21", 210, true}, {"0.0004", 0, true}, {"0.0005", 1, true},
		{"9223372036854775.807", 9223372036854775807, true}, {"9223372036854775.808", 0, false}, {"1e2", 100000, true}, {"1E-3", 1, true},
		{"1e16", 0, false}, {"-1", 0, false}, {"-1e1", 0, false}, {"4503599627370497.123", 4503599627370497123, true},
	} {
		if got, ok := decimal(test.s, 3); ok != test.ok || ok && got != test.want {
			t.Errorf("%s: got %d, %v", test.s, got, ok)
		}
	}
}

func ExampleDecode() {
	const written = `{"type":"scan","schema":1,"version":"0.1.0","command":"tcp","args":["-p22","192.0.2.7"],"time":"2026-11-23T01:30:00Z","method":["raw"],"seed":7,"probes":1}
{"type":"port","addr":"192.0.2.7","proto":"tcp","port":22,"state":"open","reason":"syn-ack","from":"192.0.2.7","ttl":62,"rtt_ms":0.21,"tries":1,"service":"ssh"}
`
	for lines := bufio.NewScanner(strings.NewReader(written)); lines.Scan(); {
		r, err := Decode(lines.Bytes())
		if err != nil {
			fmt.Println(err)
			continue
		}
		switch r := r.(type) {
		case *report.Scan:
			fmt.Println("sonde", r.Command, r.Args)
		case *report.Port:
			fmt.Println(r.Addr, r.Port, r.State, "after", r.RTT)
		}
	}
	// Output:
	// sonde tcp [-p22 192.0.2.7]
	// 192.0.2.7 22 open after 210µs
}

// Somebody who answers with a time of two days is not rounded.
func TestDecodeKeepsLongTimes(t *testing.T) {
	p := &report.Port{Addr: netip.MustParseAddr("192.0.2.7"), Proto: "tcp",
		Verdict: report.Verdict{State: probe.Open, Reason: probe.SynAck, HasRTT: true, RTT: 1<<62 - 1<<62%time.Microsecond}}
	roundTrip(t, validator(t), p)
}
