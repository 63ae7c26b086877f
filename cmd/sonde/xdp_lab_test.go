package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
	"sonde/scan/report"
)

// crowdXDP is how the crowd of tests of --via xdp answers, on IPv4.
var crowdXDP = lab.Answers{Range: netip.MustParsePrefix("10.2.0.0/16"), Alive: 0.1, Open: []uint16{443}, OpenShare: 0.3, Alone: true}

// newXDP is a client of whose link a program may have both ends: beyond a server that
// answers for 10.2.0.0/16 as how says, and for fd02::/112 as its kernel does.
func newXDP(t *testing.T, how lab.Answers) (n *lab.Network, client, server *lab.Host) {
	t.Helper()
	labtest.NeedXDP(t)
	n = labtest.New(t)
	client, server = n.Host("client"), n.Host("server")
	n.Link(client, server, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	client.Default("10.1.0.2", "fd01::2")
	server.Route("fd02::/112", "local")
	server.TCP(443)
	server.Answer("eth0", how)
	return n, client, server
}

// portKey is a port of a host, and portFact what is to be the same by all links.
type portKey struct {
	Addr netip.Addr
	Port uint16
}
type portFact struct {
	State, Reason string
	From          netip.Addr
	TTL           uint8
}

// found is what a run said: of ports, but for those that are silent, and at its end.
type found struct {
	facts  map[portKey]portFact
	silent int
	end    struct {
		Complete    bool
		Unsolicited uint64
	}
	scan struct{ Method []string }
}

// find runs the program and reads what it says, which is too much for a schema.
func find(t *testing.T, h *lab.Host, args string) (f found) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := h.Command(program(t), strings.Fields(args+" -o json")...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(patience, func() { cmd.Process.Kill() }).Stop()
	cmd.Wait() // how it ended is in ProcessState
	t.Logf("$ sonde %s\n%s[%v]", args, errs.String(), cmd.ProcessState)
	f.facts = map[portKey]portFact{}
	for line := range bytes.Lines(out.Bytes()) {
		var p struct {
			Type string
			portKey
			portFact
		}
		var err error
		switch {
		case bytes.HasPrefix(line, []byte(`{"type":"scan"`)):
			err = json.Unmarshal(line, &f.scan)
		case bytes.HasPrefix(line, []byte(`{"type":"end"`)):
			err = json.Unmarshal(line, &f.end)
		case !bytes.HasPrefix(line, []byte(`{"type":"port"`)):
		case bytes.Contains(line, []byte(`"reason":"no-response"`)):
			f.silent++
		default:
			err = json.Unmarshal(line, &p)
			if _, twice := f.facts[p.portKey]; twice {
				t.Errorf("two records of %v", p.portKey)
			}
			f.facts[p.portKey] = p.portFact
		}
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
	}
	return f
}

// TestXDPSaysTheSame: what --via xdp finds is what packets of our own find, record by
// record: both families, one port and several, without loss and with much of it. Of lost
// packets each misses at most what it may, and neither says anything wrong.
func TestXDPSaysTheSame(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, args string
		loss       float64 // in each direction on IPv4, of what is asked on IPv6
		asked      int
	}{
		{"clean", "-p 443 10.2.0.0/16", 0, 1 << 16},
		{"5 %", "-p 443 10.2.0.0/16", 0.05, 1 << 16},
		{"30 %", "-p 80 10.2.0.0/16", 0.3, 1 << 16},
		{"ports", "-p 80,443,8080 10.2.0.0/19 --exclude 10.2.3.7", 0, 3<<13 - 3},
		{"IPv6", "-p 443 fd02::/112", 0, 1 << 16},
		{"IPv6, 30 %", "-p 80,443 fd02::/115", 0.3, 2 << 13},
	} {
		t.Run(tt.name, func(t *testing.T) {
			how := crowdXDP
			how.Loss = tt.loss
			_, client, server := newXDP(t, how)
			if tt.loss > 0 {
				server.Firewall(lab.Rule{Proto: "tcp", Dst: "fd02::/112", Share: tt.loss, Do: lab.Drop})
			}
			var runs [2]found
			for i, via := range []string{"xdp", "raw"} {
				runs[i] = find(t, client, "tcp --via "+via+" -T5 --seed 7 -PN "+tt.args)
				if i == 0 {
					// Packets of our own take answers that a program on this end has the cable carry.
					client.Awake("eth0")
				}
				if n := len(runs[i].facts) + runs[i].silent; n != tt.asked {
					t.Errorf("%s: %d records, want %d", via, n, tt.asked)
				}
				if !runs[i].end.Complete || !slices.Equal(runs[i].scan.Method, []string{via}) {
					t.Errorf("%s: %+v, %+v", via, runs[i].end, runs[i].scan)
				}
			}
			most, missed := 0, 0
			if tt.loss > 0 {
				most = 3 + len(runs[1].facts)/500
			}
			for i := range runs {
				for k, f := range runs[i].facts {
					switch other, ok := runs[1-i].facts[k]; {
					case !ok:
						missed++
					case other != f:
						t.Fatalf("%v: %+v and %+v", k, f, other)
					}
					if k.Addr.Is4() && (!how.Up(k.Addr) || how.Listens(k.Addr, k.Port) != (f.State == "open")) {
						t.Fatalf("%v is %+v", k, f)
					}
				}
			}
			t.Logf("%d and %d answered, %d by one of them only", len(runs[0].facts), len(runs[1].facts), missed)
			if len(runs[1].facts) == 0 || missed > most {
				t.Errorf("%d are known by one of them only, want %d at most", missed, most)
			}
		})
	}
}

