package output

import "net/netip"

// Privilege is something that this process may do on the network, or may not.
type Privilege struct {
	Name    string // "raw-sockets", "ping"
	Allowed bool
	Missing bool   // it is not allowed, and sonde does worse without it
	Why     string // raw-sockets: a word for what decided it, as schema.json lists them
	Program string // raw-sockets: path of the running program; "": not known
	Drops   uint32 // raw-sockets: capabilities that sonde gives up before its first packet leaves
	Group   uint32 // ping: our group
	Groups  string // ping: net.ipv4.ping_group_range, which lets groups in; "": not known
}

// Limit is a number of this machine that sonde has to live with.
type Limit struct {
	Name        string // "open-files", "sockets", "local-ports", "source-ports"
	Value       uint64 // of open-files and sockets
	First, Last uint16 // of ports
	Shared      bool   // source-ports: the kernel takes from them too
}

// Interface is an interface of this machine.
type Interface struct {
	Name  string
	Index uint32
	State string // "up", "down", "no-carrier"
	Kind  string // "ethernet", "ip": without link-layer addresses, "loopback"
	MTU   uint32
	Addrs []netip.Prefix // ours, with prefix lengths
}

// Route is a default route of this machine.
type Route struct {
	V6     bool
	Kind   string     // "unicast", or what the kernel says instead of sending: "unreachable", "prohibit", ...
	Iface  string     // unicast
	Next   netip.Addr // unicast: the gateway; zero: everybody is on the link
	Source netip.Addr // the preferred one; zero: there is none
	Metric uint32
	Table  uint32 // mainTable, or one that policy rules lead to
}

// mainTable is the routing table that is asked where no rule says otherwise
// (RT_TABLE_MAIN).
const mainTable = 254

// prefix is what a default route leads to.
func (r *Route) prefix() string {
	if r.V6 {
		return "::/0"
	}
	return "0.0.0.0/0"
}

// aboutHere tells whether r is about this machine, and not about what was asked.
func (r *Record) aboutHere() bool { return r.Type >= OfPrivilege }

// fix is a line for the shell that gives the privilege; "" where there is none.
func (p *Privilege) fix() string {
	if !p.Missing {
		return ""
	}
	program := "sonde"
	if p.Program != "" {
		program = shellWord(p.Program)
	}
	switch {
	case p.Name == "ping":
		return `sudo sysctl -w net.ipv4.ping_group_range="0 2147483647"`
	case p.Why == "no-capability":
		return "sudo setcap cap_net_raw+p " + program
	case p.Why == "bounding-set":
		return "docker run --cap-add NET_RAW ..."
	case p.Why == "no-new-privs":
		return "systemd-run --pty --property NoNewPrivileges=no " + program + " ..."
	case p.Why == "nosuid":
		const place = "/usr/local/bin/sonde"
		return "sudo install " + program + " " + place + " && sudo setcap cap_net_raw+p " + place
	}
	return ""
}

// shellWord quotes s so that a shell reads it as one word.
func shellWord(s string) string {
	plain := s != ""
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '/' || c == '.' || c == '_' || c == '-' || c == '+':
		default:
			plain = false
		}
	}
	if plain {
		return s
	}
	var b []byte
	for _, c := range []byte(s) {
		if c == '\'' { // not by a backslash, which text would escape
			b = append(b, `'"'"'`...)
			continue
		}
		b = append(b, c)
	}
	return "'" + string(b) + "'"
}
