package output

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sonde/probe/wire"
	"sonde/scan"
)

func onePrivilege(p Privilege) Record { return Record{Type: OfPrivilege, Privilege: &p} }
func oneLimit(l Limit) Record         { return Record{Type: OfLimit, Limit: &l} }
func oneRoute(r Route) Record         { return Record{Type: OfRoute, Route: &r} }
func oneWay(addr string, w Way) Record {
	return Record{Type: OfWay, Addr: netip.MustParseAddr(addr), Way: &w}
}

func oneInterface(i Interface, mac wire.MAC, addrs ...string) Record {
	for _, a := range addrs {
		i.Addrs = append(i.Addrs, netip.MustParsePrefix(a))
	}
	return Record{Type: OfInterface, MAC: mac, Interface: &i}
}

// raw is how sonde asks on an Ethernet where it may do all.
func raw(w Way) Way {
	w.Iface, w.Index, w.State, w.Kind, w.MTU = "eth0", 2, "up", "ethernet", 1500
	w.TCP, w.UDP, w.Sweep = "raw-ip", "raw-ip", "raw-ip"
	w.Pings = []string{"echo", "syn 443", "ack 80", "timestamp", "udp 53"}
	if w.Neighbour != "" && !w.Next.IsValid() {
		w.Sweep, w.Pings = "frames", []string{"ARP"}
	}
	return w
}

