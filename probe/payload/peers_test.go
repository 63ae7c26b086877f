package payload

import (
	"bytes"
	"context"
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

	"golang.org/x/sys/unix"
)

// peer is a real server to ask. DIR in files, args and env stands for a
// directory of its own.
type peer struct {
	debian string // package
	path   string
	args   []string
	env    []string
	files  map[string]string
	ports  []uint16
	only4  bool
	root   bool // becomes another user, of whom a user namespace of ours has none
}

var peers = []peer{
	{
		debian: "dnsmasq-base", path: "/usr/sbin/dnsmasq", ports: []uint16{53, 69},
		args: []string{"--no-daemon", "--conf-file=DIR/conf", "--pid-file",
			"--no-resolv", "--no-hosts", "--log-facility=-", "--enable-tftp", "--tftp-root=DIR"},
		files: map[string]string{"conf": ""},
	},
	{
		debian: "unbound", path: "/usr/sbin/unbound", ports: []uint16{53},
		args: []string{"-d", "-p", "-c", "DIR/conf"},
		files: map[string]string{"conf": "server:\n interface: 127.0.0.1\n interface: ::1\n chroot: \"\"\n" +
			" username: \"\"\n directory: DIR\n use-syslog: no\n module-config: iterator\n" +
			"remote-control:\n control-enable: no\n"},
	},
	{
		debian: "atftpd", path: "/usr/sbin/atftpd", ports: []uint16{69}, only4: true,
		args: []string{"--daemon", "--no-fork", "--logfile", "-", "--user", "root", "--group", "root",
			"--bind-address", "127.0.0.1", "DIR"},
	},
	{
		debian: "chrony", path: "/usr/sbin/chronyd", ports: []uint16{123},
		args: []string{"-d", "-x", "-u", "root", "-f", "DIR/conf"},
		files: map[string]string{"conf": "local stratum 10\nallow\ncmdport 0\n" +
			"pidfile DIR/pid\nbindcmdaddress /\n"},
	},
	{
		debian: "snmpd", path: "/usr/sbin/snmpd", ports: []uint16{161},
		args:  []string{"-f", "-Lo", "-C", "-c", "DIR/conf", "-p", "DIR/pid", "udp:127.0.0.1:161", "udp6:[::1]:161"},
		env:   []string{"SNMP_PERSISTENT_DIR=DIR", "MIBS="},
		files: map[string]string{"conf": "rocommunity public\nrocommunity6 public\nsysDescr a test\n"},
	},
	{
		debian: "caddy", path: "/usr/bin/caddy", ports: []uint16{443},
		args: []string{"run", "--config", "DIR/conf", "--adapter", "caddyfile"},
		env:  []string{"HOME=DIR", "XDG_DATA_HOME=DIR", "XDG_CONFIG_HOME=DIR"},
		files: map[string]string{"conf": "{\n admin off\n skip_install_trust\n auto_https disable_redirects\n}\n" +
			"https://localhost {\n tls internal\n respond ok\n}\n"},
	},
	{
		debian: "strongswan-charon", path: "/usr/lib/ipsec/charon", ports: []uint16{500, 4500},
		env:   []string{"STRONGSWAN_CONF=DIR/conf"},
		files: map[string]string{"conf": "charon {\n load_modular = no\n}\n"},
	},
	{
		debian: "coturn", path: "/usr/bin/turnserver", ports: []uint16{3478},
		args: []string{"-n", "--listening-ip", "127.0.0.1", "--listening-ip", "::1", "--no-cli", "--no-tls",
			"--no-dtls", "--log-file", "stdout", "--pidfile", "DIR/pid", "--userdb", "DIR/db"},
	},
	{
		// It does not answer queries to ::1, though it does to other addresses.
		debian: "avahi-daemon", path: "/usr/sbin/avahi-daemon", ports: []uint16{5353}, only4: true, root: true,
		args: []string{"-f", "DIR/conf", "--no-drop-root", "--no-chroot", "--no-rlimits", "--no-proc-title"},
		files: map[string]string{"conf": "[server]\nenable-dbus=no\nallow-interfaces=lo\n" +
			"[wide-area]\nenable-wide-area=no\n[publish]\npublish-workstation=yes\n"},
	},
}

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

// TestPeers asks real servers: as many of these Debian packages as are
// installed, and with PEERS=1 all of them:
//
//	dnsmasq-base unbound atftpd chrony snmpd caddy strongswan-charon coturn avahi-daemon tshark
//
// They run in namespaces of their own, in which there is no network but the
// loopback interface, so that they reach nobody.
func TestPeers(t *testing.T) {
	if os.Getenv(insideNamespaces) == "" {
		runInNamespaces(t)
		return
	}
	prepareNamespaces(t)
	for _, p := range peers {
		t.Run(p.debian, func(t *testing.T) { testPeer(t, p) })
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
	cmd := exec.CommandContext(ctx, self, "-test.run=^"+t.Name()+"$", "-test.v")
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
// servers need: the loopback interface, /proc and an empty /run.
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
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		t.Fatalf("lo up: %v", err)
	}
}

// testPeer starts a server, asks it over both families until it answers, and
// ends it.
func testPeer(t *testing.T, p peer) {
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
	cmd := exec.Command(p.path)
	for _, a := range p.args {
		cmd.Args = append(cmd.Args, here(a))
	}
	cmd.Env = slices.Clone(os.Environ())
	for _, e := range p.env {
		cmd.Env = append(cmd.Env, here(e))
	}
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", p.path, &out)
		}
	}()
	for _, port := range p.ports {
		ask(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port))
		if !p.only4 {
			ask(t, netip.AddrPortFrom(netip.IPv6Loopback(), port))
		}
	}
}

// ask sends what For says to a port until an answer comes. The socket is not
// connected, so that answers from other ports come in too.
func ask(t *testing.T, to netip.AddrPort) {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(to.Addr(), 0)))
	if err != nil {
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
