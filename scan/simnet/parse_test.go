package simnet

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Every shared network can be read.
func TestSharedNetworks(t *testing.T) {
	files, err := filepath.Glob("../../testdata/networks/*.net")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		if _, err := Load(f); err != nil {
			t.Error(err)
		}
	}
	if _, err := Load("no such file"); err == nil {
		t.Error("no error about a file that is not there")
	}
}

func TestParseErrors(t *testing.T) {
	const head = "iface eth0 10.0.0.1/24 2001:db8::1/64 mac 02:00:00:00:00:01\nrouter r1 10.0.0.254\n"
	for _, test := range []struct{ text, want string }{
		{"nonsense", `x.net:3: nonsense: no such statement`},
		{"\n# comment\n\nseed ten", `x.net:6: seed: not a number of 64 bits: "ten"`},
		{"seed", `x.net:3: seed: a word is missing`},
		{"seed 1 2", `x.net:3: seed: not understood: "2"`},
		{"kernel-rst maybe", `neither on nor off: "maybe"`},
		{"sendbuf 10", `a word is missing`},
		{"sendbuf 10 5", `not a rate: "5"`},
		{"sendbuf 10 0/s", `not a rate: "0/s"`},
		{"sendbuf 10 5/sx", `not a rate: "5/sx"`},
		{"coalesce 5", `not a duration: "5"`},
		{"coalesce -5s", `not a duration: "-5s"`},
		{"send-error EGAD 1%", `no such error: "EGAD"`},
		{"send-error EPERM 101%", `not a percentage: "101%"`},
		{"send-error EPERM 1", `not a percentage: "1"`},
		{"send-error EPERM 1% 2s-1s", `not a stretch of time: "2s-1s"`},
		{"source x", `not an address: "x"`},
		{"iface eth0", `"eth0" is there twice`},
		{"iface eth1 10.0.0.1", `no such option: "10.0.0.1"`},
		{"iface eth1 mac 02:00", `not an Ethernet address: "02:00"`},
		{"iface eth1 mac 02:00:00:00:00:1g", `not an Ethernet address`},
		{"route 10.0.0.0/33 via 10.0.0.254", `not a prefix: "10.0.0.0/33"`},
		{"route 0.0.0.0/0 via 192.0.2.1", `192.0.2.1 is on no link declared above`},
		{"route 0.0.0.0/0 dev eth9", `no interface "eth9"`},
		{"route 0.0.0.0/0 somewhere", `no such option: "somewhere"`},
		{"router r1 10.0.0.253", `"r1" is there twice`},
		{"router r2 quote -1", `not a number of 31 bits: "-1"`},
		{"router r2 dscp 64", `not a number of 6 bits: "64"`},
		{"router r2 strip all", `no such TCP option: "all"`},
		{"router r2 fast", `no such option: "fast"`},
		{"router r2\n\tsplit often r1 r1", `neither packet nor flow: "often"`},
		{"router r2\n\tsplit every 0s r1 r1", `every 0s: no time at all`},
		{"router r2\n\tsplit every often r1 r1", `not a duration: "often"`},
		{"router r2\n\tsplit flow r1", `too few ways`},
		{"router r2\n\tsplit flow r1 r2", `no router "r2" above`},
		{"router r2\n\tsplit flow by nose r1 r1", `no such option: "nose"`},
		{"iface eth1\n\tsplit flow r1 r1", `no such statement under iface`},
		{"path 0.0.0.0/0", `too few routers`},
		{"path 0.0.0.0/0 r1 loop", `too few routers`},
		{"path 0.0.0.0/0 r9", `no router "r9" above`},
		{"path 0.0.0.0/0 r1 dead rst", `no such ICMP error: "rst"`},
		{"hosts", `a word is missing`},
		{"hosts ten", `not a prefix: "ten"`},
		{"hosts 10.0.0.2 lazy", `no such option: "lazy"`},
		{"hosts 10.0.0.2\n\ttcp ajar 80", `x.net:4: tcp: no such option: "ajar"`},
		{"hosts 10.0.0.2; tcp open 80-", `x.net:3: tcp: not a list of ports: "80-"`},
		{"hosts 10.0.0.2\n\ttcp open 90-80", `not a list of ports`},
		{"hosts 10.0.0.2\n\ttcp open 65536", `not a list of ports`},
		{"hosts 10.0.0.2\n\ttcp echo 7", `no such option: "echo"`},
		{"hosts 10.0.0.2\n\tudp open 7", `no such option: "open"`},
		{"hosts 10.0.0.2\n\tudp rst 7", `no such option: "rst"`},
		{"hosts 10.0.0.2\n\tudp drop 7 by r1", `nothing that it could send`},
		{"hosts 10.0.0.2\n\tudp port-unreach 7 by r9", `no router "r9" above`},
		{"hosts 10.0.0.2\n\tos cpm", `no such os: "cpm"`},
		{"hosts 10.0.0.2\n\tttl 256", `not a number of 8 bits: "256"`},
		{"hosts 10.0.0.2\n\tno fun", `no such option: "fun"`},
		{"hosts 10.0.0.2\n\tlimit 1", `not a rate: "1"`},
		{"hosts 10.0.0.2\n\tline slow", `line: no such option: "slow"`},
		{"hosts 10.0.0.2\n\thalf-open yes", `neither strict nor linux: "yes"`},
		{"router r2 10.1.0.1\n\trule shrug", `no such option: "shrug"`},
		{"router r2 10.1.0.1\n\trule rst udp 53", `are for tcp`},
		{"router r2 10.1.0.1\n\trule drop icmp if ts", `are for tcp`},
		{"router r2 10.1.0.1\n\trule drop tos low", `not a list of ports: "low"`},
		{"router r2 10.1.0.1\n\trule drop size", `a word is missing`},
		{"router r2 10.1.0.1\n\trule rst back", `only accept and drop`},
		{"router r2 10.1.0.1\n\ttcp open 80", `no such statement under router`},
		{"iface eth1 10.3.0.1/24\n\trule drop", `no such statement under iface`},
	} {
		_, err := Parse("x.net", head+test.text)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "x.net:") {
			t.Errorf("%q: %v, want %s", test.text, err, test.want)
		}
	}
	if _, err := Parse("x.net", "\tline loss 1%"); err == nil || !strings.Contains(err.Error(), "nothing is above") {
		t.Errorf("indented first line: %v", err)
	}
}