func machineScenarios() []scenario {
	end := func(code int, why string) End {
		return End{Stats: scan.Stats{Complete: true, Loss: -1, ExpectedMissed: -1}, Exit: code, ExitReason: why}
	}
	mac := func(last byte) wire.MAC { return wire.MAC{2, 0, 0, 0, 0, last} }
	addr := netip.MustParseAddr
	limits := []Record{
		oneLimit(Limit{Name: "open-files", Value: 1024}),
		oneLimit(Limit{Name: "sockets", Value: 960}),
		oneLimit(Limit{Name: "local-ports", First: 32768, Last: 60999}),
	}
	all := []scenario{{ // root on a machine with an interface of each kind
		name: "doctor", meta: Meta{Command: "doctor", Args: []string{"doctor"}, Color: true},
		records: slices.Concat([]Record{
			onePrivilege(Privilege{Name: "raw-sockets", Allowed: true, Why: "root", Program: "/usr/bin/sonde", Drops: 41}),
			onePrivilege(Privilege{Name: "ping", Group: 0, Groups: "1 0"}),
			oneInterface(Interface{Name: "lo", Index: 1, State: "up", Kind: "loopback", MTU: 65536}, wire.MAC{}, "127.0.0.1/8", "::1/128"),
			oneInterface(Interface{Name: "eth0", Index: 2, State: "up", Kind: "ethernet", MTU: 1500}, mac(1), "192.0.2.17/24",
				"2001:db8:1234:5678:1234:5678:9abc:def0/64", "2001:db8:1234:5678:abcd:5678:9abc:def0/64", "fe80::1/64"),
			oneInterface(Interface{Name: "wlp0s20f3", Index: 3, State: "no-carrier", Kind: "ethernet", MTU: 1500}, mac(2)),
			oneInterface(Interface{Name: "wg0", Index: 14, State: "up", Kind: "ip", MTU: 1420}, wire.MAC{}, "10.8.0.2/32"),
			oneInterface(Interface{Name: "eth1", Index: 15, State: "down", Kind: "ethernet", MTU: 9000}, mac(3)),
			oneRoute(Route{Kind: "unicast", Iface: "eth0", Next: addr("192.0.2.1"), Source: addr("192.0.2.17"), Metric: 100, Table: 254}),
			oneRoute(Route{Kind: "unicast", Iface: "wg0", Table: 51820}),
			oneRoute(Route{V6: true, Kind: "unicast", Iface: "eth0", Next: addr("fe80::ff"), Metric: 1024, Table: 254}),
			oneRoute(Route{V6: true, Kind: "unreachable", Metric: 4278198272, Table: 254}),
		}, limits, []Record{oneLimit(Limit{Name: "source-ports", First: 61000, Last: 65535})}),
		end: end(0, "ready"),
	}, { // an ordinary user with targets of all kinds
		name: "doctor-user", meta: Meta{Command: "doctor", Methods: []string{"connect"}},
		records: []Record{
			onePrivilege(Privilege{Name: "raw-sockets", Missing: true, Why: "no-capability", Program: "/home/me/it's mine/sonde"}),
			onePrivilege(Privilege{Name: "ping", Missing: true, Group: 1000, Groups: "1 0"}),
			oneWay("127.0.0.1", Way{Iface: "lo", Index: 1, State: "up", Kind: "loopback", MTU: 65536, Source: addr("127.0.0.1"), Local: true,
				TCP: "sockets", UDP: "sockets", Sweep: "sockets", Pings: []string{"connect 443", "connect 80"}}),
		},
		end: end(0, "ready"),
	}, {
		name: "doctor-targets", meta: Meta{Command: "doctor"},
		records: []Record{
			with(oneWay("192.0.2.9", raw(Way{Source: addr("192.0.2.17"), Neighbour: "known"})), func(r *Record) { r.MAC, r.Names = mac(9), []string{"web.example"} }),
			with(oneWay("2001:db8::9", raw(Way{Source: addr("2001:db8::17"), Next: addr("fe80::ff"), Neighbour: "unknown", Spare: true})), func(r *Record) { r.Names = []string{"web.example"} }),
			with(oneWay("198.51.100.7", raw(Way{Source: addr("192.0.2.17"), Next: addr("192.0.2.1"), Neighbour: "known"})), func(r *Record) { r.MAC = mac(0xff) }),
			oneWay("192.0.2.99", raw(Way{Source: addr("192.0.2.17"), Neighbour: "failed"})),
			oneWay("192.0.2.0", raw(Way{Last: addr("192.0.2.16"), Source: addr("192.0.2.17"), Neighbour: "each", Known: 1})),
			oneWay("192.0.2.17", Way{Last: addr("192.0.2.17"), Iface: "lo", Index: 1, State: "up", Kind: "loopback", MTU: 65536, Source: addr("192.0.2.17"), Local: true,
				TCP: "raw-ip", UDP: "raw-ip", Sweep: "raw-ip", Pings: []string{"echo"}}),
			oneWay("192.0.2.18", raw(Way{Last: addr("192.0.2.255"), Source: addr("192.0.2.17"), Neighbour: "each", Known: 2})),
			oneWay("198.51.100.8", Way{Iface: "eth1", Index: 5, State: "no-carrier", Kind: "ethernet", MTU: 1500, Source: addr("10.42.48.1"), Foreign: true,
				Neighbour: "unknown", TCP: "frames", UDP: "frames", Sweep: "frames", Pings: []string{"echo"}}),
			oneWay("10.8.0.9", Way{Iface: "wg0", Index: 14, State: "up", Kind: "ip", MTU: 1420, Source: addr("10.8.0.2"),
				TCP: "raw-ip", UDP: "raw-ip", Sweep: "raw-ip", Pings: []string{"echo", "syn 443", "ack 80", "timestamp", "udp 53"}}),
			oneWay("10.9.0.0", Way{Last: addr("10.9.0.255"), Errno: uint16(syscall.ENETUNREACH)}),
			oneWay("10.9.2.0", Way{Last: addr("10.9.3.255"), Errno: uint16(syscall.ENETUNREACH)}),
			oneWay("10.9.1.1", Way{Iface: "eth1", Index: 5, State: "down", Kind: "ethernet", Errno: uint16(syscall.ENETUNREACH)}),
			oneWay("10.9.1.2", Way{Iface: "eth0", Index: 2, State: "up", Kind: "ethernet", Errno: uint16(syscall.ENETUNREACH)}),
			oneWay("10.9.1.3", Way{Errno: uint16(syscall.EHOSTUNREACH)}),
			oneWay("10.9.1.4", Way{Errno: uint16(syscall.EACCES)}),
			oneWay("10.9.1.5", Way{Errno: uint16(syscall.EINVAL)}),
			oneWay("fe80::5", Way{Errno: uint16(syscall.EINVAL)}),
			oneWay("fe80::5%eth9", Way{Errno: uint16(syscall.ENODEV)}),
			oneWay("2001:db8::6", Way{Errno: uint16(syscall.EADDRNOTAVAIL)}),
			oneWay("10.9.1.6", Way{Errno: uint16(syscall.EIO)}),
		},
		end: end(4, "local-error"),
	}}
	// Each reason, with what to do about it.
	why := scenario{name: "doctor-why", meta: Meta{Command: "doctor", Methods: []string{"connect"}}, end: end(0, "ready")}
	for _, word := range []string{"file-capability", "capability", "bounding-set", "no-new-privs", "nosuid", "user-namespace", "refused"} {
		allowed := strings.HasSuffix(word, "capability")
		why.records = append(why.records, onePrivilege(Privilege{Name: "raw-sockets", Allowed: allowed, Missing: !allowed, Why: word, Program: "/opt/sonde"}))
	}
	why.records = append(why.records, onePrivilege(Privilege{Name: "ping", Allowed: true, Group: 5, Groups: "0 2147483647"}),
		oneLimit(Limit{Name: "source-ports", First: 61000, Last: 65535, Shared: true}),
		oneInterface(Interface{Name: hostile, Index: 9, State: "up", Kind: "ip", MTU: 1280}, wire.MAC{}))
	return append(all, why)
}

