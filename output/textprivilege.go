package output

import (
	"slices"

	"sonde/probe"
)

// appendPrivileges writes what is allowed and why, what follows from that, and
// what to type where something is missing.
func (f *Text) appendPrivileges(b []byte) []byte {
	var c columns
	c.row("PRIVILEGE", "HERE", "WHY")
	for i := range f.here.privileges {
		p := &f.here.privileges[i]
		c.row(p.label(), yesNo(p.Allowed), Escape(p.reason()))
	}
	for i := range c.rows {
		b = c.append(b, i, f.paintYesNo)
	}
	raw, ping := f.here.privilege("raw-sockets"), f.here.privilege("ping")
	switch {
	case slices.Contains(f.meta.Methods, "raw"):
		b = append(b, "\nsonde sends packets of its own. Before the first one leaves, it gives up "...)
		if raw != nil && raw.Drops == 1 {
			b = append(b, "this\ncapability.\n"...)
		} else {
			b = append(b, "all of\nits capabilities.\n"...)
		}
	case ping != nil && ping.Allowed:
		b = append(b, "\nThe kernel asks for sonde: by connect, UDP sockets and echo requests.\n"...)
	default:
		b = append(b, "\nThe kernel asks for sonde: by connect and UDP sockets, without echo requests.\n"...)
	}
	for i := range f.here.privileges {
		p := &f.here.privileges[i]
		if fix := p.fix(); fix != "" {
			b = append(append(b, p.fixWords()...), "\n  "...)
			b = append(AppendText(b, fix), '\n')
		}
	}
	return b
}

func (h *machine) privilege(name string) *Privilege {
	for i := range h.privileges {
		if h.privileges[i].Name == name {
			return &h.privileges[i]
		}
	}
	return nil
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// paintYesNo colours the second column below its head.
func (f *Text) paintYesNo(column int, b []byte, text string) []byte {
	switch {
	case column == 1 && text == "yes":
		return f.paint(b, probe.Up, text)
	case column == 1 && text == "no":
		return f.paint(b, probe.Filtered, text)
	}
	return append(b, text...)
}

// label is the privilege's name for people.
func (p *Privilege) label() string {
	switch p.Name {
	case "raw-sockets":
		return "raw sockets"
	case "ping":
		return "echo by the kernel"
	}
	return Escape(p.Name)
}

// grantWords are the values of Why of raw sockets.
var grantWords = map[string]string{
	"root":            "you are root",
	"file-capability": "the program's file has cap_net_raw",
	"capability":      "whoever started sonde gave it CAP_NET_RAW",
	"no-capability":   "neither you nor the program has CAP_NET_RAW",
	"bounding-set":    "no CAP_NET_RAW in the bounding set: a container?",
	"no-new-privs":    "the file's cap_net_raw is void by no_new_privs",
	"nosuid":          "the file's cap_net_raw is void on a nosuid mount",
	"user-namespace":  "this network is of another user namespace",
	"refused":         "refused in spite of CAP_NET_RAW: seccomp?",
}

// reason says why the privilege is there or not.
func (p *Privilege) reason() string {
	if p.Name != "ping" {
		return grantWords[p.Why]
	}
	groups := "net.ipv4.ping_group_range"
	if p.Groups != "" {
		groups += " (" + p.Groups + ")"
	}
	if p.Allowed {
		return groups + " lets you"
	}
	return groups + " leaves you out"
}

// fixWords stand above the line to type.
func (p *Privilege) fixWords() string {
	switch p.Why {
	case "bounding-set":
		return "\nFor packets of sonde's own, start its container with that capability, as in:"
	case "no-new-privs":
		return "\nFor packets of sonde's own, start it without no_new_privs, as in:"
	}
	if p.Name == "ping" {
		return "\nFor echo requests by the kernel, for all users:"
	}
	return "\nFor packets of sonde's own, once and for all users:"
}
