package main

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/job"
	"sonde/scan/network"
	"sonde/scan/report"
	"sonde/scan/simnet"
)

// behind is a network whose hosts stand behind a router.
const behind = `
iface eth0 10.0.0.1/24 fd00::1/64 mac 02:00:00:00:00:01
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2 mac 02:00:00:00:00:02
	line delay 1ms
path 10.1.0.0/16 r1
path fd01::/64 r1
hosts 10.1.0.7 no echo
	tcp open 80
	tcp drop 90
hosts fd01::7 no echo
	tcp open 80
	tcp drop 90
hosts 10.1.0.9 no echo
	tcp open all
hosts fd01::9 no echo
	tcp open all
`

// TestExtendedSuspicion: who answers by the added kind for every port, those that
// nobody uses among them, is suspected as one is that answers so to SYNs.
func TestExtendedSuspicion(t *testing.T) {
	for _, target := range []string{"10.1.0.9", "fd01::9"} {
		o := on(behind, "tcp -PN -sZ -p 75-86 -o json "+target).run(t)
		found := recordsOf[*report.Finding](o.records)
		if len(found) != 1 || found[0].Doubt != probe.Canary || found[0].Count != 12 {
			t.Errorf("%s: findings %+v", target, found)
		}
		for _, p := range o.ports() {
			if p.State != probe.Open || p.Doubt != probe.Canary {
				t.Errorf("%s: %+v", target, p)
			}
		}
		if hosts := o.hosts(); len(hosts) != 1 || hosts[0].State != probe.Unknown {
			t.Errorf("%s: hosts %+v", target, hosts)
		}
	}
	o := on(behind, "tcp -PN -sZ -p 75-86 -o json 10.1.0.7").run(t)
	if found := recordsOf[*report.Finding](o.records); len(found) > 0 || len(o.ports()) != 12 {
		t.Errorf("of a host that tells the truth: %v", found)
	}
	ecn := 0
	for _, p := range o.sent {
		if p.Layer == wire.LayerTCP && p.TCP.Flags == wire.SYN|wire.ECE|wire.CWR {
			ecn++
		}
	}
	if want := 12 + canaryPorts; ecn != want || len(o.sent) != want {
		t.Errorf("%d ECN SYNs of %d packets, want %d: canaries are asked by the same kind", ecn, len(o.sent), want)
	}
}

// canaryPorts is how many ports that nobody uses are asked (scan/ports).
const canaryPorts = 2

// TestExtendedWords: messages name what was sent.
func TestExtendedWords(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"tcp -PN -sZ -p 90 10.1.0.7", "no reply to 3 ECN SYNs"},
		{"tcp -PN -sZ -p 90 --max-retries 0 fd01::7", "no reply to 1 ECN SYN\n"},
		{"sweep -PZ90 -v 10.1.0.7", "no reply to 3 ECN SYNs"},
		{"tcp --help", "Z knock"},
		{"sweep --help", "Z[ports] ECN SYN"},
	} {
		if o := on(behind, tt.line).run(t); !strings.Contains(o.stdout, tt.want) {
			t.Errorf("sonde %s does not say %q:\n%s%s", tt.line, tt.want, o.stdout, o.stderr)
		}
	}
}

// TestExtendedOptions: the packets of the added kind carry what --tcp-options says.
func TestExtendedOptions(t *testing.T) {
	want, _, err := wire.ParseOptions("mss=1200,sackok", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"tcp -PN -sZ -p 80 --tcp-options mss=1200,sackok 10.1.0.7", "sweep -PZ --tcp-options mss=1200,sackok 10.1.0.7"} {
		o := on(behind, line).run(t)
		if o.code != job.ExitYes || len(o.sent) != 1 || !bytes.Equal(o.sent[0].TCP.Options(), want) {
			t.Errorf("sonde %s: exit %d, %d packets\n%s", line, o.code, len(o.sent), o.stderr)
		}
	}
}

// TestExtendedGuard: where a SYN-ACK may come for what the added kind sent,
// --rst-guard is taken.
func TestExtendedGuard(t *testing.T) {
	for _, line := range []string{"tcp -PN -sZ -p 80 --rst-guard 10.1.0.7", "sweep -PZ --rst-guard 10.1.0.7"} {
		o := on(behind, line).run(t)
		if o.code != job.ExitYes || !strings.Contains(o.stderr, "--rst-guard: until this run ends") {
			t.Errorf("sonde %s: exit %d\n%s", line, o.code, o.stderr)
		}
	}
}

