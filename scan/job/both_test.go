package job

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sonde/scan/report"
)

// told is what a run says of ports and services, in order.
func told(list []report.Record) (lines []string, hosts int) {
	for _, r := range list {
		switch r := r.(type) {
		case *report.Port:
			lines = append(lines, fmt.Sprintf("%s:%d %v", r.Proto, r.Port, r.State))
		case *report.Service:
			lines = append(lines, fmt.Sprintf("%s:%d is %s, %s", r.Proto, r.Port, r.Service, r.Product))
		case *report.Host:
			hosts++
			lines = append(lines, fmt.Sprintf("%d ports", r.Ports))
		}
	}
	slices.Sort(lines)
	return lines, hosts
}

// TestBothProtocols: TCP and UDP ports are asked in one run, there is one record of the
// host, what is open is asked what it is, and what is silent is named by nobody.
func TestBothProtocols(t *testing.T) {
	for _, host := range []string{"10.0.0.2", "2001:db8::2"} {
		s := &Spec{Command: "fp", Targets: Targets{Words: []string{host}}, Ask: Ask{Ports: "T:22,80,U:53,161,7", UDP: true}, System: System{Off: true}}
		o, list, err := virtually(t, onNetwork(t, "lan.net", nil), s)
		if err != nil {
			t.Fatal(err)
		}
		lines, hosts := told(list)
		want := []string{"5 ports", "tcp:22 is ssh, OpenSSH", "tcp:22 open", "tcp:80 is , ", "tcp:80 open", "udp:161 open|filtered", "udp:53 is , ", "udp:53 open", "udp:7 closed"}
		if slices.Sort(want); hosts != 1 || !slices.Equal(lines, want) {
			t.Errorf("%s: %q, want %q", host, lines, want)
		}
		first := list[0].(*report.Scan)
		if first.Ports != 5 || first.Asked.Ports != "22,80" || first.AlsoAsked == nil || first.AlsoAsked.Ports != "7,53,161" || first.AlsoAsked.Proto != "udp" {
			t.Errorf("%+v, %+v", first.Asked, first.AlsoAsked)
		}
		if code, why := o.Exit(); code != ExitYes || why != "identified" {
			t.Errorf("%s: exit %d, %s", host, code, why)
		}
	}
}

// TestTCPAndUDP: tcp asks UDP ports, too, in one run with one record of each host, whatever
// is asked of TCP, and whether the host was swept before or not.
func TestTCPAndUDP(t *testing.T) {
	for _, tt := range []struct {
		host string
		ask  Ask
		want string
	}{
		{"10.0.0.2", Ask{}, "5 ports, tcp:22 open, tcp:80 open, udp:161 open|filtered, udp:53 open, udp:7 closed"},
		{"10.0.0.2", Ask{Ping: []string{"N"}}, "5 ports, tcp:22 open, tcp:80 open, udp:161 open|filtered, udp:53 open, udp:7 closed"},
		{"10.0.0.2", Ask{Scan: []string{"A"}}, "5 ports, tcp:22 unfiltered, tcp:80 unfiltered, udp:161 open|filtered, udp:53 open, udp:7 closed"},
		{"2001:db8::2", Ask{}, "5 ports, tcp:22 open, tcp:80 open, udp:161 open|filtered, udp:53 open, udp:7 closed"},
	} {
		tt.ask.Ports, tt.ask.UDP = "T:22,80,U:53,161,7", true
		s := &Spec{Command: "tcp", Targets: Targets{Words: []string{tt.host}}, Ask: tt.ask}
		o, list, err := virtually(t, onNetwork(t, "lan.net", nil), s)
		if err != nil {
			t.Fatal(err)
		}
		lines, hosts := told(list)
		if got := strings.Join(lines, ", "); got != tt.want || hosts != 1 {
			t.Errorf("%s %+v: %s, want %s", tt.host, tt.ask, got, tt.want)
		}
		first := list[0].(*report.Scan)
		if first.AlsoAsked == nil || first.AlsoAsked.Ports != "7,53,161" || first.Services || first.Trace != nil {
			t.Errorf("%+v", first)
		}
		if code, why := o.Exit(); code != ExitYes {
			t.Errorf("exit %d, %s", code, why)
		}
	}
}

// TestTCPAndUDPPassive: what -v makes of SYN-ACKs is told, whichever protocol is over last.
func TestTCPAndUDPPassive(t *testing.T) {
	s := &Spec{Command: "tcp", Targets: Targets{Words: []string{"10.0.0.2"}}, Ask: Ask{Ports: "T:22,80,U:161", UDP: true}, Show: Show{Verbose: true}}
	_, list, err := virtually(t, onNetwork(t, "lan.net", nil), s)
	alone := *s
	alone.Ask = Ask{Ports: "22,80"}
	_, want, err2 := virtually(t, onNetwork(t, "lan.net", nil), &alone)
	systems := func(list []report.Record) (n int) {
		for _, r := range list {
			if _, ok := r.(*report.OS); ok {
				n++
			}
		}
		return n
	}
	if err != nil || err2 != nil || systems(list) != systems(want) {
		t.Errorf("%d systems beside UDP, %d without; %v, %v", systems(list), systems(want), err, err2)
	}
}

