package fingerprint

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// checkPatterns tells what is wrong with a list: a pattern without an example,
// an example that does not match or yields something else, and one that an
// earlier pattern already covers.
func checkPatterns(list []*pattern) (wrong []string) {
	for i, p := range list {
		complain := func(format string, args ...any) {
			wrong = append(wrong, fmt.Sprintf("pattern %d (%s): ", i+1, p.about)+fmt.Sprintf(format, args...))
		}
		if p.about == "" {
			complain("no description")
		}
		if len(p.examples) == 0 {
			complain("no example")
		}
		seen := map[string]bool{}
		for _, param := range p.params {
			if seen[param.name] {
				complain("%s is set twice", param.name)
			}
			seen[param.name] = true
		}
		for _, e := range p.examples {
			first := slices.IndexFunc(list, func(q *pattern) bool { return q.match(e.text) != nil })
			if first < 0 {
				complain("does not match its example %q", e.text)
				continue
			}
			if first < i {
				complain("%q is already covered by pattern %d (%s)", e.text, first+1, list[first].about)
			}
			fields := p.match(e.text)
			for name, want := range e.fields {
				if fields[name] != want {
					complain("%q: %s is %q, want %q", e.text, name, fields[name], want)
				}
			}
		}
	}
	return wrong
}

func TestBuiltinPatterns(t *testing.T) {
	p := BuiltinPatterns()
	for key, least := range map[string]int{
		SSHVersion: 20, HTTPServer: 40, FTPGreeting: 15, SMTPGreeting: 12,
		POP3Greeting: 8, IMAPGreeting: 8, NNTPGreeting: 3, MySQLVersion: 4,
	} {
		list := allOf(t, p, key)
		if n := len(list); n < least {
			t.Errorf("%s: %d patterns, want %d", key, n, least)
		}
		for _, wrong := range checkPatterns(list) {
			t.Errorf("%s: %s", key, wrong)
		}
		for _, q := range list {
			if product := product(q.match(q.examples[0].text)); product.Name == "" {
				t.Errorf("%s: %s names no product", key, q.about)
			}
		}
	}
	if len(p.lists) != 8 {
		t.Errorf("%d lists, of which some are never asked", len(p.lists))
	}
}

// allOf returns a list with its examples.
func allOf(t *testing.T, p *Patterns, key string) (all []*pattern) {
	t.Helper()
	for _, f := range p.lists[key].files {
		list, err := f.parse(true)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, list...)
	}
	return all
}

// one returns a file with patterns of the given expressions and examples.
func one(rows ...string) string {
	var b strings.Builder
	b.WriteString(`<fingerprints matches="ssh.banner">`)
	for i := 0; i < len(rows); i += 2 {
		fmt.Fprintf(&b, `<fingerprint pattern="%s"><description>%d</description><example>%s</example>`+
			`<param pos="0" name="service.product" value="p%d"/></fingerprint>`, rows[i], i/2, rows[i+1], i/2)
	}
	b.WriteString(`</fingerprints>`)
	return b.String()
}

func TestCheckPatterns(t *testing.T) {
	for _, tt := range []struct{ file, want string }{
		{one("^a", "ab", "^b", "b"), ""},
		{one("^ab", "ab", "^a", "ac"), ""}, // special before general
		{one("^a", "ac", "^ab", "ab"), "already covered by pattern 1"},
		{one("^a", "b"), "does not match"},
		{`<fingerprints><fingerprint pattern="x"><description>d</description></fingerprint></fingerprints>`, "no example"},
		{`<fingerprints><fingerprint pattern="(x)"><description>d</description><example v="y">x</example>` +
			`<param pos="1" name="v"/></fingerprint></fingerprints>`, `v is "x", want "y"`},
	} {
		p, err := ReadPatterns(fstest.MapFS{"x.xml": {Data: []byte(tt.file)}})
		if err != nil {
			t.Fatal(err)
		}
		var list []*pattern
		for key := range p.lists {
			list = allOf(t, p, key)
		}
		wrong := strings.Join(checkPatterns(list), "; ")
		if tt.want == "" && wrong != "" || !strings.Contains(wrong, tt.want) {
			t.Errorf("%s: %q, want %q", tt.file, wrong, tt.want)
		}
	}
}

