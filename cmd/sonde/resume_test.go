package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/report"
)

// errKilled is the cause of a run whose files were looked at when it ended: what
// they were then is what a run leaves that is killed.
var errKilled = errors.New("killed")

// killedRun runs words with --resume in dir until it has lasted so long, and
// leaves there what its files were then. It tells whether that was before its end.
func killedRun(t *testing.T, network, dir, words string, after time.Duration) (*simulated, bool) {
	t.Helper()
	kept, out := filepath.Join(dir, "kept"), filepath.Join(dir, "out")
	s := on(network, words+" -q --resume "+kept+" -o json="+out)
	killed := false
	s.cancel, s.cause = after, errKilled
	s.ending = func() {
		killed = true
		for _, name := range []string{kept, out} {
			b, err := os.ReadFile(name)
			if err == nil {
				err = os.WriteFile(name+".then", b, 0o600)
			}
			if err != nil {
				t.Error(err)
			}
		}
	}
	o := s.run(t)
	if killed {
		for _, name := range []string{kept, out} {
			if err := os.Rename(name+".then", name); err != nil {
				t.Fatal(err)
			}
		}
	}
	return o, killed
}

// finishedRun runs words with --resume in dir to its end.
func finishedRun(t *testing.T, network, dir, words string) *simulated {
	t.Helper()
	return on(network, words+" -q --resume "+filepath.Join(dir, "kept")+" -o json="+filepath.Join(dir, "out")).run(t)
}

// said is what records say of hosts that are up, and of ports; double counts the
// ports of which another record says the same.
func said(t *testing.T, b []byte) (m map[string]string, double int) {
	t.Helper()
	m = map[string]string{}
	for _, r := range parseRecords(t, b) {
		switch r := r.(type) {
		case *report.Host:
			if r.State == probe.Up {
				m[r.Addr.String()] = r.State.String()
			}
		case *report.Port:
			key, what := fmt.Sprint(r.Addr, " ", r.Port), fmt.Sprint(r.State, " ", r.Reason)
			if was, ok := m[key]; ok {
				double++
				if was != what {
					t.Errorf("%s is %s, and %s", key, was, what)
				}
			}
			m[key] = what
		}
	}
	return m, double
}

// populous is a network where everybody is there.
const populous = `
iface eth0 10.0.0.1/24 mac 02:00:00:00:00:01
	line delay 100us
route 0.0.0.0/0 via 10.0.0.254
router r1 10.0.0.254 mac 02:00:00:00:00:fe
path 10.16.0.0/23 r1
hosts 10.16.0.0/23
	line delay 200us
`

// TestResumeVirtual kills runs at 20 moments of them and goes on each time: all
// output together is that of a run that was never killed, so is the exit code, and
// nothing of which there is a record is asked again. Silence that was waited for is
// not asked for again either: flight bounds the packets for each kill beyond those
// of a run that was never killed, 0 does not.
func TestResumeVirtual(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		network, words string
		flight         int
	}{
		{"office.net", "tcp -PN -p 1-300 10.2.0.10 2001:db8:2::10", 0},
		{"office.net", "tcp -PN -p 1-300 --max-retries 1 10.2.0.10 2001:db8:2::10", 0},
		{"office.net", "tcp -p 1-50 10.2.0.0/24 2001:db8:2::/124", 0},
		{"office.net", "udp -p 1-200 10.2.0.10 2001:db8:2::10", 0},
		{"office.net", "sweep 10.2.0.0/24 2001:db8:2::/124", 0},
		{"lan.net", "sweep 10.0.0.0/24 2001:db8::/124", 0},
		{"lan.net", "sweep --expect up 10.0.0.1 10.0.0.2", 0},
		{"lan.net", "tcp --rate 500 -p 1-100 10.0.0.2 2001:db8::2", 0},
		{"lan.net", "tcp --seed 3 --shard 2/3 -p 1-100 10.0.0.2 2001:db8::2", 0},
		{"lan.net", "tcp -PN --rate 30 -p 1-1000 10.0.0.3", 2 * 30},
		{"lan.net", "udp -PN --rate 30 -p 1-500 10.0.0.3", 2 * 30},
		{"lan.net", "sweep -PE --rate 30 198.18.0.0/24 2001:db8:9::/121", 2 * 30},
		{"lan.net", "tcp -PN --rate 2000 -p 1000-6999 10.0.0.2", 6000/100/20 + 4}, // 1 % in 20 kills, and what leaves together
		{populous, "sweep -PE --rate 700 10.16.0.0/23", 2},                        // the router's address, too
	} {
		t.Run(tt.words, func(t *testing.T) {
			plain := on(tt.network, tt.words+" -o json").run(t)
			want, _ := said(t, []byte(plain.stdout))
			rng := rand.New(rand.NewPCG(7, 8))
			dir := t.TempDir()
			packets, kills := 0, 0
			for range 20 {
				after := time.Duration(1 + rng.Int64N(int64(plain.elapsed/4)))
				o, killed := killedRun(t, tt.network, dir, tt.words, after)
				for i := range o.sent {
					if o.sent[i].at < after {
						packets++
					}
				}
				if killed {
					kills++
				}
			}
			last := finishedRun(t, tt.network, dir, tt.words)
			packets += len(last.sent)
			b, err := os.ReadFile(filepath.Join(dir, "out"))
			if err != nil {
				t.Fatal(err)
			}
			got, double := said(t, b)
			records := 0
			for key, what := range want {
				if got[key] != what {
					t.Errorf("%s is %q, want %q", key, got[key], what)
				}
			}
			for key, what := range got {
				if strings.Contains(key, " ") {
					records++
				}
				if want[key] == "" {
					t.Errorf("%s is %q, of which an uninterrupted run says nothing", key, what)
				}
			}
			if last.code != plain.code {
				t.Errorf("exit %d, of an uninterrupted run %d", last.code, plain.code)
			}
			t.Logf("%d kills; %d records of ports, %d double; %d packets, of an uninterrupted run %d",
				kills, records, double, packets, len(plain.sent))
			if double > records/100 {
				t.Errorf("of %d ports %d have two records", records, double)
			}
			if most := len(plain.sent) + kills*tt.flight; tt.flight > 0 && packets > most {
				t.Errorf("%d packets, want no more than %d", packets, most)
			}
			if o := finishedRun(t, tt.network, dir, tt.words); len(o.sent) > 0 || o.code != plain.code {
				t.Errorf("a finished job was gone on with: %d packets left, exit %d, want none and %d", len(o.sent), o.code, plain.code)
			}
		})
	}
}