// Nothing that the parser accepts or refuses makes it or the network panic.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"lan", "office", "lossy", "bottleneck", "mixed"} {
		f.Add(network(f, name))
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := Parse("x.net", text)
		if err != nil {
			return
		}
		for _, addr := range []string{"10.0.0.2", "10.2.0.10", "2001:db8::2", "127.0.0.1"} {
			n.Truth(netip.MustParseAddr(addr))
			n.PortState(6, netip.MustParseAddr(addr), 80)
		}
	})
}

func TestLaterPortLinesCount(t *testing.T) {
	text := "iface eth0 10.0.0.1/24\nhosts 10.0.0.2\n\ttcp drop; tcp open 1-100; tcp closed 50\nhosts 10.0.0.3\n\ttcp open 50%\n"
	n := mustParse(t, text)
	a := netip.MustParseAddr("10.0.0.2")
	for port, want := range map[uint16]string{1: "open", 50: "closed", 100: "open", 101: "filtered", 65535: "filtered"} {
		if got := n.PortState(6, a, port).String(); got != want {
			t.Errorf("port %d is %s, want %s", port, got, want)
		}
	}
	open := 0
	for port := 1; port < 65536; port++ {
		if n.PortState(6, netip.MustParseAddr("10.0.0.3"), uint16(port)).String() == "open" {
			open++
		}
	}
	if open < 32200 || open > 33300 {
		t.Errorf("%d of 65535 ports are open, want half", open)
	}
}

