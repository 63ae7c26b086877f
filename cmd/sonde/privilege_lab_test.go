package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/lab"
)

// rights is what a run of the program may do. The program is started by a test
// of this binary that first gives up the rest, TestStart.
type rights struct {
	name  string
	start string // what TestStart does before it starts the program
	files uint64 // limit of open files; 0: as it is
	raw   bool   // packets of our own are permitted
	pings bool   // the kernel sends echo requests for us
}

const (
	asRoot    = "root"
	asUser    = "user"                  // an ordinary user
	asGranted = "granted user"          // and the program has the file capability cap_net_raw+p
	asManager = "managing user"         // and the program has cap_net_raw,cap_net_admin+p
	asBounded = "bounded root"          // as in a container without NET_RAW
	asBefore  = "root of an old kernel" // without nfnetlink, and so without nftables
)

// The environment of TestStart.
const (
	startVar = "SONDE_TEST_START"
	filesVar = "SONDE_TEST_FILES"
)

// as returns the command that runs the program with these rights.
func (r rights) as(t *testing.T, h *lab.Host, args ...string) *lab.Cmd {
	t.Helper()
	path := program(t)
	switch r.start {
	case asGranted:
		path = granted(t, path, cap.NET_RAW)
	case asManager:
		path = granted(t, path, cap.NET_RAW, cap.NET_ADMIN)
	}
	cmd := h.Command("/proc/self/exe", append([]string{"-test.run=^TestStart$", "--", path}, args...)...)
	cmd.Env = append(os.Environ(), startVar+"="+r.start, filesVar+"="+strconv.FormatUint(r.files, 10))
	return cmd
}

// ask runs the program with JSON on stdout and reads it.
func (r rights) ask(t *testing.T, h *lab.Host, line string, more ...string) *outcome {
	t.Helper()
	args := append(strings.Fields(line), more...)
	args = slices.Insert(args, 1, "-o", "json")
	o := finish(t, r.as(t, h, args...), args)
	o.take(t, parseRecords(t, []byte(o.text)))
	return o
}

// typed runs the program exactly as typed.
func (r rights) typed(t *testing.T, h *lab.Host, line string, more ...string) *outcome {
	t.Helper()
	args := append(strings.Fields(line), more...)
	return finish(t, r.as(t, h, args...), args)
}

// granted returns a copy of the program with file capabilities: permitted, not
// effective. Where files can have none it skips the test, or fails
// it if LAB=1 asks for it and the rights are there.
func granted(t *testing.T, path string, capabilities ...cap.Value) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	copied := filepath.Join(dir, "sonde")
	if err := os.WriteFile(copied, b, 0o755); err != nil {
		t.Fatal(err)
	}
	skip := t.Skipf
	if os.Getenv("LAB") == "1" && otherUsers() {
		skip = t.Fatalf
	}
	set := cap.NewSet()
	if err := set.SetFlag(cap.Permitted, true, capabilities...); err != nil {
		t.Fatal(err)
	}
	if err := set.SetFile(copied); err != nil {
		skip("no file capabilities in %s: %v", dir, err)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		t.Fatal(err)
	}
	if fs.Flags&unix.ST_NOSUID != 0 {
		skip("file capabilities have no effect in %s, which is mounted nosuid", dir)
	}
	return copied
}

// TestStart becomes the program that its arguments name, with the rights that
// the environment names. It is no test of its own.
func TestStart(t *testing.T) {
	who := os.Getenv(startVar)
	if who == "" {
		return // a rights value runs it
	}
	runtime.LockOSThread() // capabilities and securebits are the thread's
	args := flag.Args()
	// Opened while it can be: a user need not be able to reach the directory.
	program, err := os.Open(args[0])
	if err == nil {
		err = limitFiles(os.Getenv(filesVar))
	}
	if err == nil {
		switch who {
		case asUser, asGranted, asManager:
			err = becomeUser()
		case asBefore:
			err = withoutNetfilter()
		case asRefused:
			err = refuseCalls(os.Getenv(refusedVar))
		case asBounded:
			err = unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(cap.NET_RAW), 0, 0, 0)
		}
	}
	if err == nil {
		err = unix.Exec(fmt.Sprintf("/proc/self/fd/%d", program.Fd()), append([]string{"sonde"}, args[1:]...), os.Environ())
	}
	fmt.Fprintln(os.Stderr, "starting as", who+":", err)
	os.Exit(99)
}

