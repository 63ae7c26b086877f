package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/google/gopacket/layers"
	"github.com/google/nftables"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"sonde/scan/job"
	"sonde/scan/lab"
)

// guards counts the tables of nftables on a host that are sonde's.
func guards(t *testing.T, h *lab.Host) int {
	t.Helper()
	n, err := countGuards(h)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func countGuards(h *lab.Host) (n int, err error) {
	err = h.Do(func() error {
		tables, err := (&nftables.Conn{}).ListTables()
		for _, table := range tables {
			if strings.HasPrefix(table.Name, "sonde-") {
				n++
			}
		}
		return err
	})
	return n, err
}

// watchGuard carries out a run on a host and looks at something all the while. It
// returns what look saw last before the guard was seen to be there: by then everything
// had happened under guard. Soon after, the run may end, and a host that repeats its
// SYN-ACKs hears RSTs, which nobody keeps back any more.
func watchGuard[T any](t *testing.T, h *lab.Host, run func(), look func() T) (last T) {
	t.Helper()
	ended := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			saw := look()
			n, err := countGuards(h)
			if err != nil {
				t.Error(err)
				return
			}
			if n > 0 {
				last = saw
			}
			select {
			case <-ended:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	defer wg.Wait()
	defer close(ended)
	run()
	return last
}

// askGuarded is ask, and tells when the guard was last seen to be there.
func askGuarded(t *testing.T, h *lab.Host, line string, more ...string) (o *outcome, last time.Time) {
	t.Helper()
	last = watchGuard(t, h, func() { o = ask(t, h, line, more...) }, time.Now)
	return o, last
}

// rsts returns the RSTs that came in on a capture's host for SYNs of sonde's in the
// capture, until a moment, and how many SYN-ACKs had gone out by then.
func rsts(wire *lab.Capture, until time.Time) (in lab.Packets, synAcks int) {
	packets := wire.Packets()
	asked := map[layers.TCPPort]bool{}
	for _, p := range packets.In() {
		if h := p.TCP(); h != nil && h.SYN && !h.ACK && (h.SrcPort < 32768 || h.SrcPort > 60999) { // else the kernel's own
			asked[h.SrcPort] = true
		}
	}
	in = packets.In().Find(func(p *lab.Packet) bool {
		return p.TCP() != nil && p.TCP().RST && asked[p.TCP().SrcPort] && p.At.Before(until)
	})
	return in, len(packets.Out().Find(func(p *lab.Packet) bool {
		return p.TCP() != nil && p.TCP().SYN && p.TCP().ACK && asked[p.TCP().DstPort] && p.At.Before(until)
	}))
}

// TestGuard: without --rst-guard the target hears our kernel take back each SYN that
// it answered, with it nothing of that. The results are the same, and nothing is
// left behind.
func TestGuard(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.server.TCP(80, 443)
	n.router.Firewall(lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: "1004", Do: lab.Drop},
		lab.Rule{Chain: lab.Forward, Dst: "10.2.0.66", Do: lab.Drop}, lab.Rule{Chain: lab.Forward, Dst: "fd02::66", Do: lab.Drop})
	wire := n.server.Capture("eth0")
	for i, f := range families() {
		// Each waits for silence in the end, so that the answers come long before.
		for _, line := range []string{"tcp -PN -p 80,81,443,1004", "tcp -PN -g 4025 -p 80,81,443,1004", "fp -p 80,81,443,1004",
			"sweep -PS80,443 " + []string{"10.2.0.66", "fd02::66"}[i]} {
			t.Run(f.name+" "+line, func(t *testing.T) {
				wire.Forget()
				without := ask(t, n.client, line, f.server)
				if in, answers := rsts(wire, time.Now()); len(in) == 0 || answers == 0 {
					t.Fatalf("%d SYN-ACKs, and no RST of ours without --rst-guard", answers)
				}
				wire.Forget()
				with, last := askGuarded(t, n.client, line+" --timeout 1s --rst-guard", f.server)
				if in, answers := rsts(wire, last); len(in) > 0 || answers == 0 {
					t.Errorf("%d SYN-ACKs, and these RSTs of ours with --rst-guard:\n%v", answers, in)
				}
				for port, p := range without.ports {
					if got := with.ports[port].state(); got != p.state() {
						t.Errorf("port %d is %s, without --rst-guard %s", port, got, p.state())
					}
				}
				up, before := with.hosts[f.server].State, without.hosts[f.server].State
				if len(with.ports) != len(without.ports) || up != before {
					t.Errorf("%d ports, the host is %s; without --rst-guard %d, and %s", len(with.ports), up, len(without.ports), before)
				}
				with.wantExit(t, without.exit)
				if !strings.Contains(with.stderr, "sonde: --rst-guard: until this run ends, ") {
					t.Errorf("stderr: %s", with.stderr)
				}
				if left := guards(t, n.client); left != 0 {
					t.Errorf("%d tables are left", left)
				}
			})
		}
	}
}

// TestGuardLarge: jobs that are large enough for rings are guarded as others, as long
// as they last. One port says nothing, so that this is long after the others did.
func TestGuardLarge(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.server.TCP(80, 443)
	n.server.Firewall(lab.Rule{Proto: "tcp", Dport: "9001", Do: lab.Drop})
	for _, f := range families() {
		heard := n.server.Firewall(lab.Rule{Name: "RST", Src: f.client, Proto: "tcp", Flags: "R/RA", Do: lab.Count},
			lab.Rule{Name: "SYN-ACK", Chain: lab.Output, Dst: f.client, Proto: "tcp", Flags: "SA/SA", Do: lab.Count})
		for _, guard := range []string{"--rst-guard", "--rst-guard=false"} {
			var o *outcome
			run := func() { o = ask(t, n.client, "tcp -PN -T5 --timeout 3s -p 1-9001 "+guard, f.server) }
			if guard == "--rst-guard" {
				got := watchGuard(t, n.client, run, func() [2]uint64 { return [2]uint64{heard.Count("RST"), heard.Count("SYN-ACK")} })
				if got[0] != 0 || got[1] == 0 {
					t.Errorf("%s: the server heard %d RSTs to %d SYN-ACKs, while the guard was there", f.name, got[0], got[1])
				}
			} else if run(); heard.Count("RST") == 0 {
				t.Errorf("%s: the server heard no RSTs without a guard", f.name)
			}
			for port := 1; port <= 9001; port++ {
				want := "closed (reset)"
				switch port {
				case 80, 443:
					want = "open (syn-ack)"
				case 9001:
					want = "filtered (no-response)"
				}
				if got := o.ports[port].state(); got != want {
					t.Errorf("%s %s: port %d is %s, want %s", f.name, guard, port, got, want)
				}
			}
		}
	}
}

// TestGuardOwnHost: the ports of this machine are told as they are, those among the
// source ports, too: they refuse by RST and ACK.
func TestGuardOwnHost(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.client.TCP(80, 61500)
	for _, target := range []string{"127.0.0.1", "::1", "10.1.0.1", "fd01::1"} {
		o := ask(t, n.client, "tcp -PN -p 80,81,61500,60000-65535 --rst-guard", target)
		for port, p := range o.ports {
			want := "closed (reset)"
			if port == 80 || port == 61500 {
				want = "open (syn-ack)"
			}
			if p.state() != want {
				t.Errorf("port %d is %s, want %s", port, p.state(), want)
			}
		}
		if len(o.ports) != 5538 {
			t.Errorf("%d ports", len(o.ports))
		}
	}
}

// guardedScan starts a scan that takes 20 s and finds nothing open, and returns when
// its table is there.
func guardedScan(t *testing.T, n *office, more ...string) *lab.Cmd {
	t.Helper()
	cmd := n.client.Command(program(t), append(strings.Fields("tcp -PN -p 1001-3000 --rate 200 --rst-guard -q 10.2.0.10 fd02::10"), more...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); guards(t, n.client) != 1; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			cmd.Process.Kill()
			cmd.Wait()
			t.Fatalf("no table after 5 s: %s", errs.String())
		}
	}
	return cmd
}

