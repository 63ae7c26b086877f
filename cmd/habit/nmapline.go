package habit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// This file writes the line of sonde's that says what a line of nmap's does, when all of
// that is read.

// finish writes the line.
func (p *nmapLine) finish() error {
	for _, alone := range []string{"help", "version", "doctor"} {
		if p.asks[alone] {
			p.Args = []string{alone}
			return nil
		}
	}
	if p.unpinged && p.asks["sweep"] && !p.traced {
		p.asks["list"] = true
		p.Notes = append(p.Notes, "-Pn with -sn asks nobody: the targets are listed")
	}
	if p.asks["list"] {
		return p.finishList()
	}
	command := p.command()
	both := p.asks["udp"] && command != "udp" // and TCP ports, or what fp finds
	p.Routes = p.all || p.traced
	switch {
	case command == "fp" && slices.ContainsFunc(p.scan, func(s string) bool { return s != "-sS" && s != "-sT" }), len(p.scan) > 1:
		return fmt.Errorf("%s beside another scan: one run asks in one way", p.scan[0])
	case command == "sweep" && (len(p.scan) > 0 || p.asks["udp"]):
		return fmt.Errorf("-sn beside a port scan")
	case p.traced && command == "sweep":
		command = "trace"
	}
	if command == "tcp" || command == "udp" || command == "fp" {
		var err error
		if both, err = p.fitPorts(command, both); err != nil {
			return err
		}
	}
	p.Args = append(p.Args, command)
	if command == "tcp" {
		p.Args = append(p.Args, p.scan...)
	} else if command == "fp" && slices.Contains(p.scan, "-sT") {
		p.Args = append(p.Args, "--via", "connect")
	}
	if both {
		p.Args = append(p.Args, "--udp")
	}
	if command == "fp" && !p.all && !p.asks["os"] {
		p.Args = append(p.Args, "--no-os")
	}
	if command == "udp" && p.asks["fp"] {
		p.Args = append(p.Args, "--services")
	}
	p.putPings(command)
	if (command == "udp" || both) && !p.ports {
		p.Args = append(p.Args, "--top", "1000")
	}
	p.finishWith(p.flags)
	return nil
}

// command is sonde's command that does what is asked for.
func (p *nmapLine) command() string {
	switch {
	case p.all:
		p.Notes = append(p.Notes, "-A: scripts are nmap's own")
		return "fp"
	case p.asks["os"]:
		if !p.asks["fp"] {
			p.Notes = append(p.Notes, "-O: open ports are asked what they are, too")
		}
		return "fp"
	case p.asks["sweep"]:
		return "sweep"
	case p.traced && !slices.ContainsFunc(p.scan, func(s string) bool { return s != "-sS" && s != "-sT" }):
		if !p.asks["fp"] {
			p.Notes = append(p.Notes, "--traceroute: open ports are asked what they are, too")
		}
		return "fp"
	case p.asks["udp"] && !p.asks["tcp"]:
		return "udp"
	case p.asks["fp"]:
		return "fp"
	}
	return "tcp"
}

// putPings puts how hosts are pinged before their ports are asked.
func (p *nmapLine) putPings(command string) {
	switch {
	case command == "trace":
	case p.unpinged:
		p.Args = append(p.Args, "-PN")
	case len(p.pings) > 0:
		p.Args = append(p.Args, p.pings...)
	case command != "sweep" && !slices.Contains(p.scan, "-sT") && !p.has("--via"): // else sonde does so anyway
		p.Args = append(p.Args, "-PE", "-PS443", "-PA80")
		if !p.has("-6") {
			p.Args = append(p.Args, "-PP")
		}
	}
}

// has tells whether the line has a flag of sonde's.
func (p *nmapLine) has(flag string) bool {
	return slices.ContainsFunc(p.flags, func(f []string) bool { return f[0] == flag })
}

// finishList writes the line that lists targets, and asks nobody: what says how to ask has
// no meaning there, as in nmap.
func (p *nmapLine) finishList() error {
	if len(p.scan) > 0 || p.asks["udp"] || p.asks["fp"] || p.asks["os"] || p.all {
		return fmt.Errorf("-sL beside a scan: it asks nobody")
	}
	whom := []string{"-i", "--exclude", "--exclude-file", "-4", "-6", "--all-addresses", "-v"}
	p.Args = append(p.Args, "sweep", "--list")
	p.finishWith(slices.DeleteFunc(p.flags, func(f []string) bool { return !slices.Contains(whom, f[0]) }))
	return nil
}

// finishWith ends the line with flags, outputs and targets.
func (p *nmapLine) finishWith(flags [][]string) {
	p.Args = append(p.Args, cmp.Or(p.names, "-R")) // nmap looks up those that are up, or are listed
	for _, f := range flags {
		p.Args = append(p.Args, f...)
	}
	if !p.toStdout {
		p.outputs = append([]string{"-o", "nmap"}, p.outputs...)
	}
	p.Args = append(append(p.Args, p.outputs...), p.targets...)
}