// limitFiles sets the limit of open files, if there is to be one.
func limitFiles(limit string) error {
	n, err := strconv.ParseUint(limit, 10, 64)
	if err != nil || n == 0 {
		return err
	}
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: n})
}

// nobody is the user and the group of an ordinary user.
const nobody = 65534

// becomeUser turns root into an ordinary user. In a user namespace with a single
// user there is no other one to become: there root loses what makes it special,
// so that it gains nothing when it starts a program (capabilities(7)).
func becomeUser() error {
	if !otherUsers() {
		const noRoot = 0b11 // SECBIT_NOROOT and its lock
		return unix.Prctl(unix.PR_SET_SECUREBITS, noRoot, 0, 0, 0)
	}
	if err := unix.Setgroups(nil); err != nil {
		return err
	}
	if err := unix.Setresgid(nobody, nobody, nobody); err != nil {
		return err
	}
	return unix.Setresuid(nobody, nobody, nobody)
}

// otherUsers tells whether there are users beside root here.
func otherUsers() bool {
	f, err := os.Open("/proc/self/uid_map")
	if err != nil {
		return false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var inside, outside, size uint32
		if n, _ := fmt.Sscan(lines.Text(), &inside, &outside, &size); n == 3 && inside <= nobody && nobody-inside < size {
			return true
		}
	}
	return false
}

// rejecting is an office whose router rejects, resets and drops, with a second
// client, where the kernel sends echo requests for every user. The server has
// two more addresses: .11 answers echo requests only, .12 TCP only.
func rejecting(t *testing.T) (o *office, pinger *lab.Host) {
	o = newOffice(t)
	pinger = o.net.Host("pinger")
	o.net.Link(pinger, o.router, "10.3.0.1/24", "10.3.0.2/24", "fd03::1/64", "fd03::2/64")
	pinger.Default("10.3.0.2", "fd03::2")
	group := "0 0"
	if otherUsers() {
		group = fmt.Sprint(nobody, nobody)
	}
	pinger.Sysctl("net/ipv4/ping_group_range", group)
	o.server.Addr("eth0", "10.2.0.11/24", "fd02::11/64", "10.2.0.12/24", "fd02::12/64")
	o.server.TCP(80)
	o.server.UDP(53, lab.Echo)
	o.router.UDP(53, lab.DNS(nil))
	o.server.Firewall(
		lab.Rule{Proto: "tcp", Dport: "1005", Do: lab.PortUnreach},
		lab.Rule{Proto: "tcp", Dst: "10.2.0.11", Do: lab.Drop},
		lab.Rule{Proto: "tcp", Dst: "fd02::11", Do: lab.Drop},
		lab.Rule{Proto: "icmp", ICMPType: "8", Dst: "10.2.0.12", Do: lab.Drop},
		lab.Rule{Proto: "icmpv6", ICMPType: "128", Dst: "fd02::12", Do: lab.Drop},
	)
	for _, proto := range []string{"tcp", "udp"} {
		o.router.Firewall(
			lab.Rule{Chain: lab.Forward, Proto: proto, Dport: "1001", Do: lab.PortUnreach},
			lab.Rule{Chain: lab.Forward, Proto: proto, Dport: "1002", Do: lab.AdminProhibited},
			lab.Rule{Chain: lab.Forward, Proto: proto, Dport: "1004", Do: lab.Drop},
		)
	}
	o.router.Firewall(lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: "1003", Do: lab.Reset})
	return o, pinger
}

