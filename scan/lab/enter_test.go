package lab_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// refuseVar makes this test binary, started again in a user namespace, forbid
// itself all network namespaces before it asks for one.
const refuseVar = "LAB_TEST_REFUSE"

func TestMain(m *testing.M) {
	if os.Getenv(refuseVar) != "" {
		if err := os.WriteFile("/proc/sys/user/max_net_namespaces", []byte("0"), 0); err != nil {
			panic(err)
		}
	}
	os.Exit(labtest.Main(m))
}

// TestInside: nothing of the machine's network is here.
func TestInside(t *testing.T) {
	labtest.New(t)
	all, err := net.Interfaces()
	if err != nil || len(all) != 1 || all[0].Name != "lo" || all[0].Flags&net.FlagUp == 0 {
		t.Errorf("interfaces %v, %v; want lo alone, up", all, err)
	}
	if os.Geteuid() != 0 {
		t.Errorf("uid %d inside, want 0", os.Geteuid())
	}
	_, err = net.Dial("udp", "12.92.96.37:9")
	if !errors.Is(err, syscall.ENETUNREACH) {
		t.Errorf("dial: %v, want %v", err, syscall.ENETUNREACH)
	}
}

// TestRefused: where no namespace can be made, tests are skipped with the errno,
// and with LAB=1 they fail.
func TestRefused(t *testing.T) {
	labtest.New(t)
	again := func(env ...string) (string, error) {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestInside$", "-test.v")
		cmd.Env = append(os.Environ(), "SONDE_LAB=", "LAB=", refuseVar+"=1")
		cmd.Env = append(cmd.Env, env...)
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{Size: 1}},
		}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	proof := syscall.ENOSPC.Error() // user_namespaces(7): a limit was reached
	out, err := again()
	if err != nil || !strings.Contains(out, "--- SKIP: TestInside") || strings.Count(out, proof) < 2 {
		t.Errorf("want a skip that says %q, got %v\n%s", proof, err, out)
	}
	out, err = again("LAB=1")
	if err == nil || !strings.Contains(out, proof) {
		t.Errorf("LAB=1: want a failure that says %q, got %v\n%s", proof, err, out)
	}
}

// TestInsideIsProved: the environment alone convinces nobody.
func TestInsideIsProved(t *testing.T) {
	here, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	for _, env := range []string{"", here, "1"} {
		t.Setenv("SONDE_LAB", env)
		if lab.Inside() == nil {
			t.Errorf("inside with SONDE_LAB=%q", env)
		}
	}
}