func TestReadPatterns(t *testing.T) {
	for _, tt := range []struct{ file, want string }{
		{one("a", "a", "(", "x"), `x.xml:1: pattern of "1": error parsing regexp: missing closing )`},
		{"<fingerprints>\n<fingerprint pattern='x'>\n<param pos='1' name='v'/></fingerprint></fingerprints>", `x.xml:2: pattern of "": v: there is no group 1`},
		{`<fingerprints><fingerprint pattern="x"><param pos="-1" name="v"/></fingerprint></fingerprints>`, "there is no group -1"},
		{`<fingerprints><fingerprint pattern="x"><param pos="one" name="v"/></fingerprint></fingerprints>`, `x.xml:1: v: pos "one" is no number`},
		{`<fingerprints><fingerprint pattern="x" flags="REG_ODD"/></fingerprints>`, `unknown flag "REG_ODD"`},
		{`<fingerprints><fingerprint pattern="x"><example _encoding="base64">!</example></fingerprint></fingerprints>`, "illegal base64"},
		{"\n<nmaprun/>", "x.xml:2: <nmaprun> where <fingerprints> should be"},
		{"<fingerprints>\n\n<finger/></fingerprints>", "x.xml:3: <finger> where <fingerprint> should be"},
		{`<fingerprints preference="high"/>`, `x.xml:1: preference "high" is no number`},
		{"<fingerprints>\n<fingerprint></fingerprints>", "x.xml:2: element <fingerprint> closed by </fingerprints>"},
		{`<fingerprints>`, "x.xml:1: unexpected EOF"},
		{``, "x.xml:1: no <fingerprints> in it"},
	} {
		p, err := ReadPatterns(fstest.MapFS{"x.xml": {Data: []byte(tt.file)}})
		if err == nil {
			_, err = p.Check()
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.file, err, tt.want)
		}
	}
	if _, err := ReadPatterns(fstest.MapFS{"README": {}}); err == nil {
		t.Error("a folder without patterns was read")
	}

	p, err := ReadPatterns(fstest.MapFS{
		"b.xml":         {Data: []byte(one("^x", "x"))},
		"a.xml":         {Data: []byte(one("^y", "y", "^xy", "xy"))},
		"smtp.ehlo.xml": {Data: []byte(`<fingerprints><fingerprint pattern="E" flags="REG_ICASE,REG_DOT_NEWLINE"/></fingerprints>`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"x": "p0", "xy": "p1", "y": "p0"} {
		if got, ok := p.Match(SSHVersion, text); !ok || got.Name != want {
			t.Errorf("%q: %+v", text, got)
		}
	}
	if _, ok := p.Match("smtp.ehlo", "e"); !ok {
		t.Error("a file that does not say what it matches is not found by its name")
	}
	if got, _ := p.Match(SSHVersion, "x"); got.Source != "b.xml" {
		t.Errorf("of %q", got.Source)
	}
}

// TestWith: what is asked first is right, and the other adds what it knows of the same
// product. Which of them said it is told.
func TestWith(t *testing.T) {
	theirs, err := ReadPatterns(fstest.MapFS{"mine.xml": {Data: []byte(`<fingerprints matches="ssh.banner">
		<fingerprint pattern="^dropbear(?:_([\d.]+))?"><param pos="0" name="service.product" value="dropbear SSHD"/><param pos="1" name="service.version"/>
			<param pos="0" name="os.product" value="Linux"/></fingerprint>
		<fingerprint pattern="^OpenSSH"><param pos="0" name="service.product" value="Something else"/></fingerprint>
		<fingerprint pattern="^(Own)SSH"><param pos="1" name="service.product"/><param pos="0" name="hw.vendor" value="Acme"/></fingerprint>
		<fingerprint pattern="^(bad"/></fingerprints>`)}})
	if err != nil {
		t.Fatal(err)
	}
	both := BuiltinPatterns().With(theirs)
	for text, want := range map[string]string{
		"dropbear_2022.83": "Dropbear sshd 2022.83 Linux  mine.xml",
		"OpenSSH_9.2p1":    "OpenSSH 9.2p1   ",
		"OwnSSH":           "Own   Acme mine.xml",
		"nobody's":         "    ",
	} {
		got, ok := both.Match(SSHVersion, text)
		if s := strings.Join([]string{got.Name, got.Version, got.OS, got.Device, got.Source}, " "); s != want || ok != (got.Name != "") {
			t.Errorf("%q: %q, want %q", text, s, want)
		}
	}
	if got := theirs.Problems(); len(got) != 1 || !strings.Contains(got[0], "mine.xml:6: ") {
		t.Errorf("problems: %q", got)
	}
	if got, _ := BuiltinPatterns().Match(SSHVersion, "OwnSSH"); got.Name != "" {
		t.Error("With changed what it was given")
	}
}

func TestProduct(t *testing.T) {
	for _, tt := range []struct {
		key, text string
		want      Product
	}{
		{SSHVersion, "OpenSSH_9.2p1 Debian-2+deb12u3", Product{
			"OpenBSD", "OpenSSH", "9.2p1", "Debian-2+deb12u3", "Debian 12", "", "",
			[]string{"cpe:/a:openbsd:openssh:9.2p1", "cpe:/o:debian:debian_linux:12"}, "",
		}},
		{HTTPServer, "nginx", Product{"F5", "nginx", "", "", "", "", "", []string{"cpe:/a:f5:nginx"}, ""}},
		{HTTPServer, "nginx/1+2~3", Product{"F5", "nginx", "1+2~3", "", "", "", "", []string{"cpe:/a:f5:nginx:1%2b2%7e3"}, ""}},
		{SMTPGreeting, "mx.example ESMTP Postfix", Product{
			"Postfix", "Postfix smtpd", "", "", "", "mx.example", "", []string{"cpe:/a:postfix:postfix"}, ""}},
	} {
		got, ok := BuiltinPatterns().Match(tt.key, tt.text)
		if !ok || fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%q:\n got %+v\nwant %+v", tt.text, got, tt.want)
		}
	}
	for _, text := range []string{"", "\xff\xfe", "OpenSSH", strings.Repeat("nginx/", 1000)} {
		if got, ok := BuiltinPatterns().Match(SSHVersion, text); ok {
			t.Errorf("%.20q: %+v", text, got)
		}
	}
	long, ok := BuiltinPatterns().Match(SSHVersion, "OpenSSH_"+strings.Repeat("9", 1<<20))
	if !ok || len(long.Version) != maxField {
		t.Errorf("a version of %d bytes", len(long.Version))
	}
}

func FuzzParsePatterns(f *testing.F) {
	f.Add([]byte(one("^(a)", "ab")), "ab")
	f.Add([]byte(`<fingerprints><fingerprint pattern="(x)?"><param pos="1" name="a"/><param pos="0" name="service.cpe23" value="cpe:/{a}:{"/></fingerprint></fingerprints>`), "x")
	f.Fuzz(func(t *testing.T, file []byte, text string) {
		p, err := ReadPatterns(fstest.MapFS{"x.xml": {Data: file}})
		if err != nil {
			return
		}
		p.Check()
		for key := range p.lists {
			p.Match(key, text)
		}
	})
}

func FuzzMatch(f *testing.F) {
	f.Add("OpenSSH_9.2p1 Debian-2+deb12u3")
	f.Add("nginx/1.22.1 (\xff\x1b[2J)")
	f.Fuzz(func(t *testing.T, text string) {
		for key := range BuiltinPatterns().lists {
			p, _ := BuiltinPatterns().Match(key, text)
			for _, cpe := range p.CPE {
				if strings.ContainsFunc(cpe, func(r rune) bool { return r <= ' ' || r > '~' }) {
					t.Errorf("%s: %q", key, cpe)
				}
			}
		}
	})
}
