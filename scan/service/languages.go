package service

import (
	"strings"

	"sonde/fingerprint"
)

// What is asked after a greeting, and what its answers mean: one function for
// each language.

// ssh names the server by its version line. Nothing is asked: the next thing to
// say would be a key exchange.
func (p *port) ssh(f *finding, g greeting) {
	f.Banner = []byte("SSH-" + g.proto + "-" + g.text) // without the lines before it
	f.Banner = f.Banner[:min(len(f.Banner), maxLine)]
	if g.proto != "2.0" {
		f.Info = "protocol " + g.proto[:min(len(g.proto), maxField)]
	}
	if p.name(f, fingerprint.SSHVersion, g.text) {
		return
	}
	// softwareversion SP comments (RFC 4253 section 4.2); within the first, most
	// put an underscore or hyphen before the number.
	software, comments, _ := strings.Cut(clip(g.text), " ")
	f.Product = software
	if i := strings.IndexAny(software, "_-"); i > 0 && i+1 < len(software) && isDigit(software[i+1]) {
		f.Product, f.Version = software[:i], software[i+1:]
	}
	f.Info = join(f.Info, comments)
}

// ftpOrSMTP asks a server that greeted with 220 and no word that tells which of
// the two it is. The port decides only what is asked first.
func (p *port) ftpOrSMTP(s *stream) (service string) {
	asks := []func(*stream) string{asksSMTP, asksFTP}
	if n := p.to.Port(); n == 21 || n == 990 || n == 2121 {
		asks[0], asks[1] = asks[1], asks[0]
	}
	for _, ask := range asks {
		if service = ask(s); service != "" || s.ended {
			return service
		}
	}
	return ""
}

// asksSMTP: only a mail server takes EHLO (RFC 5321 section 4.1.1.1).
func asksSMTP(s *stream) string {
	if identify(s.say(ehlo, wholeReply)).code == "250" {
		return "smtp"
	}
	return ""
}

// asksFTP: SYST has its own code, and otherwise asks for a login (RFC 959
// section 4.1.3).
func asksFTP(s *stream) string {
	g := identify(s.say("SYST\r\n", wholeReply))
	lower := strings.ToLower(g.text)
	if g.code == "215" || g.code == "530" && (strings.Contains(lower, "log") || strings.Contains(lower, "user")) {
		return "ftp"
	}
	return ""
}

// The name is one that cannot be anybody's (RFC 2606 section 2).
const ehlo = "EHLO sonde.invalid\r\n"

func wholeReply(b []byte) bool { return identify(b).whole }

// smtp asks for the extensions and leaves.
func (p *port) smtp(f *finding, s *stream, g greeting) {
	if f.Host == "" { // the first word of a greeting (RFC 5321 section 4.2)
		if host, _, _ := strings.Cut(g.text, " "); g.code == "220" && strings.Contains(host, ".") && validName(host) {
			f.Host = host
		}
	}
	if s == nil || g.code != "220" || s.ended {
		return
	}
	reply := identify(s.say(ehlo, wholeReply))
	if reply.code != "250" {
		return
	}
	f.How += "+ehlo"
	for line := range strings.SplitSeq(reply.text, "\n") {
		if strings.EqualFold(line, "STARTTLS") {
			f.Info = join(f.Info, "STARTTLS")
		}
	}
	s.Write([]byte("QUIT\r\n"))
}

// pop3 asks a server that did not name itself for its capabilities, one of which
// may (RFC 2449 section 6.9).
func (p *port) pop3(f *finding, s *stream) {
	if f.Product != "" || s == nil || s.ended {
		return
	}
	b := s.say("CAPA\r\n", func(b []byte) bool {
		t := string(b)
		return strings.HasSuffix(t, "\r\n.\r\n") || strings.HasPrefix(t, "-ERR") && strings.HasSuffix(t, "\n")
	})
	for line := range strings.Lines(string(b)) {
		if name, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "IMPLEMENTATION "); ok {
			f.How += "+capa"
			f.Product, f.Version = splitVersion(clip(name))
		}
	}
	s.Write([]byte("QUIT\r\n"))
}

// imap asks a server that did not name itself for its ID (RFC 2971 section 3.1).
func (p *port) imap(f *finding, s *stream) {
	if f.Product != "" || s == nil || s.ended {
		return
	}
	b := s.say("a ID NIL\r\n", func(b []byte) bool {
		at := strings.LastIndex("\n"+string(b), "\na ")
		return at >= 0 && strings.HasSuffix(string(b), "\n")
	})
	for line := range strings.Lines(string(b)) {
		if list, ok := strings.CutPrefix(line, "* ID ("); ok {
			id := parseID(list)
			f.Product, f.Version = clip(id["name"]), clip(id["version"])
			if f.Product != "" {
				f.How += "+id"
			}
		}
	}
	s.Write([]byte("a LOGOUT\r\n"))
}

// parseID reads pairs of quoted strings, up to a parenthesis: "name" "Dovecot")
// (RFC 2971 section 3.3). NIL and literals yield nothing.
func parseID(s string) map[string]string {
	id := map[string]string{}
	var words []string
	for len(s) > 0 && s[0] != ')' && len(words) < 60 {
		switch {
		case s[0] == '"':
			word, i := "", 1
			for ; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' && i+1 < len(s) {
					i++
				}
				word += s[i : i+1]
			}
			words, s = append(words, word), s[min(i+1, len(s)):]
		case strings.HasPrefix(strings.ToUpper(s), "NIL"):
			words, s = append(words, ""), s[3:]
		default:
			s = s[1:]
		}
	}
	for i := 0; i+1 < len(words); i += 2 {
		id[strings.ToLower(words[i])] = words[i+1]
	}
	return id
}

// mysql names the server by its first packet.
func (p *port) mysql(f *finding, g greeting) {
	f.Banner = nil // it is no line
	if g.text == "" {
		f.Info = "refuses this host"
	} else if !p.name(f, fingerprint.MySQLVersion, g.text) {
		f.Version = clip(g.text)
	}
}

// splitVersion splits "Name-1.2" and "Name 1.2" before the number.
func splitVersion(s string) (product, version string) {
	for i := 1; i+1 < len(s); i++ {
		if strings.IndexByte(" -_/", s[i]) >= 0 && isDigit(s[i+1]) {
			version, _, _ = strings.Cut(s[i+1:], " ")
			return s[:i], version
		}
	}
	return s, ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// clip cuts a string to what is kept of it.
func clip(s string) string { return s[:min(len(s), maxField)] }
