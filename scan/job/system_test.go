package job

import (
	"strings"
	"testing"

	"sonde/scan/report"
	"sonde/scan/simnet"
)

// systemNet has three hosts behind a router that answers port 8080 of the first in its place.
const systemNet = `
iface eth0 10.0.0.1/24 2001:db8::1/64
route 0.0.0.0/0 via 10.0.0.254
router r 10.0.0.254
	line delay 1ms
	rule syn-ack tcp 8080 to 10.2.0.10
path 10.2.0.0/16 r
hosts 10.2.0.10
	tcp open 22,80,8080
hosts 10.2.0.11 os bare
	tcp open 80
hosts 10.2.0.12
	tcp drop all; tcp closed 81; tcp open 80
hosts 10.2.0.13
	tcp closed all
hosts 2001:db8::2
	tcp open 22
`

// systemsOf runs fp, and returns what it says of the systems of addr.
func systemsOf(t *testing.T, s *Spec) (list []*report.OS, all []report.Record, o Outcome) {
	t.Helper()
	network, err := simnet.Parse("systems", systemNet)
	if err != nil {
		t.Fatal(err)
	}
	o, all, err = virtually(t, world(network, nil), s)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if one, ok := r.(*report.OS); ok {
			list = append(list, one)
		}
	}
	return list, all, o
}

func fpSpec(addr, ports string) *Spec {
	return &Spec{Command: "fp", Targets: Targets{Words: []string{addr}}, Ask: Ask{Ports: ports}}
}

// TestSystems: a host with an open port is told of once, with the ports that another stack
// answers and what services say; one whose stack is in no row is unknown.
func TestSystems(t *testing.T) {
	for _, addr := range []string{"10.2.0.10", "2001:db8::2"} {
		list, all, _ := systemsOf(t, fpSpec(addr, "22,80,81,8080"))
		if len(list) != 1 {
			t.Fatalf("%s: %d records", addr, len(list))
		}
		r := list[0]
		if len(r.Matches) == 0 || r.Matches[0].Family != "Linux" || r.Matches[0].InFamily < 0.8 || len(r.For) == 0 {
			t.Errorf("%s: %+v", addr, r)
		}
		if len(r.Said) != 1 || r.Said[0].Port != 22 || !r.Said[0].Agrees {
			t.Errorf("%s: services say %+v", addr, r.Said)
		}
		if addr == "10.2.0.10" && (len(r.Apart) != 1 || r.Apart[0].Ports != "8080") || addr != "10.2.0.10" && len(r.Apart) > 0 {
			t.Errorf("%s: apart %+v", addr, r.Apart)
		}
		for _, one := range all {
			if h, ok := one.(*report.Host); ok && !h.System {
				t.Errorf("%s: the host does not say that its system follows", addr)
			}
		}
	}
	list, _, _ := systemsOf(t, fpSpec("10.2.0.11", "80,81"))
	if len(list) != 1 || len(list[0].Matches) > 0 || list[0].Why == "" {
		t.Errorf("a bare stack: %+v", list)
	}
}

// TestSystemsClosedPort: where the port that nobody uses is filtered, one that is known to
// be closed is asked.
func TestSystemsClosedPort(t *testing.T) {
	s := fpSpec("10.2.0.12", "80-90")
	s.Part.Seed = new(uint64(3))
	list, _, _ := systemsOf(t, s)
	if len(list) != 1 || !strings.Contains(strings.Join(list[0].Features, " "), "reset_to_ack=R") {
		t.Errorf("%+v", list)
	}
}

// TestNoSystems: nothing is asked where nothing is open, and by --no-os.
func TestNoSystems(t *testing.T) {
	off := fpSpec("10.2.0.10", "22")
	off.System.Off = true
	for what, s := range map[string]*Spec{"closed": fpSpec("10.2.0.13", "80"), "off": off} {
		if list, _, _ := systemsOf(t, s); len(list) > 0 {
			t.Errorf("%s: %+v", what, list[0])
		}
	}
}

// TestSystemDatabase: another database is judged by, and a sample is a row of one.
func TestSystemDatabase(t *testing.T) {
	s := fpSpec("10.2.0.11", "80,81")
	s.System.Sample = true
	list, _, _ := systemsOf(t, s)
	if len(list) != 1 || !strings.Contains(list[0].Sample, "[stack.NAME]") {
		t.Fatalf("%+v", list)
	}
	s = fpSpec("10.2.0.11", "80,81")
	s.System.Database = list[0].Sample
	if list, _, _ = systemsOf(t, s); len(list) != 1 || len(list[0].Matches) == 0 || list[0].Matches[0].Name != "NAME" {
		t.Errorf("by its own sample it is %+v", list[0])
	}
}

func TestSystemRules(t *testing.T) {
	for want, change := range map[string]func(*Spec){
		"--os-db and --no-os exclude each other":     func(s *Spec) { s.System = System{Off: true, Database: "x"} },
		"--os-sample and --no-os exclude each other": func(s *Spec) { s.System = System{Off: true, Sample: true} },
		"--os-sample: --via connect lets the kernel": func(s *Spec) { s.System.Sample, s.Way.Via = true, "connect" },
		"--os-db: no stack in it":                    func(s *Spec) { s.System.Database = "[stack]" },
		"--os-db: stack.x: name":                     func(s *Spec) { s.System.Database = "[stack.x]" },
	} {
		s := fpSpec("10.2.0.10", "22")
		change(s)
		if err := s.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestPassive: tcp -v tells what SYN-ACKs say, and sends no packet for it; without -v, or
// where the packets are not the usual ones, it says nothing.
func TestPassive(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*Spec)
		want   bool
	}{
		{"usual", func(s *Spec) {}, true},
		{"without -v", func(s *Spec) { s.Show.Verbose = false }, false},
		{"other options", func(s *Spec) { s.Packet.TCPOptions = "mss" }, false},
		{"a window", func(s *Spec) { s.Packet.Window = "1024" }, false},
		{"no open port", func(s *Spec) { s.Ask.Ports = "81" }, false},
		{"a stack in no row", func(s *Spec) { s.Targets.Words = []string{"10.2.0.11"} }, false},
		{"the answers of one port are another's", func(s *Spec) { s.Ask.Ports = "22,80,8080" }, true},
	} {
		s := &Spec{Command: "tcp", Targets: Targets{Words: []string{"10.2.0.10"}}, Ask: Ask{Ports: "22,80"}, Show: Show{Verbose: true}}
		c.change(s)
		list, all, o := systemsOf(t, s)
		if got := len(list) == 1 && list[0].Passive && list[0].Matches[0].Family == "Linux"; got != c.want {
			t.Errorf("%s: %+v", c.what, list)
		}
		for _, r := range all {
			if h, ok := r.(*report.Host); ok && h.System != c.want {
				t.Errorf("%s: the host says that its system follows: %v", c.what, h.System)
			}
		}
		// Where somebody answers in the host's place that is looked into, by two packets.
		if want := uint64(len(strings.Split(s.Ask.Ports, ","))); o.Stats.Sent != want && want < 3 {
			t.Errorf("%s: %d packets sent for %d ports", c.what, o.Stats.Sent, want)
		}
	}
}
