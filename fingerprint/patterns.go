package fingerprint

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
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
// expressions, one list for each kind of text, which are read and compiled when they
// are first needed. They may be used by several goroutines at once.
type Patterns struct {
	lists map[string]*patternList
	named bool      // what they say is said to be of their files
	after *Patterns // what is asked beside them; nil: nothing

	mu       sync.Mutex
	problems []string
}

// patternList are the patterns for one kind of text.
type patternList struct {
	files []*patternFile
	once  sync.Once
	list  []*pattern
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
			p.named = false
			return p
		}
	}
	panic(err)
})

// maxPatternFile bounds a file of patterns, in bytes; the largest of recog's has
// one megabyte.
const maxPatternFile = 16 << 20

// ErrNoPatterns is the error for a folder without such files.
var ErrNoPatterns = errors.New("no file in it is named *.xml")

// ReadPatterns reads all files in the top folder of dir whose names end in
// ".xml", in the order of their names, and looks at the first element of each; the rest
// waits until it is needed, or for Check. Errors name the file and the line.
func ReadPatterns(dir fs.FS) (*Patterns, error) {
	names, err := fs.Glob(dir, "*.xml")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, ErrNoPatterns
	}
	p := &Patterns{lists: map[string]*patternList{}, named: true}
	for _, name := range names {
		info, err := fs.Stat(dir, name)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() { // a FIFO would be waited for
			return nil, fmt.Errorf("%s: no regular file", name)
		}
		if info.Size() > maxPatternFile {
			return nil, fmt.Errorf("%s: larger than %d bytes", name, maxPatternFile)
		}
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		f, err := readHead(name, text)
		if err != nil {
			return nil, err
		}
		if p.lists[f.key] == nil {
			p.lists[f.key] = &patternList{}
		}
		p.lists[f.key].files = append(p.lists[f.key].files, f)
	}
	for _, l := range p.lists {
		slices.SortStableFunc(l.files, func(a, b *patternFile) int { return cmp.Compare(b.prefs, a.prefs) })
	}
	return p, nil
}

// Size is how many bytes the files of the patterns have together.
func (p *Patterns) Size() (n int) {
	for _, l := range p.lists {
		for _, f := range l.files {
			n += len(f.text)
		}
	}
	return n
}

// Check reads and compiles everything. left are the patterns that are not used, as Go's
// expressions have no such thing, each with its file and line and the reason. An error is of
// the first file that is broken.
func (p *Patterns) Check() (left []string, err error) {
	for _, key := range slices.Sorted(maps.Keys(p.lists)) {
		for _, f := range p.lists[key].files {
			list, err := f.parse(true)
			if err != nil {
				return left, err
			}
			for _, pattern := range list {
				switch err := pattern.problem(); {
				case isLeftOut(err):
					left = append(left, err.Error())
				case err != nil:
					return left, err
				}
			}
		}
	}
	return left, nil
}

// Problems are the errors in patterns that were needed until now, with file and line.
func (p *Patterns) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.problems)
}

func (p *Patterns) note(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if text := err.Error(); !isLeftOut(err) && !slices.Contains(p.problems, text) {
		p.problems = append(p.problems, text)
	}
}

// list returns the patterns for a kind of text.
func (p *Patterns) list(key string) []*pattern {
	l := p.lists[key]
	if l == nil {
		return nil
	}
	l.once.Do(func() {
		for _, f := range l.files {
			list, err := f.parse(false)
			if err != nil {
				p.note(err)
			}
			l.list = append(l.list, list...)
		}
	})
	return l.list
}

// With returns patterns that are p, and where p has nothing to say, or less of the same
// product, q. Neither is changed.
func (p *Patterns) With(q *Patterns) *Patterns {
	return &Patterns{lists: p.lists, named: p.named, after: q}
}

// Product is what a text says of the program that said it. Its strings are
// short, but may hold any bytes that the text held.
type Product struct {
	Vendor, Name, Version string
	Info                  string   // what else is known, in words: "Debian-2+deb12u3"
	OS                    string   // the operating system that it was built for: "Debian 12"
	Host                  string   // the name that the host gives itself
	Device                string   // the machine: "HP iLO"
	CPE                   []string // of the program, then of the operating system: "cpe:/a:nginx:nginx:1.22.1"
	// Source is the file whose pattern it was; "": one that is part of the program.
	Source string
}

// maxMatched and maxField are how many bytes of a text are looked at, and kept
// of any one field.
const maxMatched, maxField = 2048, 128

// Match returns what the first pattern in the list named key that fits text has
// to say, and whether there is one.
func (p *Patterns) Match(key, text string) (Product, bool) {
	text = text[:min(len(text), maxMatched)]
	found, ok := Product{}, false
	for _, pattern := range p.list(key) {
		if err := pattern.problem(); err != nil {
			p.note(err)
			continue
		}
		fields := pattern.match(text)
		if fields == nil {
			continue
		}
		if found, ok = product(fields), true; p.named {
			found.Source, _, _ = strings.Cut(pattern.source, ":")
		}
		break
	}
	if p.after == nil {
		return found, ok
	}
	other, and := p.after.Match(key, text)
	switch {
	case !ok:
		return other, and
	case and && strings.EqualFold(found.Name, other.Name):
		return found.plus(other), true
	}
	return found, true
}

// plus adds what q says of the same product and p does not.
func (p Product) plus(q Product) Product {
	more := false
	for _, s := range []struct {
		to   *string
		from string
	}{{&p.Version, q.Version}, {&p.Info, q.Info}, {&p.OS, q.OS}, {&p.Host, q.Host}, {&p.Device, q.Device}} {
		if *s.to == "" && s.from != "" {
			*s.to, more = s.from, true
		}
	}
	if len(p.CPE) < len(q.CPE) {
		p.CPE, more = q.CPE, true
	}
	if more {
		p.Source = q.Source
	}
	return p
}

// product puts the fields that we know by their names in recog into their places.
func product(fields map[string]string) Product {
	for _, about := range []string{"service.", "os.", "hw."} {
		if fields[about+"certainty"] != "0.0" { // a text that is anybody's
			continue
		}
		for name := range fields {
			if strings.HasPrefix(name, about) {
				delete(fields, name)
			}
		}
	}
	p := Product{
		Vendor:  fields["service.vendor"],
		Name:    fields["service.product"],
		Version: fields["service.version"],
		Info:    fields["service.info"],
		OS:      strings.TrimSpace(fields["os.product"] + " " + fields["os.version"]),
		Host:    fields["host.name"],
		Device:  strings.TrimSpace(fields["hw.vendor"] + " " + fields["hw.product"]),
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
