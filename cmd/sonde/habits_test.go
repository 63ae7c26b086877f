package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHabits: what people type who know other tools gets the line that says the same
// here, and that line works.
func TestHabits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hosts"), []byte("127.0.0.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const h = "127.0.0.1"
	for _, tt := range []struct{ typed, want string }{
		// No command, or another word for one.
		{"tpc -p 1 H", "tcp -p 1 H"},
		{"swep H", "sweep H"},
		{"trcae H", "trace H"},
		{"H", "tcp H"},
		{"H 80", "tcp -p 80 H"},
		{"127.0.0.0/30", "tcp 127.0.0.0/30"},
		{"-A -p 1 H", "fp -p 1 H"},
		{"-sn 127.0.0.0/30", "sweep 127.0.0.0/30"},
		{"-sS -p 1 H", "tcp -sS -p 1 H"},
		{"-sU -p 53 H", "udp -p 53 H"},
		{"-p 1 H", "tcp -p 1 H"},
		{"ping H", "sweep -PE H"},
		{"arp-scan H", "sweep H"},
		{"scan -p 1 H", "tcp -p 1 H"},
		{"traceroute -n H", "trace -n H"},
		{"mtr H", "trace H"},
		{"nc -zv H 1", "tcp -v -p 1 H"},

		// nmap
		{"tcp -sV -p 1 H", "fp -p 1 H"},
		{"tcp -sV -sC -O -p 1 H", "fp -p 1 H"},
		{"tcp -A -T4 -p 1 H", "fp -T4 -p 1 H"},
		{"tcp -sn H", "sweep H"},
		{"sweep -sP H", "sweep H"},
		{"sweep -sn -n H", "sweep -n H"},
		{"sweep -sL 127.0.0.0/30", "sweep --list 127.0.0.0/30"},
		{"tcp -sU -p 53 H", "udp -p 53 H"},
		{"udp -sU -p 53 H", "udp -p 53 H"},
		{"udp -sV -p 53 H", "udp --services -p 53 H"},
		{"udp -sU -sV -p 53 H", "udp --services -p 53 H"},
		{"tcp -sUV -p 53 H", "udp --services -p 53 H"},
		{"tcp -sSU -p 1 H", "tcp -sS --udp -p 1 H"},
		{"tcp -sTU -p 1 H", "tcp -sT --udp -p 1 H"},
		{"tcp --list-scan H", "sweep --list H"},
		{"tcp --banner -p 1 H", "fp -p 1 H"},
		{"tcp --only-open -p 1 H", "tcp --open -p 1 H"},
		{"tcp --exclude-hosts 127.0.0.2 -p 1 H", "tcp --exclude 127.0.0.2 -p 1 H"},
		{"tcp --top-tcp-ports 10 H", "tcp --top 10 H"},
		{"tcp -o out.json -p 1 H", "tcp -o json=out.json -p 1 H"},
		{"tcp -o out.xml -p 1 H", "tcp -o xml=out.xml -p 1 H"},
		{"fp --output scan.csv -p 1 H", "fp -o csv=scan.csv -p 1 H"},
		{"sweep -o scan.html H", "sweep -o html=scan.html H"},
		{"sweep -o scan.txt H", "sweep -o text=scan.txt H"},
		{"tcp --syn -p 1 H", "tcp -sS -p 1 H"},
		{"rustscan --addresses H -p 1", "tcp H -p 1"},
		{"mtr -rwzc 3 H", "trace -c 3 H"},
		{"udp -sS -p 1 H", "tcp -sS -p 1 H"},
		{"fp -sS -p 1 H", "fp -p 1 H (-sS: it is so anyway)"},
		{"fp -sT -p 1 H", "fp --via connect -p 1 H"},
		{"tcp -F H", "tcp --top 100 H"},
		{"tcp --top-ports 10 H", "tcp --top 10 H"},
		{"tcp --top-ports=10 H", "tcp --top 10 H"},
		{"tcp --min-rate 100 -p 1 H", "tcp -p 1 H (--min-rate: sonde finds out by itself)"},
		{"tcp --max-rate 1000 -p 1 H", "tcp --rate 1000 -p 1 H"},
		{"tcp --scan-delay 100ms -p 1 H", "tcp --rate 10 -p 1 H"},
		{"tcp --reason -p 1 H", "tcp -p 1 H (--reason: it is so anyway)"},
		{"tcp -r -p 1 H", "tcp -p 1 H (-r: it is so anyway)"},
		{"tcp -iL hosts -p 1", "tcp -i hosts -p 1"},
		{"tcp -iLhosts -p 1", "tcp -i hosts -p 1"},
		{"tcp -oN out -p 1 H", "tcp -o text=out -p 1 H"},
		{"tcp --excludefile hosts -p 1 127.0.0.2", "tcp --exclude-file hosts -p 1 127.0.0.2"},
		{"tcp --max-rtt-timeout 500ms -p 1 H", "tcp --timeout 500ms -p 1 H"},
		{"tcp --initial-rtt-timeout 1 -p 1 H", "tcp --timeout 1s -p 1 H"},
		{"tcp -d -p 1 H", "tcp -v -p 1 H"},
		{"tcp --iflist", "doctor"},
		{"tcp --traceroute H", "trace H"},
		{"sweep -PI H", "sweep -PE H"},
		{"sweep -PT80 H", "sweep -PS80 H"},
		{"sweep -p 1 H", "tcp -p 1 H"},
		{"trace -sS -p 1 H", "trace --proto tcp -p 1 H"},

		// masscan, zmap, naabu, gh
		{"tcp --banners -p 1 H", "fp -p 1 H"},
		{"tcp --adapter lo -p 1 H", "tcp -e lo -p 1 H"},
		{"tcp -i lo -p 1 H", "tcp -e lo -p 1 H"},
		{"tcp --wait 1 -p 1 H", "tcp --timeout 1s -p 1 H"},
		{"tcp --shards 1/2 --seed 1 -p 1 H", "tcp --shard 1/2 --seed 1 -p 1 H"},
		{"tcp -oJ out -p 1 H", "tcp -o json=out -p 1 H"},
		{"tcp --open-only -p 1 H", "tcp --open -p 1 H"},
		{"tcp --dryrun -p 1 H", "tcp --dry-run -p 1 H"},
		{"tcp -host H -p 1", "tcp H -p 1"},
		{"tcp -l hosts -p 1", "tcp -i hosts -p 1"},
		{"tcp -json -p 1 H", "tcp -o json -p 1 H"},
		{"tcp --json -p 1 H", "tcp -o json -p 1 H"},
		{"tcp -silent -p 1 H", "tcp -p 1 H (-silent: it is so anyway)"},
		{"tcp -top-ports 10 H", "tcp --top 10 H"},
		{"tcp -rate 100 -p 1 H", ""}, // as it is

		// fping, nc, mtr, traceroute
		{"sweep -g 127.0.0.0/30", "sweep 127.0.0.0/30"},
		{"sweep -a H", "sweep H (-a: it is so anyway)"},
		{"sweep -t 500 H", "sweep --timeout 500ms H"},
		{"sweep -r 1 H", "sweep --max-retries 1 H"},
		{"sweep -C 2 H", "sweep -c 2 H"},
		{"sweep -f hosts", "sweep -i hosts"},
		{"tcp -zvw5 H 1", "tcp -v --timeout 5s -p 1 H"},
		{"tcp -z -v -w 2 H 1", "tcp -v --timeout 2s -p 1 H"},
		{"tcp -vzuw1 H 53", "udp -v --timeout 1s -p 53 H"},
		{"tcp -nz H 1-3", "tcp -n -p 1-3 H"},
		{"tcp H 1", "tcp -p 1 H"},
		{"tcp H 1 2", "tcp -p 1,2 H"},
		{"fp H 1", "fp -p 1 H"},
		{"tcp -w 1 -p 1 H", "tcp --timeout 1s -p 1 H"},
		{"trace -m 5 H", "trace --hops 5 H"},
		{"trace -m5 -n H", "trace --hops 5 -n H"},
		{"trace -q 1 H", "trace H (-q: sonde finds out by itself)"},
		{"trace -w 1 H", "trace --timeout 1s H"},
		{"trace -T -p 1 H", "trace --proto tcp -p 1 H"},
		{"trace -T H", "trace --proto tcp H"},
		{"trace -I H", "trace --proto icmp H"},
		{"trace -U H", "trace --proto udp H"},
		{"trace -rw H", "trace H (-rw: it is so anyway)"},
		{"trace -P 1 H", "trace -p 1 H"},

		// Slips.
		{"tcp --tiemout 1s -p 1 H", "tcp --timeout 1s -p 1 H"},
		{"tcp --port 1 H", "tcp -p 1 H"},
		{"tcp --packet-trcae -p 1 H", "tcp --packet-trace -p 1 H"},
		{"sweep --excldue 127.0.0.2 H", "sweep --exclude 127.0.0.2 H"},
		{"tcp --outptu=json -p 1 H", "tcp --output=json -p 1 H"},

		// Nothing is proposed where nobody knows.
		{"web", "-"},
		{"tcp --nosuch H", "-"},
		{"tcp H 99999", "-"},
		{"trace --ttl 5 H", "-"},
		{"sweep -g 53 -PE H", "-"},
		{"version now", "-"},
		{"tcp -i nosuch -p 1", "-"},
		{"tcp --script vuln H", "-"},
		{"tcp -D RND:5 H", "-"},
	} {
		t.Run(tt.typed, func(t *testing.T) {
			t.Parallel()
			run := func(line string) (stderr string, exit int) {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				cmd := exec.CommandContext(ctx, program(t), strings.Fields(strings.ReplaceAll(line, "H", h))...)
				cmd.Dir, cmd.Stdout = dir, io.Discard
				var b strings.Builder
				cmd.Stderr = &b
				cmd.Run() // which fails by design
				return b.String(), cmd.ProcessState.ExitCode()
			}
			said, exit := run(tt.typed)
			_, proposed, found := strings.Cut(strings.TrimSuffix(said, "\n"), "; you may mean: sonde ")
			switch want := strings.ReplaceAll(tt.want, "H", h); {
			case tt.want == "":
				if exit == 2 {
					t.Errorf("%q, exit %d", said, exit)
				}
				return
			case tt.want == "-":
				if found || exit != 2 || said == "" {
					t.Errorf("%q, exit %d", said, exit)
				}
				return
			case proposed != want || exit != 2 || strings.Count(said, "\n") != 1:
				t.Fatalf("%q, exit %d; want %q", said, exit, want)
			}
			line, _, _ := strings.Cut(proposed, " (")
			if said, exit := run(line); exit == 2 || exit < 0 {
				t.Errorf("sonde %s: exit %d: %s", line, exit, said)
			}
		})
	}
}
