package output

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

func way(addr string, w report.Way) *report.Way {
	w.Addr = netip.MustParseAddr(addr)
	return &w
}

func iface(i report.Interface, mac wire.MAC, addrs ...string) *report.Interface {
	i.MAC = mac
	for _, a := range addrs {
		i.Addrs = append(i.Addrs, netip.MustParsePrefix(a))
	}
	return &i
}

// raw is how sonde asks on an Ethernet where it may do all.
func raw(w report.Way) report.Way {
	w.Iface, w.Index, w.State, w.Kind, w.MTU = "eth0", 2, "up", "ethernet", 1500
	w.TCP, w.UDP, w.Sweep = "raw-ip", "raw-ip", "raw-ip"
	w.Pings = []string{"echo", "syn 443", "ack 80", "timestamp", "udp 53"}
	if w.Neighbour != "" && !w.Next.IsValid() {
		w.Sweep, w.Pings = "frames", []string{"ARP"}
	}
	return w
}

func machineScenarios() []scenario {
	end := func(code int, why string) report.End {
		return report.End{Complete: true, Loss: -1, ExpectedMissed: -1, Exit: code, ExitReason: why}
	}
	mac := func(last byte) wire.MAC { return wire.MAC{2, 0, 0, 0, 0, last} }
	addr := netip.MustParseAddr
	limits := []report.Record{
		&report.Limit{Name: "open-files", Value: 1024},
		&report.Limit{Name: "sockets", Value: 960},
		&report.Limit{Name: "local-ports", First: 32768, Last: 60999},
	}
	all := []scenario{{ // root on a machine with an interface of each kind
		name: "doctor", opts: Options{Color: true}, scan: report.Scan{Command: "doctor", Args: []string{"doctor"},
			Defaults: []report.Default{{Flag: "rate", Value: "100", From: "SONDE_RATE"}, {Command: "tcp", Flag: "top", Value: "10", From: "/home/a\x1b/.config/sonde/config.toml:7"}}},
		records: slices.Concat([]report.Record{
			&report.Privilege{Name: "raw-sockets", Allowed: true, Why: "root", Program: "/usr/bin/sonde", Drops: 41},
			&report.Privilege{Name: "ping", Group: 0, Groups: "1 0"},
			&report.Privilege{Name: "xdp", Allowed: true},
			&report.Privilege{Name: "landlock", Allowed: true, Version: 7},
			&report.Privilege{Name: "seccomp", Allowed: true},
			iface(report.Interface{Name: "lo", Index: 1, State: "up", Kind: "loopback", MTU: 65536}, wire.MAC{}, "127.0.0.1/8", "::1/128"),
			iface(report.Interface{Name: "eth0", Index: 2, State: "up", Kind: "ethernet", MTU: 1500}, mac(1), "192.0.2.17/24",
				"2001:db8:1234:5678:1234:5678:9abc:def0/64", "2001:db8:1234:5678:abcd:5678:9abc:def0/64", "fe80::1/64"),
			iface(report.Interface{Name: "wlp0s20f3", Index: 3, State: "no-carrier", Kind: "ethernet", MTU: 1500}, mac(2)),
			iface(report.Interface{Name: "wg0", Index: 14, State: "up", Kind: "ip", MTU: 1420}, wire.MAC{}, "10.8.0.2/32"),
			iface(report.Interface{Name: "eth1", Index: 15, State: "down", Kind: "ethernet", MTU: 9000}, mac(3)),
			&report.Route{Kind: "unicast", Iface: "eth0", Next: addr("192.0.2.1"), Source: addr("192.0.2.17"), Metric: 100, Table: 254},
			&report.Route{Kind: "unicast", Iface: "wg0", Table: 51820},
			&report.Route{V6: true, Kind: "unicast", Iface: "eth0", Next: addr("fe80::ff"), Metric: 1024, Table: 254},
			&report.Route{V6: true, Kind: "unreachable", Metric: 4278198272, Table: 254},
		}, limits, []report.Record{&report.Limit{Name: "source-ports", First: 61000, Last: 65535}}),
		end: end(0, "ready"),
	}, { // an ordinary user with targets of all kinds
		name: "doctor-user", scan: report.Scan{Command: "doctor", Methods: []string{"connect"}},
		records: []report.Record{
			&report.Privilege{Name: "raw-sockets", Missing: true, Why: "no-capability", Program: "/home/me/it's mine/sonde"},
			&report.Privilege{Name: "ping", Missing: true, Group: 1000, Groups: "1 0"},
			way("127.0.0.1", report.Way{Iface: "lo", Index: 1, State: "up", Kind: "loopback", MTU: 65536, Source: addr("127.0.0.1"), Local: true,
				TCP: "sockets", UDP: "sockets", Sweep: "sockets", Pings: []string{"connect 443", "connect 80"}}),
		},
		end: end(0, "ready"),
	}, {
		name: "doctor-targets", scan: report.Scan{Command: "doctor"},
		records: []report.Record{
			with(way("192.0.2.9", raw(report.Way{Source: addr("192.0.2.17"), Neighbour: "known"})), func(w *report.Way) { w.MAC, w.Name = mac(9), "web.example" }),
			with(way("2001:db8::9", raw(report.Way{Source: addr("2001:db8::17"), Next: addr("fe80::ff"), Neighbour: "unknown", Spare: true})), func(w *report.Way) { w.Name = "web.example" }),
			with(way("198.51.100.7", raw(report.Way{Source: addr("192.0.2.17"), Next: addr("192.0.2.1"), Neighbour: "known"})), func(w *report.Way) { w.MAC = mac(0xff) }),
			way("192.0.2.99", raw(report.Way{Source: addr("192.0.2.17"), Neighbour: "failed"})),
			way("192.0.2.0", raw(report.Way{Last: addr("192.0.2.16"), Source: addr("192.0.2.17"), Neighbour: "each", Known: 1})),
			way("192.0.2.17", report.Way{Last: addr("192.0.2.17"), Iface: "lo", Index: 1, State: "up", Kind: "loopback", MTU: 65536, Source: addr("192.0.2.17"), Local: true,
				TCP: "raw-ip", UDP: "raw-ip", Sweep: "raw-ip", Pings: []string{"echo"}}),
			way("192.0.2.18", raw(report.Way{Last: addr("192.0.2.255"), Source: addr("192.0.2.17"), Neighbour: "each", Known: 2})),
			way("198.51.100.8", report.Way{Iface: "eth1", Index: 5, State: "no-carrier", Kind: "ethernet", MTU: 1500, Source: addr("10.42.48.1"), Foreign: true,
				Neighbour: "unknown", TCP: "frames", UDP: "frames", Sweep: "frames", Pings: []string{"echo"}}),
			way("10.8.0.9", report.Way{Iface: "wg0", Index: 14, State: "up", Kind: "ip", MTU: 1420, Source: addr("10.8.0.2"),
				TCP: "raw-ip", UDP: "raw-ip", Sweep: "raw-ip", Pings: []string{"echo", "syn 443", "ack 80", "timestamp", "udp 53"}}),
			way("10.9.0.0", report.Way{Last: addr("10.9.0.255"), Errno: uint16(syscall.ENETUNREACH)}),
			way("10.9.2.0", report.Way{Last: addr("10.9.3.255"), Errno: uint16(syscall.ENETUNREACH)}),
			way("10.9.1.1", report.Way{Iface: "eth1", Index: 5, State: "down", Kind: "ethernet", Errno: uint16(syscall.ENETUNREACH)}),
			way("10.9.1.2", report.Way{Iface: "eth0", Index: 2, State: "up", Kind: "ethernet", Errno: uint16(syscall.ENETUNREACH)}),
			way("10.9.1.3", report.Way{Errno: uint16(probe.RouteUnreachable)}),
			way("10.9.1.4", report.Way{Errno: uint16(probe.RouteProhibited)}),
			way("10.9.1.5", report.Way{Errno: uint16(probe.RouteBlackhole)}),
			way("10.9.1.255", report.Way{Errno: uint16(probe.Broadcast)}),
			way("10.9.1.7", report.Way{Iface: "eth1", Index: 5, State: "no-carrier", Kind: "ethernet", Errno: uint16(probe.NoCarrier)}),
			way("fe80::5", report.Way{Errno: uint16(probe.NoZone)}),
			way("fe80::5%eth9", report.Way{Errno: uint16(syscall.ENODEV)}),
			way("2001:db8::6", report.Way{Errno: uint16(syscall.EADDRNOTAVAIL)}),
			way("10.9.1.6", report.Way{Errno: uint16(syscall.EIO)}),
		},
		end: end(4, "local-error"),
	}}
	// Each reason, with what to do about it.
	why := scenario{name: "doctor-why", scan: report.Scan{Command: "doctor", Methods: []string{"connect"}}, end: end(0, "ready")}
	for _, word := range []string{"file-capability", "capability", "bounding-set", "no-new-privs", "nosuid", "user-namespace", "refused"} {
		allowed := strings.HasSuffix(word, "capability")
		why.records = append(why.records, &report.Privilege{Name: "raw-sockets", Allowed: allowed, Missing: !allowed, Why: word, Program: "/opt/sonde"})
	}
	why.records = append(why.records, &report.Privilege{Name: "ping", Allowed: true, Group: 5, Groups: "0 2147483647"},
		&report.Privilege{Name: "xdp", Why: "kernel"}, &report.Privilege{Name: "xdp", Why: "no-capability"}, &report.Privilege{Name: "xdp", Why: "user-namespace"},
		&report.Privilege{Name: "xdp", Why: "refused"}, &report.Privilege{Name: "landlock", Why: "kernel"}, &report.Privilege{Name: "landlock", Why: "refused"},
		&report.Privilege{Name: "seccomp", Why: "kernel"}, &report.Privilege{Name: "seccomp", Why: "refused"}, &report.Privilege{Name: "seccomp", Why: "processor"},
		&report.Limit{Name: "source-ports", First: 61000, Last: 65535, Shared: true},
		iface(report.Interface{Name: hostile, Index: 9, State: "up", Kind: "ip", MTU: 1280}, wire.MAC{}))
	return append(all, why)
}