// typedJSON is typed with what the program wrote as records.
func typedJSON(t *testing.T, h *lab.Host, args ...string) *outcome {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := h.Command(program(t), args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(patience, func() { cmd.Process.Kill() }).Stop()
	cmd.Wait() // how it ended is in ProcessState
	o := &outcome{stderr: errs.String(), exit: cmd.ProcessState.ExitCode(), records: parseRecords(t, out.Bytes())}
	t.Logf("$ sonde %s\n%s[%v]", strings.Join(args, " "), o.stderr, cmd.ProcessState)
	if len(o.records) < 2 {
		t.Fatalf("%d records", len(o.records))
	}
	o.scan, _ = o.records[0].(*report.Scan)
	o.end, _ = o.records[len(o.records)-1].(*report.End)
	if o.scan == nil || o.end == nil {
		t.Fatalf("first %T, last %T", o.records[0], o.records[len(o.records)-1])
	}
	return o
}

// TestXDPForged: segments to our ports that have no proof change nothing, however many
// they are; they are counted.
func TestXDPForged(t *testing.T) {
	t.Parallel()
	_, client, server := newXDP(t, crowdXDP)
	var frames [][]byte
	to, from := client.MAC("eth0"), server.MAC("eth0")
	addr := crowdXDP.Range.Addr()
	for i := range 65536 - 61000 {
		addr = addr.Next()
		flags := []uint8{wire.SYN | wire.ACK, wire.RST | wire.ACK, wire.RST}[i%3]
		var dst, src wire.MAC
		copy(dst[:], to)
		copy(src[:], from)
		b := wire.AppendEthernet(nil, dst, src, wire.TypeIPv4)
		ip := wire.IP{Src: addr, Dst: netip.MustParseAddr("10.1.0.1"), Proto: wire.ProtoTCP, TTL: 64}
		tcp := wire.TCP{Src: 443, Dst: uint16(61000 + i), Seq: 1, Ack: uint32(i) * 0x9e3779b1, Flags: flags, Window: 1000}
		frames = append(frames, wire.AppendTCP(b, &ip, &tcp, nil))
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for range 10000 {
			select {
			case <-stop:
				return
			default:
				server.Flood("eth0", frames, 1)
				time.Sleep(5 * time.Millisecond)
			}
		}
	}()
	var run found
	for range 10 { // on a busy machine none may come while a run is under way
		if run = find(t, client, "tcp --via xdp -T5 --rate 10000 -PN -p 443 10.2.0.0/19"); run.end.Unsolicited > 0 {
			break
		}
	}
	close(stop)
	<-done
	want := 0
	for addr := crowdXDP.Range.Addr(); addr != netip.MustParseAddr("10.2.32.0"); addr = addr.Next() {
		if crowdXDP.Up(addr) {
			want++
		}
	}
	for k, f := range run.facts {
		if !crowdXDP.Up(k.Addr) || f.State != "open" {
			t.Errorf("%v is %+v", k, f)
		}
	}
	t.Logf("%d found, %d silent, %d unsolicited", len(run.facts), run.silent, run.end.Unsolicited)
	if len(run.facts) != want || run.end.Unsolicited == 0 {
		t.Errorf("%d found, want %d; %d unsolicited", len(run.facts), want, run.end.Unsolicited)
	}
}

// TestXDPRate: --rate holds for packets that the kernel writes, too.
func TestXDPRate(t *testing.T) {
	t.Parallel()
	_, client, server := newXDP(t, lab.Answers{Range: netip.MustParsePrefix("192.0.2.0/24"), Alone: true})
	seen := server.Arrivals("eth0")
	for _, rate := range []int{500, 20_000} {
		cmd := client.Command(program(t), "tcp", "-q", "--via", "xdp", "-PN", "-p", "443", "--max-retries", "0", "--timeout", "100ms",
			"--deadline", "1500ms", "--rate", fmt.Sprint(rate), "10.2.0.0/16")
		times := arrivals(t, cmd, seen)
		if len(times) < 50 {
			t.Fatalf("%d packets, %v", len(times), cmd.ProcessState)
		}
		got := float64(len(times)-1) / times[len(times)-1].Sub(times[0]).Seconds()
		t.Logf("--rate %d: %d packets, %.1f a second", rate, len(times), got)
		if got > 1.05*float64(rate) {
			t.Errorf("--rate %d: %.1f packets a second", rate, got)
		}
	}
}

// TestXDPLeavesNothing: of a run that is killed, or interrupted, no program, map or link
// is left in the kernel; who is interrupted says what is known.
func TestXDPLeavesNothing(t *testing.T) {
	t.Parallel()
	_, client, _ := newXDP(t, crowdXDP)
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT, syscall.SIGTERM} {
		var out bytes.Buffer
		cmd := client.Command(program(t), "tcp", "--via", "xdp", "-PN", "-p", "443", "--rate", "200", "-o", "json", "10.2.0.0/20")
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		killer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
		ids := heldPrograms(cmd.Process.Pid)
		for start := time.Now(); len(ids["prog_id"]) == 0 || len(ids["link_id"]) == 0 || len(ids["map_id"]) < 6; ids = heldPrograms(cmd.Process.Pid) {
			if time.Since(start) > patience/2 {
				t.Fatalf("held: %v", ids)
			}
			time.Sleep(time.Millisecond)
		}
		if sig != syscall.SIGKILL { // it must be ready for signals
			time.Sleep(300 * time.Millisecond)
		}
		cmd.Process.Signal(sig)
		cmd.Wait() // how it ended is in ProcessState
		killer.Stop()
		if code := map[syscall.Signal]int{syscall.SIGINT: job.ExitInterrupted, syscall.SIGTERM: job.ExitTerminated}[sig]; code != 0 {
			records := parseRecords(t, out.Bytes())
			end, ok := records[len(records)-1].(*report.End)
			if cmd.ProcessState.ExitCode() != code || !ok || end.Complete || end.Exit != code {
				t.Errorf("%v: %v, %+v", sig, cmd.ProcessState, end)
			}
		}
		for kind, list := range ids {
			for _, id := range list {
				wantGone(t, kind, id)
			}
		}
	}
}