func TestTruthOfRules(t *testing.T) {
	n := mustParse(t, "iface eth0 10.0.0.1/24\nroute 0.0.0.0/0 via 10.0.0.254\nrouter r1 10.0.0.254\n"+
		"\trule accept tcp 80 to 10.9.0.1\n\trule rst tcp 80\n\trule drop 80-90\n\trule drop tcp 22 50%\npath 0.0.0.0/0 r1\nhosts 10.9.0.0/24\n\ttcp open; udp echo\n")
	for _, test := range []struct {
		addr  string
		proto uint8
		port  uint16
		want  string
	}{
		{"10.9.0.1", 6, 80, "open"}, {"10.9.0.2", 6, 80, "closed"}, {"10.9.0.1", 6, 81, "filtered"}, {"10.9.0.1", 6, 22, "open"},
		{"10.9.0.1", 17, 80, "open|filtered"}, {"10.9.0.1", 17, 91, "open"},
	} {
		if got := n.PortState(test.proto, netip.MustParseAddr(test.addr), test.port).String(); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

func TestAliveShare(t *testing.T) {
	n := mustParse(t, network(t, "wide"))
	alive := 0
	for a := netip.MustParseAddr("10.16.0.0"); n.routes != nil && a.As4()[1] < 17; a = a.Next() {
		if n.Alive(a) {
			alive++
		}
	}
	if alive < 1170 || alive > 1450 { // 2 % of 65536, 4 sigma
		t.Errorf("%d alive, want about 1311", alive)
	}
}

func TestMoreSpecificHosts(t *testing.T) {
	text := "iface eth0 10.0.0.1/8\nhosts 10.0.0.0/8\n\tttl 1\nhosts 10.1.1.1\n\tttl 4\nhosts 10.1.0.0/16 alive 0%\n\tttl 2\nhosts 10.1.1.0/24\n\tttl 3\n"
	n := mustParse(t, text)
	for addr, ttl := range map[string]uint8{"10.2.0.1": 1, "10.1.1.2": 3, "10.1.1.1": 4} {
		if g := n.group(netip.MustParseAddr(addr)); g == nil || g.ttl != ttl {
			t.Errorf("%s: %+v, want TTL %d", addr, g, ttl)
		}
	}
	if n.Alive(netip.MustParseAddr("10.1.2.2")) {
		t.Error("an address of a prefix without hosts is alive")
	}
}

func TestParsedValues(t *testing.T) {
	n := mustParse(t, "seed 42\nsendbuf 10 1000/s\nrcvbuf 5\ncoalesce 1ms\nkernel-rst off\niface eth0 10.0.0.1/24 mtu 1400\n"+
		"\tline loss 1% delay 2ms; line back loss 2% rate 100/s queue 7\nrouter r 10.0.0.2 limit 2/s burst 9")
	l := n.lines[n.ifaces[0].line]
	if n.Seed != 42 || n.sendbuf != 10 || n.drain != time.Millisecond || n.rcvbuf != 5 || n.coalesce != time.Millisecond || n.kernelRST ||
		n.ways[0].MTU != 1400 || l[there].loss != newChance(.01) || l[back].loss != newChance(.02) || l[back].interval != 10*time.Millisecond ||
		l[there].interval != 0 || l[there].delay != l[back].delay || l[back].queue != 7 || n.routers[0].limit != (limit{500 * time.Millisecond, 9}) {
		t.Errorf("%+v %+v", n, l)
	}
}

func TestTruth(t *testing.T) {
	n := mustParse(t, network(t, "office"))
	for _, test := range []struct {
		addr  string
		alive bool
		echo  bool
		neigh bool
		hops  int
	}{
		{"10.2.0.10", true, true, true, 3},
		{"10.2.0.11", false, false, false, 3},
		{"10.3.0.10", true, true, true, 3},
		{"10.0.0.254", true, true, true, 0},
		{"10.1.0.1", true, true, false, 1},
		{"10.0.0.9", false, false, false, 0},
	} {
		got := n.Truth(netip.MustParseAddr(test.addr))
		if got.Alive != test.alive || got.Echo != test.echo || got.Neighbour != test.neigh || got.Hops != test.hops {
			t.Errorf("%s: %+v, want %+v", test.addr, got, test)
		}
		if n.Alive(netip.MustParseAddr(test.addr)) != test.alive {
			t.Errorf("%s: Alive and Truth differ", test.addr)
		}
	}
}