// TestDoctorSchema: the lists in the schema are those of the words.
func TestDoctorSchema(t *testing.T) {
	var doc struct {
		Defs map[string]struct {
			Enum       []string
			Properties map[string]struct{ Enum []string }
		} `json:"$defs"`
	}
	if err := json.Unmarshal([]byte(Schema()), &doc); err != nil {
		t.Fatal(err)
	}
	for words, enum := range map[*[]string][]string{
		new(grants()):   doc.Defs["privilege"].Properties["why"].Enum,
		&privilegeNames: doc.Defs["privilege"].Properties["name"].Enum,
		&limitNames:     doc.Defs["limit"].Properties["name"].Enum,
		&ifaceStates:    doc.Defs["ifState"].Enum,
		&ifaceKinds:     doc.Defs["ifKind"].Enum,
		&routeKinds:     doc.Defs["route"].Properties["kind"].Enum,
		&neighbours:     doc.Defs["way"].Properties["neighbour"].Enum,
		&wayMethods:     doc.Defs["method"].Enum,
	} {
		if !slices.Equal(slices.Sorted(slices.Values(*words)), slices.Sorted(slices.Values(enum))) {
			t.Errorf("schema %q, program %q", enum, *words)
		}
	}
	for errno := range syscall.Errno(134) {
		for _, addr := range []string{"10.0.0.1", "fe80::1"} {
			w := noWay(&report.Way{Addr: netip.MustParseAddr(addr), Errno: uint16(errno)})
			if !slices.Contains(doc.Defs["way"].Properties["why"].Enum, w) {
				t.Errorf("%v is %q, which the schema does not know", errno, w)
			}
		}
	}
	valid := validator(t)
	const way = `{"type":"way","addr":"10.0.0.1","iface":"eth0","index":2,"state":"up","kind":"ethernet","mtu":1500,"source":"10.0.0.2","tcp":"raw-ip","udp":"raw-ip","sweep":"frames","pings":[]}`
	if err := valid(way); err != nil {
		t.Fatal(err)
	}
	for old, bad := range map[string]string{`"type":"way"`: `"type":"route"`, `,"mtu":1500`: ``, `"raw-ip","udp"`: `"raw","udp"`, `,"index":2`: ``,
		`"pings":[]`: `"pings":[],"why":"no-route","error":"x"`, `"index":2`: `"index":-1`, `"kind":"ethernet"`: `"kind":"token-ring"`} {
		if line := strings.Replace(way, old, bad, 1); line == way || valid(line) == nil {
			t.Errorf("%s in the place of %s is accepted", bad, old)
		}
	}
}

// TestShellWord: what a shell makes of a quoted word is the word.
func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{
		"/usr/local/bin/sonde-0.1+x_y": "/usr/local/bin/sonde-0.1+x_y",
		"/home/a b/sonde":              "'/home/a b/sonde'",
		"it's":                         `'it'"'"'s'`,
		"$(x)`y`\"":                    "'$(x)`y`\"'",
		"":                             "''",
	} {
		if got := shellWord(word); got != want {
			t.Errorf("%q: %s, want %s", word, got, want)
		}
	}
}
