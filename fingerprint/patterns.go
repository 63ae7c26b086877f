package fingerprint

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed patterns/*.xml
var patternFiles embed.FS

// What a pattern may be matched against. The names are recog's, so that its own
// files serve as well as ours; a file may have others, which nobody asks for.
const (
	SSHVersion   = "ssh.banner"         // after "SSH-2.0-" (RFC 4253 section 4.2)
	FTPGreeting  = "ftp.banner"         // after "220 " (RFC 959 section 5.4)
	SMTPGreeting = "smtp.banner"        // after "220 " (RFC 5321 section 4.2)
	POP3Greeting = "pop3.banner"        // after "+OK " (RFC 1939 section 4)
	IMAPGreeting = "imap4.banner"       // after "* OK " and a response code (RFC 9051 section 7.1)
	NNTPGreeting = "nntp.banner"        // after "200 " (RFC 3977 section 5.1)
	MySQLVersion = "mysql.banners"      // the server version of protocol 10
	HTTPServer   = "http_header.server" // the value of Server (RFC 9110 section 10.2.4)
)

// Patterns tell by which product something was said: lists of regular
// expressions, one list for each kind of text. They may be used by several
// goroutines at once.
type Patterns struct {
	lists map[string][]*pattern
}

// BuiltinPatterns returns the patterns that are part of the program, which are
// read on first use.
func BuiltinPatterns() *Patterns { return builtinPatterns() }

// A test reads the files, so an error in them is a bug, not an event.
var builtinPatterns = sync.OnceValue(func() *Patterns {
	dir, err := fs.Sub(patternFiles, "patterns")
	if err == nil {
		var p *Patterns
		if p, err = ReadPatterns(dir); err == nil {
			return p
		}
	}
	panic(err)
})

// maxPatternFile bounds a file of patterns, in bytes; the largest of recog's has
// one megabyte.
const maxPatternFile = 16 << 20

// ReadPatterns reads all files in the top folder of dir whose names end in
// ".xml", in the order of their names. Errors name the file and the pattern.
func ReadPatterns(dir fs.FS) (*Patterns, error) {
	names, err := fs.Glob(dir, "*.xml")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no patterns: no file is named *.xml")
	}
	p := &Patterns{lists: map[string][]*pattern{}}
	for _, name := range names {
		info, err := fs.Stat(dir, name)
		if err != nil {
			return nil, err
		}
		if info.Size() > maxPatternFile {
			return nil, fmt.Errorf("%s: larger than %d bytes", name, maxPatternFile)
		}
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		key, list, err := parsePatterns(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if key == "" { // as in some of recog's: the file's name says it
			key = strings.TrimSuffix(path.Base(name), ".xml")
		}
		p.lists[key] = append(p.lists[key], list...)
	}
	return p, nil
}

// Then returns patterns that try p first and q where p has nothing to say.
func (p *Patterns) Then(q *Patterns) *Patterns {
	both := &Patterns{lists: map[string][]*pattern{}}
	for _, from := range []*Patterns{p, q} {
		for key, list := range from.lists {
			both.lists[key] = append(slices.Clip(both.lists[key]), list...)
		}
	}
	return both
}

// Product is what a text says of the program that said it. Its strings are
// short, but may hold any bytes that the text held.
type Product struct {
	Vendor, Name, Version string
	Info                  string   // what else is known, in words: "Debian-2+deb12u3"
	OS                    string   // the operating system that it was built for: "Debian 12"
	Host                  string   // the name that the host gives itself
	CPE                   []string // of the program, then of the operating system: "cpe:/a:nginx:nginx:1.22.1"
}

// maxMatched and maxField are how many bytes of a text are looked at, and kept
// of any one field.
const maxMatched, maxField = 2048, 128

// Match returns what the first pattern in the list named key that fits text has
// to say, and whether there is one.
func (p *Patterns) Match(key, text string) (Product, bool) {
	text = text[:min(len(text), maxMatched)]
	for _, pattern := range p.lists[key] {
		if fields := pattern.match(text); fields != nil {
			return product(fields), true
		}
	}
	return Product{}, false
}

// product puts the fields that we know by their names in recog into their places.
func product(fields map[string]string) Product {
	p := Product{
		Vendor:  fields["service.vendor"],
		Name:    fields["service.product"],
		Version: fields["service.version"],
		Info:    fields["service.info"],
		OS:      strings.TrimSpace(fields["os.product"] + " " + fields["os.version"]),
		Host:    fields["host.name"],
	}
	if p.Name == "" {
		p.Name = fields["service.family"]
	}
	if p.OS == "" {
		p.OS = fields["os.family"]
	}
	for _, name := range []string{"service.cpe23", "os.cpe23"} {
		if cpe := fields[name]; cpe != "" {
			p.CPE = append(p.CPE, cpe)
		}
	}
	return p
}
