package main

import (
	"errors"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sonde/scan/lab/labtest"
)

func TestMain(m *testing.M) { os.Exit(labtest.Main(m)) }

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// pretender is a course whose sonde is a script.
func pretender(t *testing.T, script string) *course {
	t.Helper()
	n := labtest.New(t)
	file := filepath.Join(t.TempDir(), "sonde")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	j := &job{targets: prefix("10.128.0.0/29"), contests: []contest{{asBest, "sonde {targets}", "nc"}}}
	return &course{
		job: j, site: site{scanner: n.Host("scanner")}, programs: map[string]string{"sonde": file}, folder: t.TempDir(), timeout: 10 * time.Second,
		want: map[string]bool{"10.128.0.1": true, "10.128.0.2": true, "10.128.0.3": true},
	}
}

// TestRun: what was not found and what should not have been is counted, and time
// is taken.
func TestRun(t *testing.T) {
	c := pretender(t, `test "$1" = 10.128.0.0/29 || exit
		sleep 0.1
		echo '{"type":"host","addr":"10.128.0.1","state":"up"}'
		echo '{"type":"host","addr":"10.128.0.9","state":"up"}'
		exit 3`)
	s, err := c.run("sonde {targets}", c.timeout)
	if err != nil || s.missed != 2 || s.wrong != 1 || s.ended || s.wall < 100*time.Millisecond || s.cpu <= 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestRunIsEnded(t *testing.T) {
	c := pretender(t, `echo '{"type":"host","addr":"10.128.0.1","state":"up"}'
		printf '{"type":"ho'
		exec sleep 20`)
	s, err := c.run("sonde {targets}", 2*time.Second) // long enough for a shell to begin
	if err != nil || s.missed != 2 || !s.ended || s.wall > 15*time.Second {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestRunOfNothing(t *testing.T) {
	c := pretender(t, "echo nonsense")
	if s, err := c.run("sonde {targets}", c.timeout); err == nil {
		t.Errorf("%+v", s)
	}
	if s, err := c.run("no-such-program", c.timeout); err == nil {
		t.Errorf("%+v", s)
	}
}

// TestRounds: all run equally often, but who had to be ended is ended sooner from
// then on.
func TestRounds(t *testing.T) {
	c := pretender(t, `test "$1" = quick || exec sleep 20`)
	c.contests = []contest{{asBest, "sonde quick", "sonde slow"}}
	c.timeout, c.again = 4*time.Second, 500*time.Millisecond
	samples, err := c.rounds(4)
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"sonde quick", "sonde slow"} {
		slow := command == "sonde slow"
		if len(samples[command]) != 4 {
			t.Errorf("%s: %d runs", command, len(samples[command]))
		}
		for i, s := range samples[command] {
			if s.ended != slow || slow && (s.wall >= c.timeout) != (i == 0) {
				t.Errorf("%s: run %d took %v, ended: %v", command, i, s.wall, s.ended)
			}
		}
	}
}

// TestBuild: on the network of each job, something of what is to be found is
// there.
func TestBuild(t *testing.T) {
	labtest.NeedXDP(t)
	for _, j := range jobs() {
		want := slices.Sorted(maps.Keys(j.truth()))
		addr, port, _ := strings.Cut(want[0], " ")
		proto := "tcp"
		switch {
		case j.way != nil: // at the end of which port 80 is open
			addr, port = j.targets.Addr().String(), "80"
		case port == "": // nothing but echo requests are answered there
			continue
		case strings.Contains(j.contests[0].sonde, "udp"):
			proto = "udp"
		}
		t.Run(j.name, func(t *testing.T) {
			s := j.build(labtest.New(t))
			err := s.scanner.Do(func() error {
				c, err := net.DialTimeout(proto, net.JoinHostPort(addr, port), 10*time.Second)
				if errors.Is(err, syscall.ECONNRESET) {
					return nil // accepted, and nobody is behind it: a closed port refuses
				}
				if err != nil {
					return err
				}
				defer c.Close()
				if proto == "tcp" {
					return nil
				}
				c.SetDeadline(time.Now().Add(10 * time.Second))
				if _, err := c.Write([]byte("are you there?")); err != nil {
					return err
				}
				_, err = c.Read(make([]byte, 100))
				return err
			})
			if err != nil {
				t.Errorf("%s: %v", want[0], err)
			}
		})
	}
}
