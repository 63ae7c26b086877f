package fingerprint

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// pattern is one regular expression and what it means when it matches.
type pattern struct {
	text     string // the expression, in Go's syntax
	source   string // the file and the line where it stands: "ssh.xml:12"
	about    string
	params   []param
	examples []example

	once sync.Once
	re   *regexp.Regexp
	err  error // why there is none
}

// param is one fact: a group of the expression, or a constant, in which
// {other.name} stands for another fact.
type param struct {
	group int // 0: value
	name  string
	value string
}

// example is a text that must match, and facts that must come out of it.
type example struct {
	text   string
	file   string // where the text is, in the folder that has the name of the file; "": here
	fields map[string]string
}

// compile returns the expression, which is compiled when it is first needed. Its error is a
// leftOut where Ruby has what Go has not.
func (p *pattern) compile() (*regexp.Regexp, error) {
	p.once.Do(func() {
		if p.err != nil {
			return
		}
		if p.re, p.err = regexp.Compile(p.text); p.err != nil {
			p.err = asLeftOut(p.err)
			return
		}
		for _, x := range p.params {
			if x.group < 0 || x.group > p.re.NumSubexp() {
				p.re, p.err = nil, fmt.Errorf("%s: there is no group %d", x.name, x.group)
				return
			}
		}
	})
	return p.re, p.err
}

// problem is why the pattern cannot be used, with its place; nil: it can.
func (p *pattern) problem() error {
	if _, err := p.compile(); err != nil {
		return fmt.Errorf("%s: pattern of %q: %w", p.source, p.about, err)
	}
	return nil
}

// isLeftOut tells whether err is of a pattern that is right, but in words that Go's
// expressions have not.
func isLeftOut(err error) bool { return errors.As(err, new(leftOut)) }

// match returns the facts that text yields; nil: it does not match.
func (p *pattern) match(text string) map[string]string {
	re, err := p.compile()
	if err != nil {
		return nil
	}
	at := re.FindStringSubmatchIndex(text)
	if at == nil {
		return nil
	}
	fields := make(map[string]string, len(p.params))
	for _, param := range p.params {
		value := param.value
		if param.group > 0 {
			from, to := at[2*param.group], at[2*param.group+1]
			if from < 0 { // an optional group that is not there
				continue
			}
			value = text[from:min(to, from+maxField)]
		}
		fields[param.name] = value
	}
	for _, param := range p.params {
		if param.group == 0 && strings.Contains(param.value, "{") {
			fields[param.name] = fill(param.value, fields)
		}
	}
	return fields
}

// fill puts facts into a constant. In a CPE name (NISTIR 7695 section 6.1.2.1)
// they are bound to its alphabet, and components at the end that are not known
// are left away.
func fill(value string, fields map[string]string) string {
	cpe := strings.HasPrefix(value, "cpe:")
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(value, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			b.WriteString(value)
			break
		}
		b.WriteString(before)
		if cpe {
			appendCPE(&b, fields[name])
		} else {
			b.WriteString(fields[name])
		}
		value = after
	}
	if cpe {
		return strings.TrimRight(b.String(), ":")
	}
	return b.String()
}

func appendCPE(b *strings.Builder, s string) {
	for _, c := range []byte(strings.ToLower(s)) {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
			b.WriteByte(c)
		default:
			fmt.Fprintf(b, "%%%02x", c)
		}
	}
}
