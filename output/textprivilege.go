package output

import (
	"fmt"
	"maps"
	"slices"

	"sonde/probe"
	"sonde/scan/report"
)

// appendPrivileges writes what is allowed and why, what follows from that, and
// what to type where something is missing.
func (f *text) appendPrivileges(b []byte, list []report.Privilege) []byte {
	c := privilegeTable(list)
	c.fit(f.Width)
	for i := range c.rows {
		b = c.append(b, i, f.paintYesNo)
	}
	b = f.appendConsequence(append(b, '\n'), list)
	for i := range list {
		p := &list[i]
		if line := fix(p); line != "" {
			b = append(append(append(b, '\n'), fixWords(p)...), "\n  "...)
			b = append(AppendText(b, line), '\n')
		}
	}
	return b
}

func privilegeTable(list []report.Privilege) (c columns) {
	c.row("PRIVILEGE", "HERE", "WHY")
	for i := range list {
		p := &list[i]
		c.row(label(p), yesNo(p.Allowed), Escape(grant(p)))
	}
	return c
}

// appendConsequence writes what follows from what is allowed.
func (f *text) appendConsequence(b []byte, list []report.Privilege) []byte {
	raw, ping := privilege(list, "raw-sockets"), privilege(list, "ping")
	switch {
	case slices.Contains(f.scan.Methods, "raw"):
		b = append(b, "sonde sends packets of its own. Before the first one leaves, it gives up "...)
		if raw != nil && raw.Drops == 1 {
			b = append(b, "this\ncapability.\n"...)
		} else {
			b = append(b, "all of\nits capabilities.\n"...)
		}
	case ping != nil && ping.Allowed:
		b = append(b, "The kernel asks for sonde: by connect, UDP sockets and echo requests.\n"...)
	default:
		b = append(b, "The kernel asks for sonde: by connect and UDP sockets, without echo requests.\n"...)
	}
	return b
}

// privilege returns the one of that name, nil if it is not there.
func privilege(list []report.Privilege, name string) *report.Privilege {
	for i := range list {
		if list[i].Name == name {
			return &list[i]
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
func (f *text) paintYesNo(column int, b []byte, text string) []byte {
	switch {
	case column == 1 && text == "yes":
		return f.paint(b, probe.Up, text)
	case column == 1 && text == "no":
		return f.paint(b, probe.Filtered, text)
	}
	return append(b, text...)
}

// label is the privilege's name for people.
func label(p *report.Privilege) string {
	switch p.Name {
	case "raw-sockets":
		return "raw sockets"
	case "ping":
		return "echo by the kernel"
	case "xdp":
		return "XDP"
	case "landlock":
		return "Landlock"
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

// meansWords say what a means does, and by Why what keeps it from that.
var meansWords = map[string]map[string]string{
	"xdp": {
		"":               "tcp --via xdp has a program in the kernel ask",
		"kernel":         "this kernel has none that send: Linux 5.18 has",
		"no-capability":  "it takes root, or cap_net_raw,cap_bpf,cap_perfmon,cap_net_admin+p of the file",
		"user-namespace": "whoever is root of a user namespace only loads none",
		"refused":        "a sandbox refuses it, or lockdown does",
	},
	"landlock": {
		"":        "takes all files away but those that a run needs",
		"kernel":  "this kernel has none, or it is off: files stay within reach",
		"refused": "a sandbox refuses it: files stay within reach",
	},
	"seccomp": {
		"":          "no program is started, no other process looked into",
		"kernel":    "this kernel has none: all system calls stay within reach",
		"refused":   "a sandbox refuses it: its own limits hold",
		"processor": "not for this processor: all system calls stay within reach",
	},
}

// grant says why the privilege is there or not.
func grant(p *report.Privilege) string {
	if words, ok := meansWords[p.Name]; ok {
		if p.Version != 0 {
			return fmt.Sprintf("version %d %s", p.Version, words[p.Why])
		}
		return words[p.Why]
	}
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
func fixWords(p *report.Privilege) string {
	switch p.Why {
	case "bounding-set":
		return "For packets of sonde's own, start its container with that capability, as in:"
	case "no-new-privs":
		return "For packets of sonde's own, start it without no_new_privs, as in:"
	}
	if p.Name == "ping" {
		return "For echo requests by the kernel, for all users:"
	}
	return "For packets of sonde's own, once and for all users:"
}

// grants are the words for why something is allowed or not.
func grants() []string {
	words := maps.Clone(grantWords)
	for _, means := range meansWords {
		maps.Copy(words, means)
	}
	delete(words, "")
	return slices.Sorted(maps.Keys(words))
}
