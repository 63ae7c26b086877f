package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/report"
)

// TestDoctorPrivileges: whatever the program may do, doctor says so, and why; what
// is missing it tells how to get, but that is no failure unless it was asked for.
// What it says of the method is what the other commands then use.
func TestDoctorPrivileges(t *testing.T) {
	t.Parallel()
	n, pinger := rejecting(t)
	group := 0
	if otherUsers() {
		group = nobody
	}
	const setcap, sysctl = "\n  sudo setcap cap_net_raw+p ", "\n  sudo sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"\n"
	const byKernel = "\nThe kernel asks for sonde: by connect"
	for _, tt := range []struct {
		rights
		why   string   // of raw sockets
		text  []string // what people read
		never []string // and what they do not
	}{
		{rights{name: "root", start: asRoot, raw: true}, "root",
			[]string{"\nraw sockets         yes   you are root\n", "gives up all of\nits capabilities.\n"}, []string{byKernel, setcap, sysctl}},
		{rights{name: "user", start: asUser}, "no-capability",
			[]string{"\nraw sockets         no    neither you nor the program has CAP_NET_RAW\n",
				"\necho by the kernel  no    net.ipv4.ping_group_range (1 0) leaves you out\n",
				byKernel + " and UDP sockets, without echo requests.\n", setcap, sysctl}, []string{"gives up"}},
		{rights{name: "file capability", start: asGranted, raw: true}, "file-capability",
			[]string{"\nraw sockets         yes   the program's file has cap_net_raw\n", "gives up this\ncapability.\n"}, []string{byKernel, setcap, sysctl}},
		{rights{name: "ping_group_range", start: asUser, pings: true}, "no-capability",
			[]string{"\nraw sockets         no ", fmt.Sprintf("\necho by the kernel  yes   net.ipv4.ping_group_range (%d %d) lets you\n", group, group),
				byKernel + ", UDP sockets and echo requests.\n", setcap}, []string{sysctl, "gives up"}},
		{rights{name: "bounding set without NET_RAW", start: asBounded}, "bounding-set",
			[]string{"\nraw sockets         no    no CAP_NET_RAW in the bounding set: a container?\n", byKernel, "\n  docker run --cap-add NET_RAW ...\n"},
			[]string{setcap, "gives up"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := n.client
			if tt.pings {
				client = pinger
			}
			wire := client.Capture("eth0")
			check := func(o *outcome, exit int) {
				t.Helper()
				text := "\n" + o.text
				for _, part := range tt.text {
					if !strings.Contains(text, part) {
						t.Errorf("the text does not say %q", part)
					}
				}
				for _, part := range tt.never {
					if strings.Contains(text, part) {
						t.Errorf("the text says %q", part)
					}
				}
				o.wantExit(t, exit)
			}
			o := tt.typed(t, client, "doctor")
			check(o, job.ExitYes)
			if o.stderr != "" {
				t.Errorf("stderr: %s", o.stderr)
			}
			exit := job.ExitYes
			if !tt.raw {
				exit = job.ExitLocal
			}
			o = tt.typed(t, client, "doctor --via raw")
			check(o, exit)
			if refused := strings.Contains(o.stderr, "CAP_NET_RAW is missing: socket: operation not permitted: run as root, or: setcap cap_net_raw+p sonde"); refused == tt.raw {
				t.Errorf("stderr: %s", o.stderr)
			}
			tt.typed(t, client, "doctor --via connect").wantExit(t, job.ExitYes)

			o = tt.ask(t, client, "doctor")
			var why, fix string
			for _, r := range recordsOf[*report.Privilege](o.records) {
				if r.Name == "raw-sockets" {
					why, fix = r.Why, jsonWord(t, r, "fix")
					if r.Allowed != tt.raw {
						t.Errorf("raw sockets: %v", r.Allowed)
					}
				}
			}
			for _, r := range recordsOf[*report.Privilege](o.records) {
				// Root of this machine loads programs, root of a user namespace does not.
				if r.Name == "xdp" && (r.Allowed || r.Why == "user-namespace") != (tt.name == "root") {
					t.Errorf("programs: %v, %s", r.Allowed, r.Why)
				}
			}
			if why != tt.why || (fix == "") != tt.raw {
				t.Errorf("why is %s, want %s; fix is %q", why, tt.why, fix)
			}
			wantSame(t, tt.rights, client)
			if sent := wire.Packets().Out().Find(func(p *lab.Packet) bool { return p.TCP() == nil && !p.Neighbour() }); len(sent) > 0 {
				t.Errorf("something was sent:\n%v", sent)
			}
		})
	}
}

// wantSame fails unless doctor says of a target the method that tcp uses for it.
func wantSame(t *testing.T, r rights, client *lab.Host) {
	t.Helper()
	o := r.ask(t, client, "doctor 10.2.0.10 fd02::10")
	o.wantExit(t, job.ExitYes)
	ways := recordsOf[*report.Way](o.records)
	used := r.ask(t, client, "tcp -PN -p 80 10.2.0.10")
	if !slices.Equal(o.scan.Methods, used.scan.Methods) {
		t.Errorf("doctor says %v, tcp uses %v", o.scan.Methods, used.scan.Methods)
	}
	want, want6 := "raw-ip raw-ip raw-ip [echo syn 443 ack 80 timestamp udp 53]", "raw-ip raw-ip raw-ip [echo syn 443 ack 80 udp 53]"
	switch {
	case !r.raw && r.pings:
		want = "sockets sockets sockets [echo connect 443 connect 80]"
	case !r.raw:
		want = "sockets sockets sockets [connect 443 connect 80]"
	}
	if !r.raw {
		want6 = want
	}
	for _, w := range ways {
		if w.Addr.Is6() {
			want = want6
		}
		if got := fmt.Sprint(w.TCP, " ", w.UDP, " ", w.Sweep, " ", w.Pings); got != want {
			t.Errorf("%s: %s, want %s", w.Addr, got, want)
		}
	}
	if len(ways) != 2 {
		t.Errorf("%d ways", len(ways))
	}
}

// TestDoctorImpossible: a source that is not ours needs packets of our own. What
// is known is told all the same, then the error of the other commands.
func TestDoctorImpossible(t *testing.T) {
	n := newOffice(t)
	for _, tt := range []struct {
		rights
		line, stderr string
	}{
		{rights{start: asUser}, "doctor -S 10.42.48.1 10.2.0.10", "CAP_NET_RAW is missing: socket: operation not permitted: run as root, or: setcap cap_net_raw+p sonde"},
		{rights{start: asRoot}, "doctor --via connect -S 10.42.48.1 10.2.0.10", "-S 10.42.48.1 is not ours: the kernel sends nothing from there"},
		{rights{start: asRoot}, "doctor --via connect -S fd42::1 fd02::10", "-S fd42::1 is not ours: the kernel sends nothing from there"},
	} {
		o := tt.typed(t, n.client, tt.line)
		if o.stderr != "sonde: "+tt.stderr+"\n" {
			t.Errorf("%s: %s", tt.line, o.stderr)
		}
		o.wantText(t, ", not ours: replies go there\n")
		o.wantExit(t, job.ExitLocal)
	}
	o := rights{start: asRoot}.typed(t, n.client, "doctor -S 10.42.48.1 10.2.0.10")
	o.wantText(t, "  source     10.42.48.1, not ours: replies go there\n", "by link-layer frames\n")
	o.wantExit(t, job.ExitYes)
}
