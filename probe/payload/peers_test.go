package payload

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// insideNamespaces is set in the environment of the process that runs in
// namespaces of its own; its value says who made them.
const (
	insideNamespaces = "PEERS_INSIDE_NAMESPACES"
	asRoot           = "root"
	asUser           = "user"
)

// skipPeers skips a test for want of something on this machine. Where PEERS=1
// promises that everything is there, that is a failure.
func skipPeers(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("PEERS") == "1" {
		t.Fatalf("PEERS=1, but "+format, args...)
	}
	t.Skipf(format, args...)
}

// TestPeers asks real servers: those of the list peers whose Debian packages are
// installed, and with PEERS=1 all of them.
//
// They run in namespaces of their own, in which there is no network but the
// loopback interface and a link to ourselves, so that they reach nobody else.
func TestPeers(t *testing.T) {
	if os.Getenv(insideNamespaces) == "" {
		runInNamespaces(t)
		return
	}
	prepareNamespaces(t)
	l := newLink(t)
	for _, p := range peers {
		t.Run(p.debian, func(t *testing.T) { testPeer(t, p, l) })
	}
}

// runInNamespaces runs the calling test again in new namespaces: of users if we
// are not root, and of processes, so that no server outlives the test.
func runInNamespaces(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	only := "^" + t.Name() + "$"
	if _, server, ok := strings.Cut(flag.Lookup("test.run").Value.String(), "/"); ok {
		only += "/" + server
	}
	cmd := exec.CommandContext(ctx, self, "-test.run="+only, "-test.v")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID}
	maker := asRoot
	if os.Geteuid() != 0 {
		maker = asUser
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	cmd.Env = append(os.Environ(), insideNamespaces+"="+maker)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		skipPeers(t, "no namespaces can be made here: %v", err)
	}
	err = cmd.Wait()
	t.Logf("in namespaces:\n%s", &out)
	if err != nil {
		t.Error(err)
	}
}

// prepareNamespaces makes sure that we are where we think, and sets up what
// servers need: the loopback interface, a link for those that serve no loopback,
// /proc and an empty /run.
func prepareNamespaces(t *testing.T) {
	t.Helper()
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagUp != 0 {
			t.Fatalf("%s is up: not a new network namespace", i.Name)
		}
	}
	for _, m := range []struct {
		source, target, kind string
		flags                uintptr
	}{
		{"none", "/", "", unix.MS_REC | unix.MS_PRIVATE},
		{"proc", "/proc", "proc", 0},
		{"tmpfs", "/run", "tmpfs", 0},
	} {
		if err := unix.Mount(m.source, m.target, m.kind, m.flags, ""); err != nil {
			skipPeers(t, "nothing can be mounted on %s in a namespace of our own: %v", m.target, err)
		}
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		t.Fatalf("lo up: %v", err)
	}
}

// testPeer starts a server, asks it over both families until it answers, and
// ends it.
func testPeer(t *testing.T, p peer, l link) {
	if p.root && os.Getenv(insideNamespaces) != asRoot {
		skipPeers(t, "%s runs only as root", p.path)
	}
	if _, err := os.Stat(p.path); err != nil {
		skipPeers(t, "%v (Debian package %s)", err, p.debian)
	}
	dir, err := os.MkdirTemp("/run", "peer") // short enough for the path of a Unix socket
	if err != nil {
		t.Fatal(err)
	}
	here := func(s string) string { return strings.ReplaceAll(s, "DIR", dir) }
	for name, text := range p.files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(here(text)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env := slices.Clone(os.Environ())
	for _, e := range p.env {
		env = append(env, here(e))
	}
	if len(p.first) > 0 {
		cmd := exec.Command(p.first[0])
		for _, a := range p.first[1:] {
			cmd.Args = append(cmd.Args, here(a))
		}
		cmd.Dir, cmd.Env = dir, env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", p.first, err, out)
		}
	}
	cmd := exec.Command(p.path)
	for _, a := range p.args {
		cmd.Args = append(cmd.Args, here(a))
	}
	cmd.Dir, cmd.Env = dir, env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	stdin, err := cmd.StdinPipe() // some end with their input
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		stdin.Close()
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", p.path, &out)
		}
	}()
	at4, at6, listen := netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback(), func(f func() error) error { return f() }
	if p.link {
		at4, at6, listen = link4, link6, l.inside
	}
	for _, port := range p.ports {
		ask(t, netip.AddrPortFrom(at4, port), listen)
		if !p.only4 {
			ask(t, netip.AddrPortFrom(at6, port), listen)
		}
	}
}

// ask sends what For says to a port until an answer comes. The socket is not
// connected, so that answers from other ports come in too. It is made by listen.
func ask(t *testing.T, to netip.AddrPort, listen func(func() error) error) {
	t.Helper()
	network := "udp4"
	if to.Addr().Is6() {
		network = "udp6"
	}
	var conn *net.UDPConn
	if err := listen(func() (err error) {
		conn, err = net.ListenUDP(network, nil)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p := For(to.Port())
	question := p.Append(nil, testID)
	buffer := make([]byte, 65536)
	const tries, wait = 50, 200 * time.Millisecond // for the server to get ready
	for try := range tries {
		if _, err := conn.WriteToUDPAddrPort(question, to); err != nil {
			t.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(wait))
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				continue
			}
			t.Fatal(err)
		}
		answer := buffer[:n]
		what := fmt.Sprintf("%s: %d bytes to %v, %d bytes from %v", p.Name, len(question), to, n, from)
		if from.Addr() != to.Addr() || (from.Port() == to.Port()) == p.NewPort {
			t.Errorf("%s: another address, or NewPort is wrong", what)
		}
		if !p.Match(testID, answer) {
			t.Errorf("%s do not match: % x", what, answer)
		}
		if p.Bits > 0 && p.Match(testID^1, answer) {
			t.Errorf("%s match another identifier too: % x", what, answer)
		}
		t.Logf("%s, try %d", what, try+1)
		return
	}
	t.Fatalf("%s: no answer from %v in %v", p.Name, to, tries*wait)
}
