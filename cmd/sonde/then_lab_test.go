package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sonde/scan/lab/labtest"
	"sonde/scan/report"
)

// TestThenHasNothing: a command has no capability of sonde's and none of its sockets, and
// while it runs the process that asks is as locked in as without it.
func TestThenHasNothing(t *testing.T) {
	t.Parallel()
	labtest.Need(t)
	here, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	const asks = `sh -c 'cat /proc/self/status; ls -l /proc/self/fd; echo; echo ----; p=$(awk "/^PPid:/ {print \$2}" /proc/$PPID/status); cat /proc/$p/task/*/status'`
	for _, via := range []string{"raw", "connect"} {
		cmd := exec.Command(program(t), "tcp", "-PN", "--via", via, "-p", fmt.Sprint(here.Addr().(*net.TCPAddr).Port), "-o", "json", "--then", asks, "127.0.0.1")
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v\n%s", err, errs.String())
		}
		list := recordsOf[*report.Then](parseRecords(t, out.Bytes()))
		if len(list) != 1 {
			t.Fatalf("%d commands\n%s", len(list), out.String())
		}
		its, ours, ok := strings.Cut(list[0].Output, "----")
		if !ok || list[0].Exit != 0 {
			t.Fatalf("%+v", list[0])
		}
		user := "65534"
		if !otherUsers() {
			user = "0"
		}
		const none = "0000000000000000"
		for _, tt := range []struct {
			status string
			want   map[string]string
		}{
			{its, map[string]string{"CapEff": none, "CapPrm": none, "CapAmb": none, "CapInh": none, "Seccomp": "0", "Uid": user}},
			{ours, map[string]string{"CapEff": none, "CapPrm": none, "CapBnd": none, "CapAmb": none, "CapInh": none, "NoNewPrivs": "1", "Seccomp": "2", "Uid": user}},
		} {
			seen := map[string]int{}
			for line := range strings.Lines(tt.status) {
				key, value, _ := strings.Cut(line, ":")
				want, ok := tt.want[key]
				if !ok {
					continue
				}
				seen[key]++
				if f := strings.Fields(value); len(f) == 0 || f[0] != want {
					t.Errorf("--via %s: %s is %s, want %s", via, key, strings.TrimSpace(value), want)
				}
			}
			if len(seen) != len(tt.want) {
				t.Errorf("--via %s: %v were told of\n%s", via, seen, tt.status)
			}
		}
		if strings.Contains(its, "socket:") {
			t.Errorf("--via %s: it has sockets\n%s", via, its)
		}
	}
}

// TestThenIsInterrupted: Ctrl-C, and a deadline, end what runs, and nobody waits for it.
func TestThenIsInterrupted(t *testing.T) {
	t.Parallel()
	labtest.Need(t)
	for _, tt := range []struct {
		deadline string
		codes    []int
	}{{"2s", []int{0, 3}}, {"10m", []int{130}}} { // on a busy machine nobody may be found until the deadline
		cmd := exec.Command(program(t), "sweep", "--deadline", tt.deadline, "-o", "json", "--then", "sh -c 'sleep 3600 & sleep 3600'", "127.0.0.1")
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(out)
		var all []byte
		for !bytes.Contains(all, []byte(`"type":"host"`)) { // then the command runs, or is about to
			line, err := in.ReadBytes('\n')
			all = append(all, line...)
			if err != nil {
				break
			}
		}
		if tt.deadline == "10m" {
			cmd.Process.Signal(syscall.SIGINT)
		}
		rest, err := io.ReadAll(in)
		if err != nil {
			t.Error(err)
		}
		cmd.Wait()
		all = append(all, rest...)
		end := recordsOf[*report.End](parseRecords(t, all))
		if code := cmd.ProcessState.ExitCode(); !slices.Contains(tt.codes, code) || len(end) != 1 || end[0].Complete {
			t.Errorf("--deadline %s: exit %d\n%s", tt.deadline, code, all)
		}
	}
}
