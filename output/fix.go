package output

import (
	"strings"

	"sonde/scan/report"
)

// fix is a line for the shell that gives the privilege; "" where there is none.
func fix(p *report.Privilege) string {
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
		case strings.IndexByte("/._-+,:=@%", c) >= 0:
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