// TestExtendedRefusals: what cannot be is refused before anything is sent, in words
// that know the added kind.
func TestExtendedRefusals(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"tcp -sZ --via connect -p 80 10.1.0.7", "-sZ needs packets of our own: it excludes --via connect"},
		{"tcp -sZ --via connect --rst-guard -p 80 10.1.0.7", "--rst-guard: the kernel resets no connection of --via connect, for it makes them itself"},
		{"tcp -sZ --confirm -g 53 -p 80 10.1.0.7", "--confirm and -g exclude each other: handshakes need ports of their own"},
		{"sweep -PE --rst-guard 10.1.0.7", "--rst-guard: none of these pings is a SYN; choose one with -PS or -PZ"},
		{"sweep -PE --tcp-options mss 10.1.0.7", "--tcp-options: none of these pings has such a field; choose one with -PS or -PZ"},
		{"tcp -PN -sZ --seq 7 -p 80 10.1.0.7", "--seq: what -sZ sends is recognised by a shape of its own"},
		{"tcp -PN -sZ --flags S --data 00 -p 80 10.1.0.7", "--flags and --data: what -sZ sends is recognised by a shape of its own"},
	} {
		if o := on(behind, tt.line).run(t); o.code != job.ExitUsage || len(o.sent) > 0 || o.stderr != "sonde: "+tt.want+"\n" {
			t.Errorf("sonde %s: exit %d, want %q\n%s", tt.line, o.code, tt.want, o.stderr)
		}
	}
}

// TestExtendedConfirm: handshakes with ports that were seen open by the added kind
// are completed. The simulated host opens all ports; a handshake, which the kernel
// makes with this machine itself, finds one of them open indeed.
func TestExtendedConfirm(t *testing.T) {
	const target = "127.0.0.1"
	listening, err := net.Listen("tcp4", target+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listening.Close()
	open, closed := portOf(listening), uint16(1) // nobody offers tcpmux any more
	simulated, err := simnet.Parse("loopback", strings.Replace(behind, "path 10.1.0.0/16 r1", "path 127.0.0.0/8 r1", 1)+"hosts 127.0.0.1\n\ttcp open all\n")
	if err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := asked(fmt.Sprintf("tcp -PN -sZ --confirm -p %d,%d -o lines %s", open, closed, target), func(*network.Request) (*network.Network, error) {
		n := simulatedBy(simulated.Open())
		n.Dial = &net.Dialer{}
		return n, nil
	})
	for _, want := range []string{fmt.Sprintf("%s %d/tcp open syn-ack\n", target, open), fmt.Sprintf("%s %d/tcp closed conn-refused\n", target, closed)} {
		if !strings.Contains(stdout, want) {
			t.Errorf("exit %d, want %q\n%s%s", code, want, stdout, stderr)
		}
	}
}

// TestExtendedUnprivileged: without privileges the kernel asks what a ping by the
// added kind would have asked.
func TestExtendedUnprivileged(t *testing.T) {
	listening, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listening.Close()
	line := fmt.Sprintf("sweep -PZ%d -PS%d -o json 127.0.0.1", portOf(listening), portOf(listening))
	code, stdout, stderr := asked(line, func(req *network.Request) (*network.Network, error) {
		r := *req
		r.Via = "connect" // as if no raw socket were permitted
		return network.Open(&r)
	})
	if code != job.ExitYes || !strings.Contains(stdout, `"reason":"syn-ack"`) || !strings.Contains(stdout, `"method":["connect"]`) {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
}

func portOf(l net.Listener) uint16 { return l.Addr().(*net.TCPAddr).AddrPort().Port() }

// asked runs a command line in real time.
func asked(line string, open network.Opener) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	a := &app{args: strings.Fields(line), stdin: strings.NewReader(""), stdout: &out, stderr: &errs, open: open,
		hasRoute: func(netip.Addr) bool { return true }}
	code = a.run()
	return code, out.String(), errs.String()
}

// simulatedBy is a network with nothing but a simulated link.
func simulatedBy(link *simnet.Link) *network.Network {
	return &network.Network{Link: link, Routes: link, Start: time.Now(), Ports: probe.Ports{First: 61000, N: 4000}}
}

// sortedLines are the lines of a text, in order.
func sortedLines(text string) []string {
	lines := slices.Collect(strings.Lines(text))
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\n")
	}
	slices.Sort(lines)
	return lines
}
