package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sonde/scan/lab/labtest"
)

// TestNothingIsKept: while strangers talk, no thread of a run that root started may
// do anything that others may not, nor get it back; where no file is to be named
// later, it is not even root's.
func TestNothingIsKept(t *testing.T) {
	t.Parallel()
	labtest.Need(t)
	path := program(t)
	talker, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer talker.Close()
	go func() {
		for {
			c, err := talker.Accept()
			if err != nil {
				return
			}
			go func() { // a greeting that comes slowly
				defer c.Close()
				for range 100 {
					if _, err := c.Write([]byte("220")); err != nil {
						return
					}
					time.Sleep(50 * time.Millisecond)
				}
			}()
		}
	}()
	port := fmt.Sprint(talker.Addr().(*net.TCPAddr).Port)
	dir := t.TempDir()
	const none, override, bind = "0000000000000000", "0000000000000002", "0000000000000400"
	for _, tt := range []struct {
		words string
		keeps string
		root  bool
	}{
		{"tcp -PN --rate 200 -p 1-2000 127.0.0.1", none, false},
		{"tcp -PN --rate 200 -p 1-2000 ::1", none, false},
		{"tcp -PN --rate 200 -p 1-2000 127.0.0.1 -o json=" + dir + "/json --pcap " + dir + "/pcap", none, false},
		{"tcp --via connect -PN --rate 200 -p 1-2000 127.0.0.1", none, false},
		{"tcp --via connect -PN --rate 200 -p 1-2000 127.0.0.1 -o json=" + dir + "/json2", none, false},
		{"udp --via connect -PN --rate 100 -p 1-2000 127.0.0.1", none, false},
		{"udp --via connect -PN -g 53 --rate 100 -p 1-2000 127.0.0.1", bind, false},
		{"udp -PN --rate 100 -p 1-2000 ::1", none, false},
		{"sweep --rate 20 127.0.0.0/24", none, false},
		{"sweep --via connect --rate 20 127.0.0.0/24", none, false},
		{"fp -PN -p " + port + " 127.0.0.1", none, false},
		{"fp --via connect -PN -p " + port + " 127.0.0.1", none, false},
		{"tcp -PN --rate 200 -p 1-2000 127.0.0.1 --resume " + dir + "/kept", override, true},
		{"tcp --via connect -PN --rate 200 -p 1-2000 127.0.0.1 --resume " + dir + "/kept2", override, true},
		{"tcp --via connect -PN --rate 200 -p 1-2000 127.0.0.1 -o text=" + dir + "/text", override, true},
	} {
		t.Run(tt.words, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(path, strings.Fields(tt.words+" --deadline 20s")...)
			var errs buffer
			cmd.Stderr = &errs
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Wait()
			defer cmd.Process.Kill()
			user := "65534"
			if tt.root || !otherUsers() {
				user = "0"
			}
			want := map[string]string{"CapEff": tt.keeps, "CapPrm": tt.keeps, "CapBnd": none, "CapAmb": none, "CapInh": none, "NoNewPrivs": "1", "Seccomp": "2", "Uid": user}
			var wrong string
			eventually(t, "privileges given up", func() bool {
				var n int
				n, wrong = threads(t, cmd.Process.Pid, want)
				return n > 0 && wrong == ""
			})
			for range 5 { // and new threads are no better
				time.Sleep(50 * time.Millisecond)
				if n, now := threads(t, cmd.Process.Pid, want); n > 0 && now != "" {
					wrong = now
				}
			}
			if wrong != "" || errs.String() != "" {
				t.Errorf("%s %s", wrong, errs.String())
			}
		})
	}
}

// threads counts the threads of a process, and tells what is not as wanted in their
// states.
func threads(t *testing.T, pid int, want map[string]string) (n int, wrong string) {
	t.Helper()
	states, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range states {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		n++
		for line := range strings.Lines(string(b)) {
			key, value, _ := strings.Cut(line, ":")
			if w, ok := want[key]; ok && strings.Fields(value)[0] != w {
				wrong += fmt.Sprintf("%s: %s is %s, want %s\n", name, key, strings.TrimSpace(value), w)
			}
		}
	}
	return n, wrong
}
