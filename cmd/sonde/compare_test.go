package main

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"sonde/probe/wire"
	"sonde/scan/job"
)

// TestCompareRefuses: files that cannot be read, or compared, are one line and exit 4;
// nothing goes to stdout.
func TestCompareRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const header = "\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00"
	bare, more := file("bare", header), file("more", header)
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(bare, link); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		near, far, says string
		code            int
	}{
		{filepath.Join(dir, "none"), bare, "open " + filepath.Join(dir, "none") + ": no such file or directory", job.ExitLocal},
		{dir, bare, dir + " is a directory", job.ExitLocal},
		{bare, fifo, fifo + " is no regular file, and it must be read twice: write it to one first", job.ExitLocal},
		{bare, "/dev/null", "/dev/null is no regular file, and it must be read twice: write it to one first", job.ExitLocal},
		{file("empty", ""), bare, filepath.Join(dir, "empty") + " is empty", job.ExitLocal},
		{file("text", "hello, world"), bare, filepath.Join(dir, "text") + " is no pcap or pcapng file", job.ExitLocal},
		{bare, more, "nothing to compare: " + bare + " has no packets", job.ExitLocal},
		{bare, link, bare + " and " + link + " are the same file", job.ExitUsage},
	} {
		var out, errs bytes.Buffer
		cmd := exec.Command(program(t), "compare", "-o", "text", "-o", "json="+filepath.Join(dir, "json"), tt.near, tt.far)
		cmd.Stdout, cmd.Stderr = &out, &errs
		cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != tt.code || out.Len() > 0 || strings.TrimSpace(errs.String()) != "sonde: "+tt.says {
			t.Errorf("%s %s: exit %d, want %d; stdout %q, stderr %q, want %q", tt.near, tt.far, code, tt.code, &out, &errs, tt.says)
		}
		if _, err := os.Stat(filepath.Join(dir, "json")); err == nil {
			t.Errorf("%s %s: a file of records was begun", tt.near, tt.far)
		}
	}
}

