package output

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"sonde/probe/wire"
	"sonde/scan/report"
)

func (f *text) AppendMachine(b []byte, m *Machine) []byte {
	f.machine = true
	if len(m.Privileges) > 0 {
		b = f.appendPrivileges(f.gap(b), m.Privileges)
	}
	if len(m.Interfaces) > 0 {
		b = appendInterfaces(f.gap(b), m.Interfaces)
		routes := routeTable(m.Routes)
		routes.fit(f.Width)
		b = routes.all(f.gap(b))
	}
	if len(m.Limits) > 0 {
		limits := limitTable(m.Limits)
		limits.fit(f.Width)
		b = limits.all(f.gap(b))
	}
	if len(f.scan.Defaults) > 0 {
		defaults := defaultTable(f.scan.Defaults)
		defaults.fit(f.Width)
		b = defaults.all(f.gap(b))
	}
	return f.appendWays(b, m.Ways)
}

// defaultTable has the flags that have defaults, the strongest first.
func defaultTable(list []report.Default) (c columns) {
	c.row("DEFAULT", "VALUE", "OF", "FROM")
	for i := range list {
		d := &list[i]
		c.row("--"+Escape(d.Flag), Escape(d.Value), cmp.Or(Escape(d.Command), "all commands"), Escape(d.From))
	}
	return c
}

// appendInterfaces writes a line for each interface and its addresses below it.
func appendInterfaces(b []byte, list []report.Interface) []byte {
	c := interfaceTable(list)
	b = c.append(b, 0, nil)
	for i := range list {
		b = c.append(b, i+1, nil)
		if words := addrWords(&list[i]); words != nil {
			b = append(appendList(append(b, "  "...), words), '\n')
		}
	}
	return b
}

// addrWords are the addresses of an interface.
func addrWords(n *report.Interface) (words []string) {
	for _, p := range n.Addrs {
		words = append(words, p.String())
	}
	return words
}

func interfaceTable(list []report.Interface) (c columns) {
	c.row("INTERFACE", "INDEX", "STATE", "KIND", "MTU", "MAC")
	for i := range list {
		n := &list[i]
		mac := ""
		if n.MAC != (wire.MAC{}) {
			mac = string(appendMAC(nil, n.MAC))
		}
		c.row(Escape(n.Name), strconv.FormatUint(uint64(n.Index), 10), stateWord(n.State), kindWord(n.Kind),
			strconv.FormatUint(uint64(n.MTU), 10), mac)
	}
	return c
}

// lineWidth is that of a terminal which nobody made wider.
const lineWidth = 80

// appendList writes words with commas between them, in lines of lineWidth. The
// first stands behind at most two blanks, which further lines begin with.
func appendList(b []byte, words []string) []byte {
	used := gutter
	for i, word := range words {
		if i > 0 {
			b = append(b, ',')
			used += len(", ")
			if used+len(word)+len(",") > lineWidth {
				b = append(b, "\n  "...)
				used = gutter
			} else {
				b = append(b, ' ')
			}
		}
		b = append(b, word...)
		used += len(word)
	}
	return b
}

func stateWord(state string) string {
	if state == "no-carrier" {
		return "no carrier"
	}
	return Escape(state)
}

func kindWord(kind string) string {
	switch kind {
	case "ethernet":
		return "Ethernet"
	case "ip":
		return "IP only"
	}
	return Escape(kind)
}

// routeTable has the default routes of both families, or says that there is none.
func routeTable(list []report.Route) (c columns) {
	c.row("DEFAULT ROUTE", "INTERFACE", "NEXT HOP", "SOURCE", "METRIC", "TABLE")
	for _, v6 := range []bool{false, true} {
		name, none := "IPv4", true
		if v6 {
			name = "IPv6"
		}
		for i := range list {
			r := &list[i]
			if r.V6 != v6 {
				continue
			}
			none = false
			next, source, table := "on the link", "", ""
			switch {
			case r.Kind != "unicast":
				next = Escape(r.Kind)
			case r.Next.IsValid():
				next = string(appendAddr(nil, r.Next))
			}
			if r.Source.IsValid() {
				source = string(appendAddr(nil, r.Source))
			}
			if r.Table != report.MainTable {
				table = strconv.FormatUint(uint64(r.Table), 10)
			}
			c.row(name, Escape(r.Iface), next, source, strconv.FormatUint(uint64(r.Metric), 10), table)
		}
		if none {
			c.row(name, "none")
		}
	}
	return c
}

func limitTable(list []report.Limit) (c columns) {
	c.row("LIMIT", "VALUE", "")
	for i := range list {
		l := &list[i]
		value := strconv.FormatUint(l.Value, 10)
		if l.Last > 0 {
			value = fmt.Sprintf("%d-%d", l.First, l.Last)
		}
		c.row(Escape(strings.ReplaceAll(l.Name, "-", " ")), value, meaning(l))
	}
	return c
}

// meaning says what the limit limits.
func meaning(l *report.Limit) string {
	switch {
	case l.Name == "open-files":
		return "at most, of this process"
	case l.Name == "sockets":
		return "questions at once, where the kernel asks"
	case l.Name == "local-ports":
		return "where the kernel takes source ports from"
	case l.Shared:
		return "where sonde takes its own from, and the kernel too"
	}
	return "where sonde takes its own from"
}