// heldPrograms lists what of BPF a process holds, as the kernel says of its descriptors.
func heldPrograms(pid int) map[string][]uint32 {
	ids := map[string][]uint32{}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", pid))
	for _, f := range files {
		b, _ := os.ReadFile(f) // it may have been closed
		for line := range strings.Lines(string(b)) {
			key, value, _ := strings.Cut(line, ":")
			var id uint32
			if n, _ := fmt.Sscan(value, &id); n == 1 && (key == "map_id" || key == "link_id" || key == "prog_id") {
				ids[key] = append(ids[key], id)
			}
		}
	}
	return ids
}

// wantGone fails if the kernel still knows something of BPF after a while.
func wantGone(t *testing.T, kind string, id uint32) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		var err error
		switch kind {
		case "prog_id":
			var p *ebpf.Program
			if p, err = ebpf.NewProgramFromID(ebpf.ProgramID(id)); err == nil {
				p.Close()
			}
		case "map_id":
			var m *ebpf.Map
			if m, err = ebpf.NewMapFromID(ebpf.MapID(id)); err == nil {
				m.Close()
			}
		default:
			var l link.Link
			if l, err = link.NewFromID(link.ID(id)); err == nil {
				l.Close()
			}
		}
		if errors.Is(err, os.ErrNotExist) {
			return
		}
		if time.Since(start) > 20*time.Second {
			t.Fatalf("%s %d is left: %v", kind, id, err)
		}
	}
}

