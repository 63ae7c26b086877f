package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// TestMemory: one port of a /16 takes no more than 32 MiB, of everything: the
// program, its window, and the ring that answers come through. Where nobody answers
// all questions are in the window at once.
func TestMemory(t *testing.T) {
	client := crowd(t, lab.Answers{Range: netip.MustParsePrefix("10.128.0.0/16"), Alive: 0.05, Open: []uint16{443}})
	for _, tt := range []struct {
		name, targets string
		exit          int
	}{{"answered", "10.128.0.0/16", 0}, {"silent", "10.2.0.0/16", 3}, {"silent IPv6", "fd02::/112", 3}} {
		t.Run(tt.name, func(t *testing.T) {
			m := measure(t, client, "tcp", "-T5", "-PN", "--open", "-p", "443", tt.targets)
			for range 3 { // the collector, too, is late on a busy machine
				if m.most <= 32<<10 {
					break
				}
				t.Logf("%d KiB", m.most)
				m = measure(t, client, "tcp", "-T5", "-PN", "--open", "-p", "443", tt.targets)
			}
			m.within(t, 32, tt.exit)
		})
	}
}

// TestMemoryOfOutputs: what is held is of the hosts under way, however many there are and
// whatever is written of them, also where one port of each stays silent. Beside them
// there is a ring of 16 MiB. On a busy machine, whose reader of outputs is late, it is
// twice what it is on a quiet one.
func TestMemoryOfOutputs(t *testing.T) {
	client := crowd(t, lab.Answers{Range: netip.MustParsePrefix("10.128.0.0/16"), Alive: 1, OpenShare: 0.5, Dropped: true})
	for _, out := range outputs {
		t.Run(out.name, func(t *testing.T) {
			args := append([]string{"tcp", "-T5", "-PN", "-p", "1-4", "10.128.0.0/16"}, out.args...)
			measure(t, client, args...).within(t, 400, 0)
		})
	}
}

// TestMemoryOfLists: two million single addresses, of which none is next to another, are
// held as numbers, and as the words of the list.
func TestMemoryOfLists(t *testing.T) {
	client := crowd(t, lab.Answers{Range: netip.MustParsePrefix("10.128.0.0/9"), Alive: 0})
	var list []byte
	for i := range uint32(2_000_000) {
		a := netip.AddrFrom4([4]byte{10, byte(128 + i>>15), byte(i >> 7), byte(2 * i)})
		list = append(a.AppendTo(list), '\n')
	}
	file := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(file, list, 0o600); err != nil {
		t.Fatal(err)
	}
	m := measure(t, client, "tcp", "-q", "-p", "443", "--rate", "1", "--deadline", "2s", "-i", file)
	m.within(t, 300, 3)
}

// BenchmarkOutputs measures what large scans take of memory and of the processor, by what
// is written of them: nine closed ports of a /16, and one of a /12. The processor's time
// is for each packet sent; that of the kernel, which answers, is among it.
func BenchmarkOutputs(b *testing.B) {
	client := crowd(b, lab.Answers{Range: netip.MustParsePrefix("10.128.0.0/9"), Alive: 1})
	for _, job := range []struct {
		name    string
		packets int
		args    []string
	}{
		{"16x9", 9 << 16, []string{"-T5", "-p", "1-9", "10.128.0.0/16"}},
		{"12x1", 1 << 20, []string{"-T5", "-p", "1", "10.144.0.0/12"}},
		{"2000-a-second", 1 << 13, []string{"--rate", "2000", "-p", "1", "10.128.0.0/19"}},
	} {
		for _, out := range outputs {
			b.Run(job.name+"/"+out.name, func(b *testing.B) {
				for b.Loop() {
					m := measure(b, client, slices.Concat([]string{"tcp", "-PN"}, job.args, out.args)...)
					if m.exit != 1 {
						b.Fatalf("exit %d", m.exit)
					}
					b.ReportMetric(float64(m.most)/1024, "MiB")
					b.ReportMetric(float64(m.cpu.Microseconds())/float64(job.packets), "µs/packet")
				}
			})
		}
	}
}

// outputs are what a scan may write, to nowhere.
var outputs = []struct {
	name string
	args []string
}{
	{"quiet", []string{"-q"}},
	{"text", []string{"-o", "text"}},
	{"json", []string{"-o", "json"}},
	{"both", []string{"-o", "text", "-o", "json=/dev/null"}},
	{"sorted", []string{"-o", "xml", "-o", "csv=/dev/null"}},
	{"page", []string{"-o", "html"}},
}

// crowd is a host of a network in which a crowd answers.
func crowd(t testing.TB, how lab.Answers) *lab.Host {
	t.Helper()
	labtest.NeedXDP(t)
	n := labtest.New(t)
	client, server := n.Host("client"), n.Host("server")
	n.Link(client, server, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	client.Default("10.1.0.2", "fd01::2")
	server.Answer("eth0", how)
	return client
}

// measurement is what a run of the program took.
type measurement struct {
	exit int
	most int // KiB of memory
	cpu  time.Duration
}

// measure runs the program, without anybody to read what it writes.
func measure(t testing.TB, h *lab.Host, args ...string) (m measurement) {
	t.Helper()
	cmd := h.Command(program(t), args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		cmd.Wait() // how it ended is in ProcessState
	}()
	m.most = mostMemory(cmd.Process.Pid, done)
	m.exit, m.cpu = cmd.ProcessState.ExitCode(), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	return m
}

// within fails if more than so many MiB were in use.
func (m measurement) within(t *testing.T, limit, exit int) {
	t.Helper()
	t.Logf("%d KiB, %v of a processor", m.most, m.cpu)
	if m.exit != exit {
		t.Errorf("exit %d, want %d", m.exit, exit)
	}
	if m.most == 0 || m.most > limit<<10 {
		t.Errorf("%d KiB, want %d MiB at most", m.most, limit)
	}
}

// mostMemory returns how much memory a process ever had in use, in KiB, as the
// kernel tells it until the process has ended, or shortly before. What wait4(2)
// tells is no less than the memory of whoever started the process.
func mostMemory(pid int, ended <-chan struct{}) (most int) {
	for {
		select {
		case <-ended:
			return most
		case <-time.After(time.Millisecond):
		}
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // it may have ended just now
		if _, rest, ok := strings.Cut(string(b), "\nVmHWM:"); ok {
			fmt.Sscan(rest, &most)
		}
	}
}