// TestTCPAndUDPRefuses: what is of one protocol has no place beside both.
func TestTCPAndUDPRefuses(t *testing.T) {
	one := 1
	for want, s := range map[string]*Spec{
		"--udp and -c exclude each other":        {Pace: Pace{Count: &one}},
		"--udp and --confirm exclude each other": {Ask: Ask{Confirm: true}},
		"--udp and --resume exclude each other":  {Part: Part{Resume: "file"}},
		"--via xdp asks by one kind of packet":   {Way: Way{Via: "xdp"}},
		"no TCP port is left to ask":             {Ask: Ask{Ports: "U:53"}},
		"no UDP port is left to ask":             {Ask: Ask{Ports: "T:53"}},
	} {
		s.Command, s.Ask.UDP, s.Targets.Words = "tcp", true, []string{"10.0.0.2"}
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestOnlyUDP: a list of UDP ports alone needs no flag, and the way is traced by UDP.
func TestOnlyUDP(t *testing.T) {
	s := &Spec{Command: "fp", Targets: Targets{Words: []string{"10.0.0.2"}}, Ask: Ask{Ports: "U:53,161"}}
	_, list, err := virtually(t, onNetwork(t, "lan.net", nil), s)
	if err != nil {
		t.Fatal(err)
	}
	lines, hosts := told(list)
	if want := []string{"2 ports", "udp:161 open|filtered", "udp:53 is , ", "udp:53 open"}; hosts != 1 || !slices.Equal(lines, want) {
		t.Errorf("%q, want %q", lines, want)
	}
	hops := 0
	for _, r := range list {
		if h, ok := r.(*report.Hop); ok && h.Proto == "udp" {
			hops++
		}
	}
	if hops == 0 {
		t.Error("nobody traced the way")
	}
}

// TestSilentUDP: who answers nothing is nobody that is known, and the exit code says silence.
func TestSilentUDP(t *testing.T) {
	s := &Spec{Command: "fp", Targets: Targets{Words: []string{"10.0.0.3"}}, Ask: Ask{Ports: "U:53"}}
	o, list, err := virtually(t, onNetwork(t, "lan.net", nil), s)
	if err != nil {
		t.Fatal(err)
	}
	if lines, _ := told(list); slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, " is ") }) {
		t.Errorf("%q", lines)
	}
	if code, _ := o.Exit(); code != ExitSilence {
		t.Errorf("exit %d", code)
	}
}

// TestServices: tcp and udp ask open ports what they are where that is wanted, trace
// nothing, and their exit code is about ports.
func TestServices(t *testing.T) {
	for command, ports := range map[string]string{"tcp": "22,135", "udp": "53,161"} {
		for _, services := range []bool{false, true} {
			s := &Spec{Command: command, Targets: Targets{Words: []string{"10.0.0.2"}}, Ask: Ask{Ports: ports, Services: services}}
			o, list, err := virtually(t, onNetwork(t, "lan.net", nil), s)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, r := range list {
				switch r := r.(type) {
				case *report.Service:
					n++
					if r.Service != "ssh" && r.Proto == "tcp" {
						t.Errorf("%s: %+v", command, r)
					}
				case *report.Hop, *report.OS:
					t.Errorf("%s: %+v", command, r)
				}
			}
			if want := map[bool]int{true: 1}[services]; n != want {
				t.Errorf("%s: %d services, want %d", command, n, want)
			}
			if code, why := o.Exit(); code != ExitYes || why != "open" {
				t.Errorf("%s: exit %d, %s", command, code, why)
			}
		}
	}
}

// TestServicesRefused: what cannot take effect is refused before anything is sent.
func TestServicesRefused(t *testing.T) {
	one := 1
	for want, s := range map[string]*Spec{
		"--services asks open ports, which -sA finds none of": {Command: "tcp", Ask: Ask{Scan: []string{"A"}, Services: true}},
		"--services: --dry-run":                               {Command: "tcp", Ask: Ask{Services: true}, Show: Show{DryRun: true}},
		"--services and -c exclude":                           {Command: "udp", Ask: Ask{Services: true}, Pace: Pace{Count: &one}},
		"--services and --resume exclude":                     {Command: "udp", Ask: Ask{Services: true}, Part: Part{Resume: "file"}},
		"--services and -g exclude":                           {Command: "tcp", Ask: Ask{Services: true}, Packet: Packet{SourcePort: &one}},
		"--services and --ttl exclude":                        {Command: "tcp", Ask: Ask{Services: true}, Packet: Packet{TTL: &one}},
		"--udp: no UDP port is left":                          {Command: "fp", Ask: Ask{Ports: "T:22", UDP: true}},
		"no port is left to ask":                              {Command: "fp", Ask: Ask{Ports: "U:53", ExcludePorts: "U:53"}},
		"ports of the other protocol":                         {Command: "fp", Ask: Ask{Ports: "22", ExcludePorts: "U:53"}},
	} {
		s.Targets.Words = []string{"10.0.0.2"}
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
