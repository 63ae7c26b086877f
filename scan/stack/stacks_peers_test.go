package stack_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// needStacks skips the test unless other stacks are to be asked; then what makes them must
// be there.
func needStacks(t *testing.T, programs ...string) {
	t.Helper()
	if os.Getenv("PEERS") == "" {
		t.Skip("it asks other stacks: PEERS=1 runs it")
	}
	for _, p := range append(programs, "ip") {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatalf("PEERS=1, but %v (make test-peers names the Debian packages)", err)
		}
	}
}

// must runs a command of a host to its end.
func must(t *testing.T, c *lab.Cmd) {
	t.Helper()
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(c.Args, " "), err, out)
	}
}

// begun starts a command that writes "ready" when it is.
func begun(t *testing.T, c *lab.Cmd) {
	t.Helper()
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%s says %q: %v", c.Args[0], line, err)
	}
}

// named asks a host, and tells whether it is named at 90 % and more.
func named(t *testing.T, client *lab.Host, addr, family string) {
	t.Helper()
	answers, stats := ask(t, client, addr, 61999)
	// What just got its addresses is still told of by the kernel: then less leaves than there
	// are questions. And a program that is ready may not run yet.
	for n := 0; (answers.Heard() == 0 || stats.Sent < 14) && n < 10; n++ {
		answers, stats = ask(t, client, addr, 61999)
	}
	v := answers.Judge(nil)
	t.Logf("%d sent: %v", stats.Sent, answers.Features())
	if m := v.Match; m == nil || m.Family != family || m.InFamily < 0.9 {
		t.Errorf("%s: %+v, unknown %.3f, others %v, against %v", addr, m, v.Unknown, v.Others, v.Against)
	}
}

// TestGvisorPeers: gVisor's stack, in both families.
func TestGvisorPeers(t *testing.T) {
	needStacks(t, "go")
	labtest.Need(t)
	program := filepath.Join(t.TempDir(), "gvisor")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = "../../testdata/stacks/gvisor"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	client := labtest.New(t).Host("client")
	begun(t, client.Command(program, "tun7"))
	must(t, client.Command("ip", "addr", "add", "10.9.0.1/24", "dev", "tun7"))
	must(t, client.Command("ip", "addr", "add", "fd09::1/64", "dev", "tun7", "nodad"))
	must(t, client.Command("ip", "link", "set", "tun7", "up"))
	for _, addr := range []string{"10.9.0.2", "fd09::2"} {
		named(t, client, addr, "gVisor netstack")
	}
}

// TestLwIPPeers: lwIP as Debian builds it.
func TestLwIPPeers(t *testing.T) {
	needStacks(t, "gcc")
	program := filepath.Join(t.TempDir(), "lwip")
	if out, err := exec.Command("gcc", "-o", program, "-isystem", "/usr/include/lwip", "../../testdata/stacks/lwip/main.c", "-llwip", "-lpthread").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	client := labtest.New(t).Host("client")
	must(t, client.Command("ip", "tuntap", "add", "dev", "tap7", "mode", "tap"))
	must(t, client.Command("ip", "addr", "add", "10.9.0.1/24", "dev", "tap7"))
	must(t, client.Command("ip", "link", "set", "tap7", "up"))
	c := client.Command(program)
	c.Env = append(os.Environ(), "PRECONFIGURED_TAPIF=tap7")
	begun(t, c)
	named(t, client, "10.9.0.2", "lwIP")
}

// TestSlirpPeers: what slirp makes of a host's own port 80, from within.
func TestSlirpPeers(t *testing.T) {
	needStacks(t, "slirp4netns")
	n := labtest.New(t)
	host, client := n.Host("host"), n.Host("client")
	host.TCP(80)
	inside := client.Command("sleep", "60") // by whose number slirp4netns finds the namespace
	if err := inside.Start(); err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	c := host.Command("slirp4netns", "--configure", "--mtu=1500", "--ready-fd=3", strconv.Itoa(inside.Process.Pid), "tap7")
	c.ExtraFiles = []*os.File{write}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	read.SetReadDeadline(time.Now().Add(30 * time.Second))
	if n, err := read.Read(make([]byte, 1)); n != 1 {
		t.Fatalf("slirp4netns does not get ready: %v", err)
	}
	named(t, client, "10.0.2.2", "slirp")
}