// TestPrivileges: whatever the program may do, it says how it asks, and tells
// refused from rejected from dropped.
func TestPrivileges(t *testing.T) {
	t.Parallel()
	n, pinger := rejecting(t)
	for _, r := range []rights{
		{name: "root", start: asRoot, raw: true},
		{name: "user", start: asUser},
		{name: "file capability", start: asGranted, raw: true},
		{name: "ping_group_range", start: asUser, pings: true},
		{name: "bounding set without NET_RAW", start: asBounded},
	} {
		for _, f := range families() {
			t.Run(r.name+"/"+f.name, func(t *testing.T) {
				t.Parallel()
				client, router := n.client, f.router
				if r.pings {
					client, router = pinger, strings.NewReplacer("10.1", "10.3", "fd01", "fd03").Replace(f.router)
				}
				check := func(o *outcome, states map[int]string) {
					t.Helper()
					wantMethod(t, o, r.raw)
					for port, want := range states {
						if got := o.ports[port].state(); got != strings.Replace(want, "ROUTER", router, 1) {
							t.Errorf("port %d is %s, want %s", port, got, want)
						}
					}
				}
				refused := "closed (conn-refused)"
				if r.raw {
					refused = "closed (reset)"
				}
				check(r.ask(t, client, "tcp -PN -p 80,81,1001-1005", f.server), map[int]string{
					80:   "open (syn-ack)",
					81:   refused,
					1001: "filtered (port-unreach from ROUTER)",
					1002: "filtered (admin-prohibited from ROUTER)",
					1003: refused,
					1004: "filtered (no-response)",
					1005: "filtered (port-unreach)",
				})
				check(r.ask(t, client, "udp -PN -p 53,54,1001,1002,1004", f.server), map[int]string{
					53:   "open (udp-response)",
					54:   "closed (port-unreach)",
					1001: "filtered (port-unreach from ROUTER)",
					1002: "filtered (admin-prohibited from ROUTER)",
					1004: "open|filtered (no-response)",
				})
				for server, matches := range map[string]bool{f.server: false, router: true} { // a mirror and a DNS server
					o := r.ask(t, client, "udp -v -PN -p 53", server)
					p := o.ports[53].Port
					if p.Reply == nil || p.Reply.Match != matches {
						t.Errorf("the reply of %s is %+v, want one that matches: %v", server, p.Reply, matches)
					}
					if written := jsonOf(&p); bytes.Contains(written, []byte("checksum")) != r.raw {
						t.Errorf("%s: the reply of %s must have just the fields that are known", written, server)
					}
				}
				swept := map[string]string{"IPv4": "10.2.0.8/29", "IPv6": "fd02::10/125"}[f.name]
				there := []string{f.server, f.server[:len(f.server)-1] + "1", f.server[:len(f.server)-1] + "2"}
				if f.name == "IPv4" {
					// The router's own address is in another half of the prefix.
					there = []string{"10.2.0.10", "10.2.0.11", "10.2.0.12"}
				}
				if !r.raw && !r.pings {
					there = slices.Delete(there, 1, 2) // it answers echo requests only
				}
				o := r.ask(t, client, "sweep", swept)
				wantMethod(t, o, r.raw)
				if got := o.up(); !slices.Equal(got, there) {
					t.Errorf("up are %v, want %v", got, there)
				}
			})
		}
	}
}

// wantMethod fails unless the run says how it asked, and why if not by packets
// of its own.
func wantMethod(t *testing.T, o *outcome, raw bool) {
	t.Helper()
	method, note := "raw", ""
	if !raw {
		method, note = "connect", "CAP_NET_RAW is missing"
	}
	if !slices.Equal(o.scan.Methods, []string{method}) {
		t.Errorf("the method is %v, want %s", o.scan.Methods, method)
	}
	if !strings.Contains(o.stderr, note) || note == "" && o.stderr != "" {
		t.Errorf("stderr says %q, want %q in it", o.stderr, note)
	}
}