// TestXDPRefused: what stands in the way of --via xdp is said, and nothing is sent.
func TestXDPRefused(t *testing.T) {
	t.Parallel()
	n, client, server := newXDP(t, crowdXDP)
	other := n.Host("other")
	n.Link(client, other, "10.3.0.1/24", "10.3.0.2/24")
	client.Route("10.4.0.0/16", "10.3.0.2")
	user, manager := rights{start: asUser}, rights{start: asManager}
	for _, tt := range []struct {
		as   rights
		args string
		exit int
		says string
	}{
		{user, "-p 443 -PN 10.2.0.0/24", 4, "run as root"},
		{manager, "-p 443 -PN 10.2.0.0/24", 4, "CAP_BPF, CAP_PERFMON missing: run as root, or: setcap cap_net_raw,cap_bpf,cap_perfmon,cap_net_admin+p sonde"},
		{rights{}, "-p 443 10.1.0.2", 4, "the targets are on the link of eth0 itself"},
		{rights{}, "-p 443 -PN 10.2.0.0/24 10.4.0.0/24", 4, "2 next hops (10.1.0.2 by eth0, 10.3.0.2 by eth1 …)"},
		{rights{}, "-p 443 127.0.0.1", 4, "is no Ethernet"},
		{rights{}, "-p 443 10.2.0.0/24", 2, "-PN"},
		{rights{}, "-p 443 -PN 10.2.0.0/24 fd02::/120", 2, "not both"},
		{rights{}, "-p 443 -sA 10.2.0.1", 2, "-sA is none"},
		{rights{}, "-p 443 -g 53 10.2.0.1", 2, "--source-port"},
		{rights{}, "-p 443 --badsum 10.2.0.1", 2, "--badsum"},
		{rights{}, "-p 443 --tcp-options nop,ts,nop 10.2.0.1", 2, "odd place"},
		{rights{}, "-p 443 -PE 10.2.0.1", 2, "no pings"},
		{rights{}, "-p 443 --pcap /dev/null 10.2.0.1", 2, "--pcap"},
		{rights{}, "-p 443 -c 3 10.2.0.1", 2, "--count"},
	} {
		before := server.Received("eth0")
		args := append([]string{"tcp", "--via", "xdp"}, strings.Fields(tt.args)...)
		cmd := client.Command(program(t), args...)
		if tt.as.start != "" {
			cmd = tt.as.as(t, client, args...)
		}
		o := finish(t, cmd, args)
		if o.exit != tt.exit || !strings.Contains(o.stderr, tt.says) || strings.Count(strings.TrimSpace(o.stderr), "\n") > 0 {
			t.Errorf("%s: exit %d, want %d; %q, want %q in one line", tt.args, o.exit, tt.exit, o.stderr, tt.says)
		}
		if after := server.Received("eth0"); after != before {
			t.Errorf("%s: %d packets", tt.args, after-before)
		}
	}
	if o := typed(t, client, "doctor", "--via", "xdp"); o.exit != 2 || !strings.Contains(o.stderr, "only tcp asks by it") {
		t.Errorf("doctor: exit %d", o.exit)
	}
	client.Awake("eth0")
	args := strings.Fields("tcp --via xdp -PN -p 443 10.2.0.0/24")
	if o := typed(t, client, args...); o.exit != 4 || !strings.Contains(o.stderr, "a program of XDP is there already") {
		t.Errorf("exit %d", o.exit)
	}
}

// TestXDPNotLeaving: where the device takes packets and sends none, that is no silence.
func TestXDPNotLeaving(t *testing.T) {
	t.Parallel()
	labtest.NeedXDP(t)
	n := labtest.New(t)
	client, router := n.Host("client"), n.Host("router")
	n.Link(client, router, "10.1.0.1/24", "10.1.0.2/24") // whose other end has no program, so it takes none
	client.Default("10.1.0.2")
	o := typedJSON(t, client, strings.Fields("tcp --via xdp -PN -p 443 -o json 10.2.0.0/28")...)
	if o.exit != 4 || o.end.Sent != 1 || !strings.Contains(o.stderr, "sent none") {
		t.Errorf("exit %d, %+v", o.exit, o.end)
	}
	for _, p := range recordsOf[*report.Port](o.records) {
		if p.State != probe.Unknown || p.Reason != probe.ReasonLocalError || p.Tries != 0 {
			t.Errorf("%+v", p)
		}
	}
}
