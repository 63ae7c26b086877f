package main

import (
	"strings"
	"testing"
	"time"

	"sonde/scan/job"
)

// exits is a network in which every exit code can be had.
const exits = `
iface lo 127.0.0.1/8 ::1/128 mtu 65536
iface eth0 10.0.0.1/24 2001:db8::1/64 mac 02:00:00:00:00:01
route 0.0.0.0/0 via 10.0.0.254
route ::/0 via 2001:db8::fe
route 198.51.100.0/24 unreachable
router r1 10.0.0.254 2001:db8::fe mac 02:00:00:00:00:fe
	line delay 5ms
path 10.1.0.0/16 r1
path 10.9.0.0/16 r1 dead host-unreach 10ms
path 2001:db8:1::/64 r1
hosts 10.0.0.2
	tcp open 80
hosts 10.0.0.4 no neighbour
hosts 10.1.0.1
	tcp open 22,80; tcp drop 445,446; tcp admin-prohibited 25
	udp served 53; udp drop 161; udp admin-prohibited 162
hosts 10.1.0.2
	tcp drop; udp drop; no echo; no timestamp
hosts 10.1.0.3
	line back delay 3s
hosts 2001:db8:1::1
	tcp open 22,80; tcp drop 445,446; tcp admin-prohibited 25
	udp served 53; udp drop 161; udp admin-prohibited 162
`

// TestExit: what README says of exit codes, case by case.
func TestExit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why, line string
		code      int
		reason    string
	}{
		{"open", "tcp -p 80 10.1.0.1", 0, "open"},
		{"open, IPv6", "tcp -p 80 2001:db8:1::1", 0, "open"},
		{"open", "udp -p 53 10.1.0.1", 0, "open"},
		{"up", "sweep 10.1.0.1", 0, "up"},
		{"up", "sweep 2001:db8:1::1", 0, "up"},
		{"an answer says otherwise", "tcp -p 81 10.1.0.1", 1, "no"},
		{"an answer says otherwise", "udp -p 54 10.1.0.1", 1, "no"},
		{"an ICMP error is an answer", "tcp -p 25 10.1.0.1", 1, "no"},
		{"an ICMP error is an answer", "tcp -p 25 2001:db8:1::1", 1, "no"},
		{"an ICMP error is an answer", "udp -p 162 10.1.0.1", 1, "no"},
		{"the last router says twice that it is not there", "sweep 10.9.0.1", 1, "no"},
		{"nobody answers ARP", "sweep 10.0.0.4", 1, "no"},
		{"silence", "tcp -p 445 10.1.0.1", 3, "silence"},
		{"open|filtered", "udp -p 161 10.1.0.1", 3, "silence"},
		{"silence", "sweep 10.1.0.2", 3, "silence"},
		{"one yes is enough", "tcp -p 80,81,445 10.1.0.1", 0, "open"},
		{"one yes of several hosts is enough", "tcp -p 80 10.1.0.1 10.1.0.2", 0, "open"},
		{"without a yes, one silent port is enough for 3", "tcp -p 25,81,445 10.1.0.1", 3, "silence"},
		{"without a yes, one silent host is enough for 3", "tcp -p 81 10.1.0.1 10.1.0.2", 3, "silence"},
		{"all answer otherwise", "tcp -p 25,81 10.1.0.1", 1, "no"},
		{"one host up is enough", "sweep 10.1.0.1 10.1.0.2", 0, "up"},
		{"silent hosts of a range do not count", "tcp -p 81 10.1.0.0/29 --exclude 10.1.0.3", 1, "no"},
		{"silent hosts of a range do not count", "tcp -p 80 --expect open 10.1.0.0/29 --exclude 10.1.0.3", 0, "expected"},
		{"silent hosts of a range do not count", "sweep --expect up 10.1.0.0/29 --exclude 10.1.0.3", 0, "expected"},
		{"nor with -v", "sweep -v --expect up 10.1.0.0/29 --exclude 10.1.0.3", 0, "expected"},
		{"nobody is there", "sweep 10.1.1.0/29", 3, "silence"},
		{"nobody is there", "sweep -v 10.1.1.0/29", 3, "silence"},
		{"nobody is there, on the link", "sweep -v 10.0.0.16/29", 3, "silence"},
		{"nobody is there to be asked", "tcp -p 80 10.1.1.0/29", 3, "silence"},
		{"a silent host that was named does", "sweep --expect up 10.1.0.1 10.1.0.2", 3, "silence"},

		{"expected", "tcp -p 80 --expect open 10.1.0.1", 0, "expected"},
		{"expected", "tcp -p 81 --expect closed 10.1.0.1", 0, "expected"},
		{"expected by silence", "tcp -p 445 --expect filtered 10.1.0.1", 0, "expected"},
		{"expected by silence and by an error", "tcp -p 25,445 --expect filtered 10.1.0.1", 0, "expected"},
		{"expected by silence", "udp -p 161 --expect open|filtered 10.1.0.1", 0, "expected"},
		{"expected", "sweep --expect down 10.0.0.4", 0, "expected"},
		{"expected of a range", "sweep --expect down 10.0.0.16/29", 0, "expected"},
		{"one of a range is up", "sweep --expect down 10.0.0.0/29", 1, "unexpected"},
		{"one contradicts", "tcp -p 80,81 --expect open 10.1.0.1", 1, "unexpected"},
		{"one contradicts, another is silent", "tcp -p 80,81,445 --expect open 10.1.0.1", 1, "unexpected"},
		{"open is not what was expected", "tcp -p 80 --expect closed 10.1.0.1", 1, "unexpected"},
		{"an ICMP error contradicts", "tcp -p 25 --expect open 10.1.0.1", 1, "unexpected"},
		{"one is silent", "tcp -p 80,445 --expect open 10.1.0.1", 3, "silence"},
		{"one is silent", "udp -p 53,161 --expect open 10.1.0.1", 3, "silence"},

		{"no route", "tcp -p 80 198.51.100.1", 4, "local-error"},
		{"no route", "sweep 198.51.100.1", 4, "local-error"},
		{"4 wins over 0", "tcp -p 80 10.1.0.1 198.51.100.1", 4, "local-error"},
		{"4 wins over 1", "tcp -p 81 10.1.0.1 198.51.100.1", 4, "local-error"},
		{"4 wins over 3", "tcp -p 445 10.1.0.1 198.51.100.1", 4, "local-error"},
		{"4 wins with --expect", "tcp -p 80 --expect open 10.1.0.1 198.51.100.1", 4, "local-error"},
		{"5 wins over 0", "tcp -p 80 10.1.0.1 nobody.example", 5, "name not resolved"},
		{"5 wins over 1", "tcp -p 81 10.1.0.1 nobody.example", 5, "name not resolved"},
		{"5 wins over 3", "tcp -p 445 10.1.0.1 nobody.example", 5, "name not resolved"},
		{"5 wins over 4", "tcp -p 80 198.51.100.1 nobody.example", 5, "name not resolved"},
		{"5 wins with --expect", "sweep --expect up 10.1.0.1 nobody.example", 5, "name not resolved"},

		{"deadline with a yes", "tcp -p 80,445 --deadline 100ms 10.1.0.1", 0, "deadline"},
		{"deadline without a yes", "tcp -p 81,445 --deadline 100ms 10.1.0.1", 3, "deadline"},
		{"deadline with --expect", "tcp -p 80,445 --expect open --deadline 100ms 10.1.0.1", 3, "deadline"},
		{"deadline", "sweep --deadline 100ms 10.1.0.2", 3, "deadline"},
		{"a deadline that is not met", "tcp -p 80 --deadline 10s 10.1.0.1", 0, "open"},
		{"host timeout with a yes", "tcp -p 80,445 --host-timeout 100ms 10.1.0.1", 0, "open"},
		{"host timeout without a yes", "tcp -p 445 --host-timeout 300ms 10.1.0.1", 3, "silence"},

		{"a foreign source: all left", "tcp -S 10.42.48.1 -p 80 10.1.0.1", 0, "sent"},
		{"a foreign source: all left", "sweep -PE -S 10.42.48.1 10.1.0.1", 0, "sent"},
		{"a foreign source with --expect", "tcp -S 10.42.48.1 -p 80 --expect open 10.1.0.1", 3, "silence"},
		{"even of what it is", "tcp -S 10.42.48.1 -p 80 --expect unknown 10.1.0.1", 3, "silence"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			s := on(exits, tt.line+" -o json")
			o := s.run(t)
			if o.code != tt.code {
				t.Fatalf("%s: exit %d, want %d\n%s%s", tt.why, o.code, tt.code, o.stdout, o.stderr)
			}
			end := o.end()
			if end.ExitReason != tt.reason {
				t.Errorf("%s: the reason is %q, want %q", tt.why, end.ExitReason, tt.reason)
			}
			cut := tt.reason == "deadline" || strings.HasPrefix(tt.why, "host timeout")
			if end.Complete != !cut {
				t.Errorf("%s: complete is %v\n%s", tt.why, end.Complete, o.stdout)
			}
			quiet := on(exits, strings.Replace(tt.line, " -v", "", 1)+" -q").run(t)
			if quiet.code != tt.code || quiet.stdout != "" || tt.code != 5 && quiet.stderr != "" {
				t.Errorf("with -q: exit %d, %q, %q", quiet.code, quiet.stdout, quiet.stderr)
			}
		})
	}
}

