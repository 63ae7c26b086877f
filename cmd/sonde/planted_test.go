package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sonde/scan/job"
	"sonde/scan/lab/labtest"
)

// TestPlanted: root writes nothing through what others have put where everybody may
// write, whatever it writes, and says so; what it makes there itself is its own.
func TestPlanted(t *testing.T) {
	t.Parallel()
	labtest.Need(t)
	if !otherUsers() {
		t.Skip("there are no other users here: see /proc/self/uid_map")
	}
	path := program(t)
	for _, flag := range []string{"-o json=", "-o text=", "--pcap ", "--resume "} {
		for _, kind := range []string{"link", "FIFO", "nothing"} {
			base := t.TempDir()
			open, secret := filepath.Join(base, "open"), filepath.Join(base, "secret")
			if err := os.Mkdir(open, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(open, 0o777|fs.ModeSticky); err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(open, "out")
			var err error
			switch kind {
			case "link":
				if err = os.WriteFile(secret, []byte("secret"), 0o600); err == nil {
					err = os.Symlink(secret, out)
				}
			case "FIFO":
				err = syscall.Mkfifo(out, 0o666)
			}
			if err == nil && kind != "nothing" {
				err = os.Lchown(out, nobody, nobody)
			}
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(path, strings.Fields("tcp -PN -q -p 1 --deadline 5s 127.0.0.1 "+flag+out)...)
			var errs bytes.Buffer
			cmd.Stderr = &errs
			cmd.Run()
			code := cmd.ProcessState.ExitCode()
			if kind == "nothing" {
				info, err := os.Lstat(out)
				if strings.HasSuffix(flag, "text=") && err == nil {
					continue
				}
				if private := strings.HasPrefix(flag, "--"); err != nil || code != job.ExitNo || private && info.Mode() != 0o600 {
					t.Errorf("%s: %v, %v, %v: %s", flag, cmd.ProcessState, info, err, errs.String())
				}
				continue
			}
			if code != job.ExitLocal || !strings.Contains(errs.String(), "directory that everybody may write to") || strings.Count(errs.String(), "\n") != 1 {
				t.Errorf("%s %s: %v: %q", flag, kind, cmd.ProcessState, errs.String())
			}
			if b, err := os.ReadFile(secret); kind == "link" && (err != nil || string(b) != "secret") {
				t.Errorf("%s: %q, %v", flag, b, err)
			}
		}
	}
}