// fitPorts makes lists of ports those of the protocols that are asked: nmap takes lists with
// ports of others, which it passes over. both tells whether those of both are asked.
func (p *nmapLine) fitPorts(command string, both bool) (bool, error) {
	tcp, udp := command != "udp" && (p.asks["tcp"] || !p.asks["udp"]), p.asks["udp"]
	if list := p.plainPorts(p.valueOf("-p")); list != "" {
		t, u := byProtocol(list)
		switch {
		case !(tcp && t != "" || udp && u != ""):
			return false, fmt.Errorf("-p %s: no such port is asked; -sS asks TCP ports, and -sU UDP ports", list)
		case tcp && udp && t == "" && command == "tcp":
			return false, fmt.Errorf("-p %s: it names no TCP port; leave -sS or -sT out", list)
		case tcp && udp && (t == "" || u == ""):
			tcp, udp = t != "", u != ""
			p.Notes = append(p.Notes, "-p "+list+": it names ports of one protocol, and the other is not asked")
		}
		p.setValue("-p", fitted(command, list, tcp, udp))
	}
	if list := p.plainPorts(p.valueOf("--exclude-ports")); list != "" {
		p.setValue("--exclude-ports", fitted(command, list, tcp, udp))
	}
	if !tcp && command == "fp" && !p.has("-p") { // which asks TCP ports unless a list says otherwise
		p.setValue("--exclude-ports", strings.TrimPrefix(p.valueOf("--exclude-ports")+",T:-", ","))
	}
	return both && udp, nil
}

// fitted is a list of ports as far as it is of the protocols that a command asks.
func fitted(command, list string, tcp, udp bool) string {
	t, u := byProtocol(list)
	switch {
	case tcp && udp, tcp && u == "", udp && t == "":
		return list
	case tcp:
		return t
	case command == "fp" && u != "":
		return "U:" + u
	}
	return u
}

// valueOf is what a flag of sonde's says, the values of all of its kind in one list.
func (p *nmapLine) valueOf(flag string) string {
	var list []string
	for _, f := range p.flags {
		if f[0] == flag {
			list = append(list, f[1])
		}
	}
	return strings.Join(list, ",")
}

// setValue has a flag say a list, and nothing if that is empty.
func (p *nmapLine) setValue(flag, list string) {
	i := slices.IndexFunc(p.flags, func(f []string) bool { return f[0] == flag })
	p.flags = slices.DeleteFunc(p.flags, func(f []string) bool { return f[0] == flag })
	switch {
	case list == "":
	case i < 0:
		p.flags = append(p.flags, []string{flag, list})
	default:
		p.flags = slices.Insert(p.flags, min(i, len(p.flags)), []string{flag, list})
	}
}

// plainPorts writes a list of nmap's with what it may leave out: -100 begins at 1, 60000- ends
// at 65535. Port 0, which has a meaning for sockets only, is left out of ranges, and [1-100] is
// all of it, not what has a name.
func (p *nmapLine) plainPorts(list string) string {
	words := strings.Split(list, ",")
	for i, w := range words {
		letter, ports, ok := strings.Cut(w, ":")
		if letter += ":"; !ok {
			letter, ports = "", w
		}
		if inner := strings.Trim(ports, "[]"); inner != ports {
			p.Notes = append(p.Notes, "-p "+ports+": all these ports are asked, not only those with a name")
			ports = inner
		}
		low, high, isRange := strings.Cut(ports, "-")
		if !isRange || ports == "-" || strings.Trim(ports, "0123456789-") != "" {
			words[i] = letter + ports
			continue
		}
		if low == "0" {
			p.Notes = append(p.Notes, "-p "+ports+": port 0 is not asked")
			low = "1"
		}
		words[i] = letter + cmp.Or(low, "1") + "-" + cmp.Or(high, "65535")
	}
	return strings.Join(words, ",")
}

// byProtocol parts a list of ports into those of TCP and those of UDP. What stands before the
// first letter is of both, and what stands behind S: or P: of none.
func byProtocol(list string) (tcp, udp string) {
	var parts [2][]string
	of := [2]bool{true, true}
	for w := range strings.SplitSeq(list, ",") {
		if letter, rest, ok := strings.Cut(w, ":"); ok {
			letter = strings.ToUpper(letter)
			of, w = [2]bool{letter == "T", letter == "U"}, rest
		}
		for i := range of {
			if of[i] && w != "" {
				parts[i] = append(parts[i], w)
			}
		}
	}
	return strings.Join(parts[0], ","), strings.Join(parts[1], ",")
}