// TestGuardEnds: however a run ends, its table is gone when the process is.
func TestGuardEnds(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.server.TCP(80)
	for name, end := range map[string]struct {
		sig  syscall.Signal
		more string
		exit int
	}{
		"interrupted": {syscall.SIGINT, "", job.ExitInterrupted},
		"terminated":  {syscall.SIGTERM, "", job.ExitTerminated},
		"killed":      {syscall.SIGKILL, "", -1},
		"by itself":   {0, "--deadline 500ms", job.ExitSilence},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := guardedScan(t, n, strings.Fields(end.more)...)
			if end.sig != 0 {
				if err := cmd.Process.Signal(end.sig); err != nil {
					t.Fatal(err)
				}
			}
			killer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
			defer killer.Stop()
			cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != end.exit {
				t.Errorf("exit %d, want %d: %v", got, end.exit, cmd.ProcessState)
			}
			if left := guards(t, n.client); left != 0 {
				t.Errorf("%d tables are left", left)
			}
		})
	}
	t.Run("two at a time", func(t *testing.T) {
		cmd := guardedScan(t, n)
		defer cmd.Wait()
		defer cmd.Process.Kill()
		typed(t, n.client, "tcp", "-PN", "-p", "80", "--rst-guard", "10.2.0.10").wantExit(t, job.ExitYes)
		if left := guards(t, n.client); left != 1 {
			t.Errorf("%d tables, of one scan that goes on", left)
		}
	})
}

// TestGuardOthers: while a scan goes on, what else its host refuses is refused as
// ever, on all ports; and other ports answer stray segments. The scan's own do not:
// that is what is said of it.
func TestGuardOthers(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	cmd := guardedScan(t, n, "-g", "4025")
	defer cmd.Wait()
	defer cmd.Process.Kill()
	for _, f := range families() {
		for _, port := range []int{9, 4025} {
			err := n.server.Do(func() error {
				c, err := net.DialTimeout("tcp", net.JoinHostPort(f.client, fmt.Sprint(port)), 3*time.Second)
				if err == nil {
					c.Close()
				}
				return err
			})
			if !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("%s, port %d: %v", f.client, port, err)
			}
		}
		o := ask(t, n.server, "tcp -PN -sA -p 4024,4025,4026", f.client)
		o.wantPort(t, 4024, "unfiltered (reset)")
		o.wantPort(t, 4025, "filtered (no-response)")
		o.wantPort(t, 4026, "unfiltered (reset)")
	}
}