// TestNoName: where no name resolves, nothing is asked.
func TestNoName(t *testing.T) {
	o := on(exits, "tcp -p 80 nobody.example -o json").run(t)
	if o.code != job.ExitName || o.stdout != "" || o.stderr != "sonde: the name \"nobody.example\" has no address\n" || o.opened {
		t.Errorf("exit %d, %q, %q", o.code, o.stdout, o.stderr)
	}
}

// TestSignalled: whatever ends a run, what is known is reported, and marked
// incomplete.
func TestSignalled(t *testing.T) {
	for _, tt := range []struct {
		line   string
		cause  error
		code   int
		reason string
	}{
		{"tcp -p 80,445 10.1.0.1", job.ErrInterrupted, 130, "interrupted"},
		{"tcp -p 80,445 10.1.0.1", job.ErrTerminated, 143, "terminated"},
		{"tcp -p 80,445 10.1.0.1 nobody.example", job.ErrInterrupted, 130, "interrupted"},
		{"sweep 10.1.0.0/29", job.ErrInterrupted, 130, "interrupted"},
		{"udp -p 53,161 10.1.0.1", job.ErrTerminated, 143, "terminated"},
		{"tcp -p 80,445 10.1.0.1", job.ErrQuit, 0, "ended early"},
		{"tcp -p 81,445 10.1.0.1", job.ErrQuit, 3, "ended early"},
		{"tcp -p 80,445 --expect open 10.1.0.1", job.ErrQuit, 3, "ended early"},
	} {
		s := on(exits, tt.line+" -o json")
		s.cancel, s.cause = 300*time.Millisecond, tt.cause
		o := s.run(t)
		if end := o.end(); o.code != tt.code || end.ExitReason != tt.reason || end.Complete {
			t.Errorf("%s, %v: exit %d (%v), complete %v; want %d (%s)", tt.line, tt.cause, o.code, end.ExitReason, end.Complete, tt.code, tt.reason)
		}
	}
}