func with(r Record, f func(r *Record)) Record { f(&r); return r }

// validMachine makes what is random about this machine something that cmd could
// have found, so that the schema applies.
func validMachine(r *Record) {
	pick := func(s string, of ...string) string { return of[len(s)%len(of)] }
	states, kinds := []string{"up", "down", "no-carrier"}, []string{"ethernet", "ip", "loopback"}
	methods := []string{"raw-ip", "frames", "sockets"}
	if r.Privilege == nil {
		r.Privilege = new(Privilege)
	}
	if r.Limit == nil {
		r.Limit = new(Limit)
	}
	if r.Interface == nil {
		r.Interface = new(Interface)
	}
	if r.Route == nil {
		r.Route = new(Route)
	}
	if r.Way == nil {
		r.Way = new(Way)
	}
	p, l, i, o, w := r.Privilege, r.Limit, r.Interface, r.Route, r.Way
	p.Why = pick(p.Why, "root", "no-capability", "bounding-set", "nosuid", "no-new-privs", "refused")
	p.Name = pick(p.Name, "raw-sockets", "ping")
	l.Name = pick(l.Name, "open-files", "sockets", "local-ports", "source-ports")
	i.State, i.Kind = pick(i.State, states...), pick(i.Kind, kinds...)
	o.Kind = pick(o.Kind, "unicast", "unreachable", "blackhole")
	w.State, w.Kind = pick(w.State, states...), pick(w.Kind, kinds...)
	w.TCP, w.UDP, w.Sweep = pick(w.TCP, methods...), pick(w.UDP, methods...), pick(w.Sweep, methods...)
	w.Neighbour = pick(w.Neighbour, "known", "unknown", "failed", "each")
	w.Iface += "0"
	if !w.Source.IsValid() {
		w.Source = link
	}
}

// TestDoctorSchema: the lists in the schema are those of the words.
func TestDoctorSchema(t *testing.T) {
	var doc struct {
		Defs map[string]struct {
			Properties map[string]struct{ Enum []string }
		} `json:"$defs"`
	}
	if err := json.Unmarshal([]byte(Schema()), &doc); err != nil {
		t.Fatal(err)
	}
	var words []string
	for word := range grantWords {
		words = append(words, word)
	}
	slices.Sort(words)
	enum := slices.Sorted(slices.Values(doc.Defs["privilege"].Properties["why"].Enum))
	if !slices.Equal(words, enum) {
		t.Errorf("privileges: schema %q, words %q", enum, words)
	}
	for errno := range syscall.Errno(134) {
		for _, addr := range []string{"10.0.0.1", "fe80::1"} {
			w := noWay(netip.MustParseAddr(addr), &Way{Errno: uint16(errno)})
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
