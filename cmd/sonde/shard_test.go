package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/scan/job"
)

// TestShards: for any number of shards, more than there are questions too, what
// they say together is what one run says, no two say the same, and they are equal to
// one question, or where hosts are looked for first, to one host.
func TestShards(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		network, words string
		units, each    int  // what is dealt out, and how many questions one is
		hosts          bool // hosts are
	}{
		{"lan.net", "tcp -PN -p 1-5 10.0.0.2 2001:db8::2", 10, 1, false},
		{"office.net", "tcp -p 79,80,443 10.2.0.9 10.2.0.10 2001:db8:2::10", 9, 1, false},
		{"office.net", "udp -PN -p 53,67,123 10.2.0.10-10.2.0.12 2001:db8:2::10", 12, 1, false},
		{"lan.net", "tcp -p 22,80 10.0.0.0/29 2001:db8::/126 127.0.0.1", 13, 2, true},
		{"lan.net", "sweep 10.0.0.0/29 2001:db8::/126 198.51.100.0/31 127.0.0.1", 15, 1, true},
		{"lan.net", "sweep -v -PE 10.0.0.0/29 2001:db8::/126", 12, 1, true},
	} {
		t.Run(tt.words, func(t *testing.T) {
			whole := spoken(on(tt.network, tt.words+" -o json").run(t))
			for n := 1; n <= tt.units+3; n++ {
				seen := map[string]int{}
				least, most, sum := 1<<30, 0, 0
				for i := 1; i <= n; i++ {
					o := on(tt.network, fmt.Sprintf("%s --seed 11 --shard %d/%d -o json", tt.words, i, n)).run(t)
					if scan := o.scan(); scan.Shard != uint64(i) || scan.Shards != uint64(n) {
						t.Errorf("%d/%d: the scan record has shard %d of %d", i, n, scan.Shard, scan.Shards)
					}
					for _, s := range spoken(o) {
						seen[s]++
					}
					size := int(o.scan().Probes) / tt.each
					least, most, sum = min(least, size), max(most, size), sum+size
					if size == 0 {
						wantIdle(t, o, fmt.Sprintf("%d/%d", i, n))
					}
				}
				if most-least > 1 || sum != tt.units {
					t.Errorf("%d shards have %d to %d of %d, together %d", n, least, most, tt.units, sum)
				}
				for _, s := range whole {
					if seen[s] == 0 {
						t.Errorf("none of %d shards says %s", n, s)
					}
				}
				for s, times := range seen {
					if times != 1 && (tt.hosts || strings.Contains(s, "port")) {
						t.Errorf("%d of %d shards say %s", times, n, s)
					}
					if !slices.Contains(whole, s) {
						t.Errorf("one of %d shards says %s, the whole does not", n, s)
					}
				}
			}
		})
	}
}

// spoken are the ports and hosts that a run tells of, with their states.
func spoken(o *simulated) []string {
	var list []string
	for _, p := range o.ports() {
		list = append(list, fmt.Sprint("port ", p.Addr, " ", p.Port, " ", p.State))
	}
	for _, h := range o.hosts() {
		if h.State == probe.Up { // of others a shard hears less
			list = append(list, fmt.Sprint("host ", h.Addr, " up"))
		}
	}
	return list
}

// wantIdle fails unless a shard without a question sent nothing, said so, and is
// neither a yes nor a failure.
func wantIdle(t *testing.T, o *simulated, shard string) {
	t.Helper()
	if len(o.sent) > 0 || o.code != job.ExitSilence || o.end().ExitReason != "nothing to ask" || !o.end().Complete {
		t.Errorf("%s: %d packets left, exit %d, %+v", shard, len(o.sent), o.code, o.end())
	}
	if want := "sonde: shard " + shard + " has nothing to ask: there are more shards than questions\n"; o.stderr != want {
		t.Errorf("%s: stderr is %q, want %q", shard, o.stderr, want)
	}
}

// TestIdleShardIsAsExpected: of nothing, all is as expected.
func TestIdleShardIsAsExpected(t *testing.T) {
	for i := range 3 {
		o := on("lan.net", fmt.Sprintf("tcp -PN -q --expect open --seed 1 --shard %d/3 -p 22 10.0.0.2", i+1)).run(t)
		if o.code != job.ExitYes {
			t.Errorf("shard %d: exit %d", i+1, o.code)
		}
	}
}

// TestShardsOfDryRun: a dry run shows the questions of its shard.
func TestShardsOfDryRun(t *testing.T) {
	for _, words := range []string{"tcp -PN -p 1-5 10.0.0.2 2001:db8::2", "sweep -PE 10.0.0.0/29 2001:db8::/126"} {
		lines := func(more string) int {
			o := on("lan.net", words+" --dry-run --seed 4"+more).run(t)
			return strings.Count(o.stdout, "\n")
		}
		whole, sum := lines(""), 0
		for i := range 20 {
			sum += lines(fmt.Sprintf(" --shard %d/20", i+1))
		}
		if whole == 0 || sum != whole {
			t.Errorf("%s: 20 shards show %d questions, the whole %d", words, sum, whole)
		}
	}
}

// TestShardOfHostsShowsWhatItLooksAt: in the text, a shard counts its own addresses.
func TestShardOfHostsShowsWhatItLooksAt(t *testing.T) {
	o := on("lan.net", "sweep --seed 1 --shard 2/4 10.0.0.0/28").run(t)
	if !strings.HasPrefix(o.stdout, "Shard 2 of 4\n") || !strings.Contains(o.stdout, "\n4 addresses: ") {
		t.Errorf("%s", o.stdout)
	}
}
