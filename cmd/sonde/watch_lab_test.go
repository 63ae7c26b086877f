package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"sonde/scan/report"
)

// scrape is what --metrics says, to a client on the host.
func scrape(t *testing.T, within func(func() error) error, addr string) (body string) {
	t.Helper()
	err := within(func() error {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return err
		}
		defer c.Close()
		fmt.Fprintf(c, "GET /metrics HTTP/1.1\r\nHost: %s\r\n\r\n", addr)
		b, err := io.ReadAll(c)
		head, rest, _ := strings.Cut(string(b), "\r\n\r\n")
		if body = rest; !strings.HasPrefix(head, "HTTP/1.1 200 ") {
			return fmt.Errorf("%v: %q", err, head)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return body
}

// TestWatchOnScreen: a watched trace is shown on a terminal while it goes on, keys lead to its
// pages, Prometheus is answered, q ends it with its table, and what -o json has recorded is
// what was seen and is shown by --replay.
func TestWatchOnScreen(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	file := filepath.Join(t.TempDir(), "rounds.json")
	list := families()
	args := []string{"trace", "-n", "--watch", "--interval", "100ms", "--metrics", "9117", "-o", "json=" + file, list[0].server, list[1].server}
	told := ""
	shown, exit := onScreen(t, o.client.Do, args, func(see, press func(string), _ *os.Process) {
		see("1/2 [" + list[0].server + "]")
		see(list[0].router)
		press("\t")
		see("2/2  " + list[0].server + " [" + list[1].server + "]")
		press("j\r")
		see("HOP 2 of 2  " + list[1].server + ", the target")
		press("\x1b")
		see("ADDRESS  ") // by then the Escape is known to stand alone
		press("e")
		see("WAYS")
		press("t")
		see("sonde trace, 2 targets")
		press("t")
		see("round ")
		press("p")
		see("PAUSED")
		told = scrape(t, o.client.Do, "127.0.0.1:9117")
		press("q")
	})
	after := shown[strings.LastIndex(shown, leavesScreen)+1:]
	if exit != 0 || strings.Count(shown, entersScreen) != 1 || strings.Count(shown, leavesScreen) != 1 || strings.Count(after, "reached:") != 2 {
		t.Errorf("exit %d, behind the screen: %q", exit, after)
	}
	rounds := map[string]int{}
	for _, r := range recordsOf[*report.Round](readRecords(t, file)) {
		if r.Reached {
			rounds[r.Addr.String()]++
		}
	}
	for _, f := range list {
		m := regexp.MustCompile(`(?m)^sonde_watch_reached_total\{target="` + regexp.QuoteMeta(f.server) + `"\} (\d+)$`).FindStringSubmatch(told)
		if m == nil {
			t.Fatalf("%s: %q", f.server, told)
		}
		if n, _ := strconv.Atoi(m[1]); n < 1 || n > rounds[f.server] {
			t.Errorf("%s: %d rounds told, %d recorded", f.server, n, rounds[f.server])
		}
		if !strings.Contains(told, `sonde_watch_hop_answers_total{target="`+f.server+`",hop="1",from="`+f.router+`"}`) {
			t.Errorf("%s is not told: %s", f.router, told)
		}
	}
	replayed, err := exec.Command(program(t), "trace", "-n", "--replay", file).Output()
	if err != nil || strings.Count(string(replayed), "reached: echo-reply") != 2 {
		t.Errorf("%v: %s", err, replayed)
	}
}

// TestMetricsRefused: where nobody can listen, nothing is sent, and it is said why.
func TestMetricsRefused(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, tt := range []struct {
		addr string
		exit int
		want string
	}{
		{"192.0.2.77:9117", 4, "--metrics 192.0.2.77:9117: cannot listen there: cannot assign requested address"},
		{"nowhere", 2, "--metrics nowhere: a port, or an address and a port"},
		{"host:80", 2, "--metrics host:80: a port"},
		{"70000", 2, "--metrics 70000: a port"},
	} {
		got := typed(t, o.client, "trace", "-n", "--watch", "--for", "1s", "--metrics", tt.addr, families()[0].server)
		if got.exit != tt.exit || !strings.Contains(got.stderr, tt.want) || got.text != "" {
			t.Errorf("%s: exit %d, %q, %q", tt.addr, got.exit, got.stderr, got.text)
		}
	}
}
