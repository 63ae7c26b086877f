package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestStoryBesidePeers runs the story of the FTP server, which wants a firewall of nft's and
// a capture of tcpdump's: the option and the hop are named, and the captures say the same.
func TestStoryBesidePeers(t *testing.T) {
	if os.Getenv("PEERS") != "1" {
		t.Skip("it needs other programs: PEERS=1 runs it")
	}
	for _, family := range []struct{ name, arg, near, far string }{{"IPv4", "4", "10.1.0.2", "10.2.0.2"}, {"IPv6", "6", "fd01::2", "fd02::2"}} {
		t.Run(family.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("../../testdata/stories/ftp.sh", family.arg)
			cmd.Env = append(os.Environ(), "SONDE="+program(t))
			out, err := cmd.CombinedOutput()
			text := strings.Join(strings.Fields(string(out)), " ") // lines break where they are full
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, want := range []string{
				"sackok lowers the answer rate from 1.000 to 0.",
				"between hop 2 (" + family.near + ") and hop 3 (" + family.far + ")",
				"of 50 answered", "NEVER ARRIVED",
			} {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in\n%s", want, out)
				}
			}
			if strings.Contains(text, "mss lowers") || strings.Contains(text, "ts lowers") {
				t.Errorf("another option is named\n%s", out)
			}
		})
	}
}

// TestDSCPStoryBesidePeers runs the story of the DSCP that a router wipes, with each of the
// routers: the place is named from one end.
func TestDSCPStoryBesidePeers(t *testing.T) {
	if os.Getenv("PEERS") != "1" {
		t.Skip("it needs other programs: PEERS=1 runs it")
	}
	for family, hops := range map[string][]string{"4": {"10.0.0.2", "10.1.0.2", "10.2.0.2", "10.3.0.2"}, "6": {"fd00::2", "fd01::2", "fd02::2", "fd03::2"}} {
		for n, router := range []string{"r1", "r2", "r3"} {
			t.Run("IPv"+family+" "+router, func(t *testing.T) {
				t.Parallel()
				cmd := exec.Command("../../testdata/stories/dscp.sh", family, router)
				cmd.Env = append(os.Environ(), "SONDE="+program(t))
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				place := fmt.Sprintf("dscp was changed from ef to cs0 between hop %d (%s) and hop %d (%s)", n+1, hops[n], n+2, hops[n+1])
				want := 2 // by SYN and by UDP
				if n == 2 {
					want = 1 // behind the last router only the refusal of UDP shows it
				}
				if got := strings.Count(string(out), place); got != want || strings.Count(string(out), "was changed") != want || strings.Count(string(out), "4 hops, reached.") != 2 {
					t.Errorf("%q is there %d times, want %d\n%s", place, got, want, out)
				}
			})
		}
	}
}