// TestNotPermitted: what was asked for and is not permitted is refused, with
// advice; nothing else is done instead.
func TestNotPermitted(t *testing.T) {
	t.Parallel()
	n, _ := rejecting(t)
	user := rights{start: asUser}
	bounded := rights{start: asBounded}
	for _, test := range []struct {
		rights
		line   string
		advice string
	}{
		{user, "tcp --via raw -p 80 10.2.0.10", "setcap cap_net_raw+p"},
		{bounded, "tcp --via raw -p 80 10.2.0.10", "setcap cap_net_raw+p"},
		{user, "tcp -sS -p 80 fd02::10", "setcap cap_net_raw+p"},
		{user, "udp --via raw -p 53 10.2.0.10", "setcap cap_net_raw+p"},
		{user, "sweep --via raw 10.2.0.10", "setcap cap_net_raw+p"},
		{user, "tcp -e eth0 -S 10.42.48.1 -p 80 10.2.0.10", "setcap cap_net_raw+p"},
		{user, "sweep -PE 10.2.0.10", "net.ipv4.ping_group_range"},
		{user, "sweep -PR 10.1.0.0/30", "packets of our own"},
		{user, "tcp --tcp-options none -p 80 10.2.0.10", "packets of our own"},
		{user, "tcp --pcap file.pcapng -p 80 10.2.0.10", "packets of our own"},
	} {
		t.Run(test.start+" "+test.line, func(t *testing.T) {
			wire := n.client.Capture("eth0")
			o := test.typed(t, n.client, test.line)
			o.wantExit(t, job.ExitLocal)
			lines := strings.Split(strings.TrimSuffix(o.stderr, "\n"), "\n")
			if o.text != "" || !strings.Contains(lines[len(lines)-1], test.advice) {
				t.Errorf("it says %q and %q, want %q in the last line", o.text, o.stderr, test.advice)
			}
			if sent := wire.Packets().Out(); len(sent) != 0 {
				t.Errorf("something was sent:\n%v", sent)
			}
		})
	}
	t.Run("privileged source port", func(t *testing.T) {
		o := user.ask(t, n.client, "udp -g 53 -p 53 10.2.0.10")
		if got := o.ports[53].state(); got != "unknown (local-error)" {
			t.Errorf("port 53 is %s", got)
		}
		o.wantExit(t, job.ExitLocal)
	})
	t.Run("root by connect", func(t *testing.T) {
		root := rights{start: asRoot}
		o := root.ask(t, n.client, "tcp --via connect -p 80,81,1001 10.2.0.10")
		if got := o.ports[80].state() + ", " + o.ports[81].state() + ", " + o.ports[1001].state(); got != "open (syn-ack), closed (conn-refused), filtered (port-unreach from 10.1.0.2)" {
			t.Error(got)
		}
		if !slices.Equal(o.scan.Methods, []string{"connect"}) {
			t.Errorf("the method is %v", o.scan.Methods)
		}
	})
}

// TestFixedPortByKernel: with -g the kernel repeats what stays silent, and
// questions that share the port do not get each other's answers.
func TestFixedPortByKernel(t *testing.T) {
	t.Parallel()
	n, _ := rejecting(t)
	user := rights{start: asUser}
	for _, f := range families() {
		t.Run(f.name, func(t *testing.T) {
			wire := n.client.Capture("eth0")
			o := user.ask(t, n.client, "tcp -PN -g 4025 -p 80,81,1004", f.server)
			for port, want := range map[int]string{80: "open (syn-ack)", 81: "closed (conn-refused)", 1004: "filtered (no-response)"} {
				if got := o.ports[port].state(); got != want {
					t.Errorf("port %d is %s, want %s", port, got, want)
				}
			}
			if o.ports[1004].Tries != 1 {
				t.Errorf("%d tries", o.ports[1004].Tries)
			}
			sent := wire.Packets().Out().Find(func(p *lab.Packet) bool { return p.TCP() != nil && p.TCP().SYN && p.TCP().DstPort == 1004 })
			if len(sent) < 2 || sent[0].TCP().SrcPort != 4025 || sent[0].TCP().Seq != sent[1].TCP().Seq {
				t.Errorf("not one SYN from port 4025 and its repetition:\n%v", sent)
			}
			o = user.ask(t, n.client, "udp -PN -g 4053 -p 53,54,1001,1004", f.server)
			for port, want := range map[int]string{53: "open (udp-response)", 54: "closed (port-unreach)",
				1001: "filtered (port-unreach from " + f.router + ")", 1004: "open|filtered (no-response)"} {
				if got := o.ports[port].state(); got != want {
					t.Errorf("port %d is %s, want %s", port, got, want)
				}
			}
		})
	}
}

