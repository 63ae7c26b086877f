package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
)

// read finds in a program's output what it found, with an error as much as there
// is before it. exit is the exit code; some programs say it by nothing else.
func (j *job) read(tool, output string, exit int) (map[string]bool, error) {
	got := make(map[string]bool)
	if j.way != nil {
		if tool == "sonde" || tool == other {
			return got, readSondeHops(output, got)
		}
		readHops(output, got)
		return got, nil
	}
	switch tool {
	case "sonde", other:
		return got, readSonde(output, j.wantsPorts(), got)
	case "nmap":
		return got, readNmap(output, j.wantsPorts(), got)
	case "masscan":
		return got, readMasscan(output, got)
	case "zmap", "fping":
		return got, readAddrs(output, j.ports, got)
	case "nc":
		if exit == 0 {
			got[found(j.targets.Addr().String(), j.ports)] = true
		}
		return got, nil
	case "hping3":
		if strings.Contains(output, "flags=SA") {
			got[found(j.targets.Addr().String(), j.ports)] = true
		}
		return got, nil
	}
	return nil, fmt.Errorf("nobody can read what %s prints", tool)
}

func (j *job) wantsPorts() bool { return j.ports != "" || j.kernel != nil }

// readSonde reads JSON.
func readSonde(output string, ports bool, got map[string]bool) error {
	for line := range strings.Lines(output) {
		var r struct {
			Type, Addr, State string
			Port              int
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			return fmt.Errorf("%q: %w", line, err)
		}
		switch {
		case ports && r.Type == "port" && r.State == "open":
			got[found(r.Addr, fmt.Sprint(r.Port))] = true
		case !ports && r.Type == "host" && r.State == "up":
			got[found(r.Addr, "")] = true
		}
	}
	return nil
}

// readNmap reads the format that nmap calls grepable:
//
//	Host: 10.1.2.3 ()	Status: Up
//	Host: 10.1.2.3 ()	Ports: 22/open/tcp//ssh///, 25/closed/tcp//smtp///	Ignored State: …
func readNmap(output string, ports bool, got map[string]bool) error {
	for line := range strings.Lines(output) {
		rest, ok := strings.CutPrefix(line, "Host: ")
		if !ok {
			continue
		}
		addr, rest, _ := strings.Cut(rest, " ")
		for field := range strings.SplitSeq(strings.TrimSpace(rest), "\t") {
			if field == "Status: Up" && !ports {
				got[found(addr, "")] = true
			}
			list, ok := strings.CutPrefix(field, "Ports: ")
			if !ok || !ports {
				continue
			}
			for p := range strings.SplitSeq(list, ", ") {
				parts := strings.Split(p, "/")
				if len(parts) < 3 {
					return fmt.Errorf("%q in %q", p, line)
				}
				if parts[1] == "open" {
					got[found(addr, parts[0])] = true
				}
			}
		}
	}
	return nil
}

// readMasscan reads lines "open tcp 443 10.1.2.3 1795628967".
func readMasscan(output string, got map[string]bool) error {
	for line := range strings.Lines(output) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] != "open" {
			continue
		}
		if len(words) < 4 {
			return fmt.Errorf("%q", line)
		}
		got[found(words[3], words[2])] = true
	}
	return nil
}

// readAddrs reads one address a line, each with the port that was asked.
func readAddrs(output, port string, got map[string]bool) error {
	for line := range strings.Lines(output) {
		addr, err := netip.ParseAddr(strings.TrimSpace(line))
		if err != nil {
			return err
		}
		got[found(addr.String(), port)] = true
	}
	return nil
}