// TestGuardPermitted: --rst-guard does with a file capability what it does for root,
// and where it cannot be had nothing is sent, and one line says what is missing.
func TestGuardPermitted(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.server.TCP(80)
	n.server.Firewall(lab.Rule{Proto: "tcp", Dport: "1004", Do: lab.Drop}) // so that a run lasts
	const advice = ": run as root, or: setcap cap_net_raw,cap_net_admin+p sonde\n"
	for _, tt := range []struct {
		start, stderr string
		exit          int
	}{
		{asRoot, "sonde: --rst-guard: until this run ends, ", job.ExitYes},
		{asManager, "sonde: --rst-guard: until this run ends, ", job.ExitYes},
		{asGranted, "sonde: --rst-guard: CAP_NET_ADMIN is missing: netlink receive: operation not permitted" + advice, job.ExitLocal},
		{asUser, "sonde: CAP_NET_RAW is missing: socket: operation not permitted" + advice, job.ExitLocal},
		{asBefore, "sonde: --rst-guard: this kernel takes no nftables table that goes away with its owner (Linux 5.12, nf_tables): socket: protocol not supported\n", job.ExitLocal},
	} {
		for _, f := range families() {
			t.Run(tt.start+"/"+f.name, func(t *testing.T) {
				wire := n.server.Capture("eth0")
				var o *outcome
				last := watchGuard(t, n.client, func() {
					o = rights{start: tt.start}.typed(t, n.client, "tcp -PN -p 80,1004 --timeout 2s --rst-guard", f.server)
				}, time.Now)
				o.wantExit(t, tt.exit)
				if !strings.HasPrefix(o.stderr, tt.stderr) || strings.Count(o.stderr, "\n") != 1 {
					t.Errorf("stderr is %q, want %q", o.stderr, tt.stderr)
				}
				in, answers := rsts(wire, last)
				if _, sent := rsts(wire, time.Now()); len(in) > 0 || (answers > 0) != (tt.exit == job.ExitYes) || sent > 0 && answers == 0 {
					t.Errorf("%d SYN-ACKs, %d of them while the guard was seen, and these RSTs:\n%v", sent, answers, in)
				}
				if left := guards(t, n.client); left != 0 {
					t.Errorf("%d tables are left", left)
				}
			})
		}
	}
}

// TestGuardNotMade: what is refused in the end, and a dry run, make no table: they
// need no right to it.
func TestGuardNotMade(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	for _, tt := range []struct {
		line, stderr string
		exit         int
	}{
		{"tcp -p 80 --rst-guard --dry-run 10.2.0.10", "sonde: --rst-guard: while a run lasts, no RST ", job.ExitYes},
		{"sweep --rst-guard 10.1.0.2", "sonde: --rst-guard: none of these pings is a SYN; choose one with -PS\n", job.ExitUsage},
		{"sweep --rst-guard fd01::2", "sonde: --rst-guard: none of these pings is a SYN; choose one with -PS\n", job.ExitUsage},
		{"tcp -p 80 --rst-guard -S 10.42.48.1 10.2.0.10", "sonde: --rst-guard: -S 10.42.48.1 is not ours, so our kernel gets no SYN-ACK to answer\n", job.ExitUsage},
		{"tcp -p 80 --rst-guard -S fd42::1 fd02::10", "sonde: --rst-guard: -S fd42::1 is not ours, so our kernel gets no SYN-ACK to answer\n", job.ExitUsage},
	} {
		o := rights{start: asGranted}.typed(t, n.client, tt.line)
		o.wantExit(t, tt.exit)
		if !strings.HasPrefix(o.stderr, tt.stderr) || strings.Count(o.stderr, "\n") != 1 {
			t.Errorf("%s: stderr is %q, want %q", tt.line, o.stderr, tt.stderr)
		}
	}
}

// withoutNetfilter makes the calling thread's kernel one that is built without
// nfnetlink, by a filter of system calls (struct seccomp_data): sockets of
// NETLINK_NETFILTER are not supported.
func withoutNetfilter() error {
	const number, family, protocol = 0, 16, 32 // the arguments' low halves, least significant byte first
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: number, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.SYS_SOCKET, SkipTrue: 5},
		bpf.LoadAbsolute{Off: family, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.AF_NETLINK, SkipTrue: 3},
		bpf.LoadAbsolute{Off: protocol, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.NETLINK_NETFILTER, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.EPROTONOSUPPORT)},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW},
	})
	if err != nil {
		return err
	}
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: (*unix.SockFilter)(unsafe.Pointer(&program[0]))}
	return os.NewSyscallError("seccomp", unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&filter)), 0, 0))
}