// captures writes two captures of one SYN that arrived, of raw IP.
func captures(t *testing.T, dir string) (near, far string) {
	t.Helper()
	ip := wire.IP{Src: netip.MustParseAddr("10.1.0.1"), Dst: netip.MustParseAddr("10.2.0.1"), TTL: 64, ID: 77}
	packet := wire.AppendTCP(nil, &ip, &wire.TCP{Src: 61000, Dst: 80, Seq: 12345, Flags: wire.SYN, Window: 1024}, nil)
	for i, path := range []*string{&near, &far} {
		*path = filepath.Join(dir, []string{"near.pcap", "far.pcap"}[i])
		b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
		b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0)
		for _, v := range []uint32{1_790_000_000, uint32(i * 10_000), uint32(len(packet)), uint32(len(packet))} {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		if err := os.WriteFile(*path, append(b, packet...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return near, far
}

// TestCompareWrites: wherever a path leads, by links or to what is open already, it is
// written to when privileges are gone.
func TestCompareWrites(t *testing.T) {
	dir := t.TempDir()
	near, far := captures(t, dir)
	elsewhere := t.TempDir()
	there := filepath.Join(elsewhere, "there")
	for name, to := range map[string]string{"link": there, "dangling": filepath.Join(elsewhere, "new"), "relative": "../" + filepath.Base(elsewhere) + "/other", "folder": elsewhere} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(there, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	stranger := ""
	if os.Geteuid() == 0 && otherUsers() {
		stranger = "/dev/stdout of another user"
	}
	for _, tt := range []struct{ spec, stdout, written string }{
		{"json=" + filepath.Join(dir, "plain"), "", filepath.Join(dir, "plain")},
		{"json=" + filepath.Join(dir, "link"), "", there},
		{"json=" + filepath.Join(dir, "dangling"), "", filepath.Join(elsewhere, "new")},
		{"text=" + filepath.Join(dir, "relative"), "", filepath.Join(elsewhere, "other")},
		{"text=" + filepath.Join(dir, "folder", "in"), "", filepath.Join(elsewhere, "in")},
		{"json=/dev/stdout", "stdout", ""},
		{"json=/dev/fd/1", "stdout", ""},
		{"json=/proc/self/fd/1", "stdout", ""},
		{"text=/dev/stderr", "stdout", ""},
		{"json=/dev/stdout", stranger, ""},
		{"json=/dev/stdout", "pipe", ""},
		{"json=/proc/self/fd/1", "pipe", ""},
		{"json=/dev/null", "", "/dev/null"},
	} {
		var said bytes.Buffer
		cmd := exec.Command(program(t), "compare", "-o", tt.spec, near, far)
		cmd.Dir, cmd.Stderr = dir, &said
		to := ""
		switch tt.stdout {
		case "":
			if tt.written == "" {
				continue // there are no other users
			}
		case "pipe":
			cmd.Stdout = &said // which exec reads from a pipe
		default:
			open := filepath.Join(t.TempDir(), "open")
			if err := os.Mkdir(open, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(open, 0o777|os.ModeSticky); err != nil {
				t.Fatal(err)
			}
			to = filepath.Join(open, "to")
			f, err := os.Create(to)
			if err == nil && tt.stdout == stranger {
				err = f.Chown(nobody, nobody)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			cmd.Stdout = f
			if tt.spec == "text=/dev/stderr" {
				cmd.Stderr = f
			}
		}
		cmd.Run()
		text := said.String()
		if path := cmp.Or(tt.written, to); path != "" {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Errorf("-o %s, stdout %q: %v", tt.spec, tt.stdout, err)
			}
			text = string(b)
		}
		whole := strings.Contains(text, `"exit_reason":"compared"`) || strings.Contains(text, "Compared in ") || tt.written == "/dev/null"
		if code := cmd.ProcessState.ExitCode(); code != job.ExitYes || !whole {
			t.Errorf("-o %s, stdout %q: exit %d; %q, %s", tt.spec, tt.stdout, code, text, &said)
		}
	}
}

// TestCompareTells: of a capture that is cut it is said, as other commands do, beside the
// records, and in the first of them.
func TestCompareTells(t *testing.T) {
	near, far := captures(t, t.TempDir())
	b, err := os.ReadFile(far)
	if err == nil {
		err = os.WriteFile(far, append(b, b[24:50]...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	note := far + " ends in the middle of a packet: what stands before that is compared, 1 packets"
	for _, tt := range []struct{ args, stderr string }{
		{"-o json", "sonde: " + note + "\n"},
		{"-q -o json=/dev/stdout", ""},
	} {
		var out, errs bytes.Buffer
		cmd := exec.Command(program(t), append(append([]string{"compare"}, strings.Fields(tt.args)...), near, far)...)
		cmd.Stdout, cmd.Stderr = &out, &errs
		cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != job.ExitYes || errs.String() != tt.stderr || !strings.Contains(out.String(), note) {
			t.Errorf("%s: exit %d, stderr %q, want %q; %s", tt.args, code, &errs, tt.stderr, &out)
		}
	}
}

// traffic writes two captures of so many datagrams, each of a flow of its own, which
// arrive and are not answered.
func traffic(t *testing.T, dir string, n int) (near, far string) {
	t.Helper()
	var b []byte
	header := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	header = append(header, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0)
	ip := wire.IP{Dst: netip.MustParseAddr("10.2.0.1"), TTL: 64}
	paths := []string{filepath.Join(dir, "near.pcap"), filepath.Join(dir, "far.pcap")}
	for side, path := range paths {
		b = append(b[:0], header...)
		for i := range n {
			ip.Src = netip.AddrFrom4([4]byte{10, 1, byte(i >> 16), 1})
			text := binary.LittleEndian.AppendUint64(nil, uint64(i+1)*0x9e3779b97f4a7c15)
			at := uint32(i*20 + side*3000) // microseconds
			for _, v := range []uint32{1_790_000_000 + at/1e6, at % 1e6, 36, 36} {
				b = binary.LittleEndian.AppendUint32(b, v)
			}
			b = wire.AppendUDP(b, &ip, &wire.UDP{Src: uint16(i), Dst: 9}, text)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return paths[0], paths[1]
}

// TestCompareProgress: on a terminal it is shown how far it is, and taken away before
// anything else is written; q ends it.
func TestCompareProgress(t *testing.T) {
	t.Parallel()
	near, far := traffic(t, t.TempDir(), 400_000)
	shown, exit := atTerminal(t, "NO_COLOR=1", []string{"compare", near, far}, func(*os.File) {})
	if exit != job.ExitYes || !regexp.MustCompile(`compare: [0-9]+ %, [0-9]+ packets/s, [0-9]+ s left`).MatchString(shown) || !strings.Contains(shown, "Compared in ") {
		t.Errorf("exit %d, %q", exit, shown)
	}
	for _, words := range []string{"VERDICT", "CAPTURE"} {
		before, _, found := strings.Cut(shown, words)
		line := before[max(strings.LastIndex(before, "\n"), strings.LastIndex(before, "\x1b[K")+2)+1:]
		if !found || strings.TrimSpace(line) != "" {
			t.Errorf("%s stands behind %q", words, line)
		}
	}
	// Before anything is known it is over without a result, and else with a part of it.
	shown, exit = atTerminal(t, "NO_COLOR=1", []string{"compare", near, far}, func(m *os.File) { m.WriteString("q") })
	if part := strings.Contains(shown, "Interrupted: incomplete"); part && exit != job.ExitYes || !part && (exit != job.ExitSilence || strings.Contains(shown, "CAPTURE")) {
		t.Errorf("q: exit %d, %q", exit, shown)
	}
}
