package link

import (
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"kernel.org/pub/linux/libs/security/libcap/cap"

	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/lab/labtest"
	"sonde/scan/sandbox"
)

// child names the part of a test that runs in a process of its own, since what
// it gives up is gone for good.
const child = "SONDE_LINK_TEST_CHILD"

// inChild runs body in a process of its own, which runs the same test, of that
// name, again.
func inChild(t *testing.T, name string, body func()) {
	t.Helper()
	labtest.Need(t)
	if os.Getenv(child) == name {
		body()
		return
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+name+"$", "-test.v")
	cmd.Env = append(os.Environ(), child+"="+name)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestPrivileges goes down the stairs: permitted but not effective, in use,
// dropped.
func TestPrivileges(t *testing.T) {
	inChild(t, "TestPrivileges", func() { stairs(t) })
}

func stairs(t *testing.T) {
	set := cap.GetProc()
	if err := set.ClearFlag(cap.Effective); err != nil {
		t.Fatal(err)
	}
	if err := set.SetProc(); err != nil {
		t.Fatal(err)
	}
	if _, err := newSocket(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_RAW); !errors.Is(err, syscall.EPERM) {
		t.Fatalf("without the effective bit: %v", err)
	}
	if err := Permitted(); err != nil {
		t.Fatalf("raised: %v", err)
	}
	home := netip.MustParseAddr("127.0.0.1")
	tab, err := NewTable(slices.Values(ranges(t, "127.0.0.1")), nil, RouteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(tab, Needs{V4: true, TCP: true}, Options{Start: start})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := sandbox.Enter(sandbox.Policy{Nobody: sandbox.StayUser, Keep: []cap.Value{cap.DAC_OVERRIDE}}); err != nil {
		t.Fatal(err)
	}
	if has, _ := cap.GetProc().GetFlag(cap.Effective, cap.DAC_OVERRIDE); !has {
		t.Error("what was to be kept is gone")
	}
	if _, err := sandbox.Enter(sandbox.Policy{Nobody: sandbox.OtherGroup}); err != nil {
		t.Fatal(err)
	}
	if now := cap.GetProc().String(); now != "=" {
		t.Errorf("left: %s", now)
	}
	if err := Permitted(); !errors.Is(err, syscall.EPERM) {
		t.Errorf("Permitted after Drop: %v", err)
	}
	// All threads have dropped them, new ones, too; open sockets go on.
	done := make(chan error)
	for range 8 {
		go func() {
			_, err := newSocket(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_RAW)
			time.Sleep(10 * time.Millisecond)
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; !errors.Is(err, syscall.EPERM) {
			t.Errorf("a thread may still: %v", err)
		}
	}
	if n, err := sendOne(l, tcp(tab, home, 9, wire.SYN, nil)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if _, w := receive(t, l, waits, func(_ *scan.Packet, w *wire.Packet) bool { return w.TCP.Flags&wire.RST != 0 }); w == nil {
		t.Error("no answer through the open socket")
	}
}