// TestOwnHost: asked of this machine, raw packets and the kernel's sockets give
// the same states.
func TestOwnHost(t *testing.T) {
	t.Parallel()
	n, _ := rejecting(t)
	n.client.TCP(80)
	n.client.UDP(53, lab.Echo)
	n.client.Firewall(
		lab.Rule{Proto: "tcp", Dport: "445", Do: lab.Drop},
		lab.Rule{Proto: "udp", Dport: "445", Do: lab.Drop},
		lab.Rule{Proto: "tcp", Dport: "446", Do: lab.AdminProhibited},
	)
	root := rights{start: asRoot}
	for _, target := range []string{"127.0.0.1", "::1", "127.9.9.9", "10.1.0.1", "fd01::1"} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			for command, want := range map[string]map[int]probe.State{
				"tcp -PN -p 80,81,445,446": {80: probe.Open, 81: probe.Closed, 445: probe.Filtered, 446: probe.Filtered},
				"udp -PN -p 53,54,445":     {53: probe.Open, 54: probe.Closed, 445: probe.OpenFiltered},
			} {
				for _, via := range []string{"raw", "connect"} {
					o := root.ask(t, n.client, command+" --via "+via, target)
					for port, state := range want {
						if got := o.ports[port].State; got != state {
							t.Errorf("%s via %s: port %d is %s, want %s", command, via, port, o.ports[port].state(), state)
						}
					}
				}
			}
		})
	}
}

// TestLinkLocal: an address with a zone is asked on its own interface, also by
// the kernel and beside targets that go another way.
func TestLinkLocal(t *testing.T) {
	n, _ := rejecting(t)
	n.router.Addr("eth0", "fe80::99/64")
	n.router.TCP(80)
	for _, via := range []string{"raw", "connect"} {
		o := rights{start: asRoot}.ask(t, n.client, "tcp -PN -p 80 --via "+via, "10.2.0.10", "fe80::99%eth0", "fd02::10")
		for _, addr := range []string{"10.2.0.10", "fe80::99%eth0", "fd02::10"} {
			if h := o.hosts[addr]; h.State != probe.Up || h.Reason != probe.SynAck {
				t.Errorf("via %s: %s is %s", via, addr, h.state())
			}
		}
	}
}

// TestAllPortsByConnect: 65,535 ports are asked, also where no more than 64 files may
// be open: then questions wait, and nothing is made up.
func TestAllPortsByConnect(t *testing.T) {
	t.Parallel()
	n, _ := rejecting(t)
	const dropped = 200 // ports, each of which keeps a socket open for a while
	n.router.Firewall(lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: fmt.Sprintf("2001-%d", 2000+dropped), Do: lab.Drop})
	for _, r := range []rights{{name: "as it is", start: asUser}, {name: "64 files", start: asUser, files: 64}} {
		t.Run(r.name, func(t *testing.T) {
			o := r.ask(t, n.client, "tcp -sT -T4 -PN -p- 10.2.0.10")
			count := map[string]int{}
			for port, p := range o.ports {
				count[p.state()]++
				if (p.State == probe.Filtered) != (port == 1004 || port > 2000 && port <= 2000+dropped || port == 1001 || port == 1002 || port == 1005) {
					t.Errorf("port %d is %s", port, p.state())
				}
			}
			t.Logf("%v: %v", o.took, count)
			if len(o.ports) != 65535 || count["open (syn-ack)"] != 1 || count["unknown (local-error)"] != 0 {
				t.Errorf("%d ports: %v", len(o.ports), count)
			}
			o.wantExit(t, job.ExitYes)
		})
	}
}
