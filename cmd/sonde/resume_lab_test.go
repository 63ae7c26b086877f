package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sonde/scan/lab"
)

// TestResumeKilled kills the program with SIGKILL at 20 random moments and goes on
// each time: all output together is that of a run that was never killed, and of what
// answers at most 1 % is asked twice.
func TestResumeKilled(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	const hosts = 400
	var addrs []string
	for i := range hosts {
		addrs = append(addrs, fmt.Sprintf("10.3.%d.%d/32", i/256, i%256), fmt.Sprintf("fd03::%x/128", i))
	}
	n.server.Addr("lo", addrs...)
	for _, network := range []string{"10.3.0.0/23", "fd03::/119"} {
		via := families()[0].server
		if netip.MustParsePrefix(network).Addr().Is6() {
			via = families()[1].server
		}
		n.router.Route(network, via)
		n.server.Route(network, "blackhole") // nobody else is there
	}
	n.server.TCP(22, 80, 443, 12000)
	fw := n.server.Firewall(
		lab.Rule{Proto: "tcp", Dport: "5901-6000,15901-16000", Do: lab.Drop},
		lab.Rule{Name: "asked4", Proto: "tcp", Dport: "1-5900", Flags: "S", Do: lab.Count},
		lab.Rule{Name: "asked6", Proto: "tcp", Dport: "10001-15900", Flags: "S", Do: lab.Count},
		lab.Rule{Name: "pinged4", Proto: "icmp", ICMPType: "8", Do: lab.Count},
		lab.Rule{Name: "pinged6", Proto: "icmpv6", ICMPType: "128", Do: lab.Count})
	for i, tt := range []struct {
		line, counter string
		answers       uint64
	}{
		{"tcp -PN --rate 2000 -p 1-6000 10.2.0.10", "asked4", 5900},
		{"tcp -PN --rate 2000 -p 10001-16000 fd02::10", "asked6", 5900},
		{"sweep --rate 700 10.3.0.0/23", "pinged4", hosts},
		{"sweep --rate 700 fd03::/119", "pinged6", hosts},
	} {
		t.Run(strings.ReplaceAll(tt.line, "/", "|"), func(t *testing.T) {
			t.Parallel()
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			dir := t.TempDir()
			args := append(strings.Fields(tt.line), "-q", "--resume", filepath.Join(dir, "kept"), "-o", "json="+filepath.Join(dir, "out"))
			for range 20 {
				killAfter(t, n.client.Command(program(t), args...), time.Duration(30+rng.IntN(200))*time.Millisecond)
			}
			last := finish(t, n.client.Command(program(t), args...), args)
			asked := fw.Count(tt.counter)
			b, err := os.ReadFile(filepath.Join(dir, "out"))
			if err != nil {
				t.Fatal(err)
			}
			got, double := said(t, b)
			args = append(strings.Fields(tt.line), "-q", "-o", "json="+filepath.Join(dir, "whole"))
			whole := finish(t, n.client.Command(program(t), args...), args)
			if b, err = os.ReadFile(filepath.Join(dir, "whole")); err != nil {
				t.Fatal(err)
			}
			want, _ := said(t, b)
			for key := range want {
				if got[key] != want[key] {
					t.Errorf("%s is %q, want %q", key, got[key], want[key])
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d ports and hosts, want %d", len(got), len(want))
			}
			if last.exit != whole.exit {
				t.Errorf("exit %d, of an uninterrupted run %d", last.exit, whole.exit)
			}
			t.Logf("%d questions for %d answers; %d ports have two records", asked, tt.answers, double)
			if asked < tt.answers || asked > tt.answers+tt.answers/100 {
				t.Errorf("%d questions for %d answers", asked, tt.answers)
			}
			if double > len(want)/100 {
				t.Errorf("%d of %d ports have two records", double, len(want))
			}
		})
	}
}

// killAfter starts cmd and sends it SIGKILL when it has run so long.
func killAfter(t *testing.T, cmd *lab.Cmd, after time.Duration) {
	t.Helper()
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
	defer timer.Stop()
	cmd.Wait() // how it ended does not matter
	if errs.Len() > 0 {
		t.Errorf("after %v: %s", after, errs.String())
	}
}
