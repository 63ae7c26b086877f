package output

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// machine is what text holds of the records about this machine: all of them,
// since tables are lined up and there are no more than interfaces and ways.
type machine struct {
	any        bool
	privileges []Privilege
	limits     []Limit
	interfaces []Record
	routes     []Route
	ways       []wayLines
}

func (h *machine) add(r *Record) {
	h.any = true
	switch r.Type {
	case OfPrivilege:
		h.privileges = append(h.privileges, *r.Privilege)
	case OfLimit:
		h.limits = append(h.limits, *r.Limit)
	case OfInterface:
		i := *r.Interface
		i.Addrs = slices.Clone(i.Addrs)
		h.interfaces = append(h.interfaces, Record{MAC: r.MAC, Interface: &i})
	case OfRoute:
		h.routes = append(h.routes, *r.Route)
	case OfWay:
		h.addWay(r)
	}
}

func (f *Text) appendMachine(b []byte) []byte {
	h := &f.here
	if len(h.privileges) > 0 {
		b = f.appendPrivileges(f.gap(b))
	}
	if len(h.interfaces) > 0 {
		b = f.appendInterfaces(f.gap(b))
		b = f.appendDefaultRoutes(f.gap(b))
	}
	if len(h.limits) > 0 {
		b = f.appendLimits(f.gap(b))
	}
	return f.appendWays(b)
}

// appendInterfaces writes a line for each interface and its addresses below it.
func (f *Text) appendInterfaces(b []byte) []byte {
	var c columns
	c.row("INTERFACE", "INDEX", "STATE", "KIND", "MTU", "MAC")
	for i := range f.here.interfaces {
		r := &f.here.interfaces[i]
		mac := ""
		if r.MAC != [6]byte{} {
			mac = string(appendMAC(nil, r.MAC))
		}
		n := r.Interface
		c.row(Escape(n.Name), strconv.FormatUint(uint64(n.Index), 10), stateWord(n.State), kindWord(n.Kind),
			strconv.FormatUint(uint64(n.MTU), 10), mac)
	}
	b = c.append(b, 0, nil)
	for i := range f.here.interfaces {
		b = c.append(b, i+1, nil)
		if addrs := f.here.interfaces[i].Interface.Addrs; len(addrs) > 0 {
			var words []string
			for _, p := range addrs {
				words = append(words, p.String())
			}
			b = append(appendList(append(b, "  "...), words), '\n')
		}
	}
	return b
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

// appendDefaultRoutes writes those of both families, or that there is none.
func (f *Text) appendDefaultRoutes(b []byte) []byte {
	var c columns
	c.row("DEFAULT ROUTE", "INTERFACE", "NEXT HOP", "SOURCE", "METRIC", "TABLE")
	for _, v6 := range []bool{false, true} {
		name, none := "IPv4", true
		if v6 {
			name = "IPv6"
		}
		for i := range f.here.routes {
			r := &f.here.routes[i]
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
			if r.Table != mainTable {
				table = strconv.FormatUint(uint64(r.Table), 10)
			}
			c.row(name, Escape(r.Iface), next, source, strconv.FormatUint(uint64(r.Metric), 10), table)
		}
		if none {
			c.row(name, "none")
		}
	}
	for i := range c.rows {
		b = c.append(b, i, nil)
	}
	return b
}

func (f *Text) appendLimits(b []byte) []byte {
	var c columns
	c.row("LIMIT", "VALUE", "")
	for i := range f.here.limits {
		l := &f.here.limits[i]
		value := strconv.FormatUint(l.Value, 10)
		if l.Last > 0 {
			value = fmt.Sprintf("%d-%d", l.First, l.Last)
		}
		c.row(Escape(strings.ReplaceAll(l.Name, "-", " ")), value, l.meaning())
	}
	for i := range c.rows {
		b = c.append(b, i, nil)
	}
	return b
}

// meaning says what the limit limits.
func (l *Limit) meaning() string {
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
