package fingerprint

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
)

// pattern is one regular expression and what it means when it matches.
type pattern struct {
	re       *regexp.Regexp
	about    string
	params   []param
	examples []example
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
	fields map[string]string
}

// patternFile is recog's form of a list of patterns:
//
//	<fingerprints matches="ssh.banner">
//	  <fingerprint pattern="^dropbear_([\d.]+)$" flags="REG_ICASE">
//	    <description>Dropbear</description>
//	    <example service.version="2022.83">dropbear_2022.83</example>
//	    <param pos="0" name="service.product" value="Dropbear"/>
//	    <param pos="1" name="service.version"/>
//	    <param pos="0" name="service.cpe23" value="cpe:/a:x:dropbear:{service.version}"/>
//	  </fingerprint>
//	</fingerprints>
type patternFile struct {
	XMLName  xml.Name `xml:"fingerprints"`
	Matches  string   `xml:"matches,attr"`
	Patterns []struct {
		Pattern     string `xml:"pattern,attr"`
		Flags       string `xml:"flags,attr"`
		Description string `xml:"description"`
		Examples    []struct {
			Attrs []xml.Attr `xml:",any,attr"`
			Text  string     `xml:",chardata"`
		} `xml:"example"`
		Params []struct {
			Pos   int    `xml:"pos,attr"`
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"param"`
	} `xml:"fingerprint"`
}

// regexpFlags are recog's names for what Go writes in front of an expression.
var regexpFlags = map[string]string{
	"REG_ICASE":       "(?i)",
	"REG_MULTILINE":   "(?m)",
	"REG_DOT_NEWLINE": "(?s)",
}

// parsePatterns reads a file; key is "" if it does not say what it matches.
func parsePatterns(text []byte) (key string, list []*pattern, err error) {
	var file patternFile
	if err := xml.Unmarshal(text, &file); err != nil {
		return "", nil, err
	}
	for i, f := range file.Patterns {
		p := &pattern{about: strings.Join(strings.Fields(f.Description), " ")}
		fail := func(format string, args ...any) error {
			return fmt.Errorf("pattern %d (%s): %s", i+1, p.about, fmt.Sprintf(format, args...))
		}
		prefix := ""
		for flag := range strings.SplitSeq(f.Flags, ",") {
			if flag = strings.TrimSpace(flag); flag == "" {
				continue
			}
			if regexpFlags[flag] == "" {
				return "", nil, fail("unknown flag %q", flag)
			}
			prefix += regexpFlags[flag]
		}
		if p.re, err = regexp.Compile(prefix + f.Pattern); err != nil {
			return "", nil, fail("%v", err)
		}
		for _, x := range f.Params {
			if x.Pos < 0 || x.Pos > p.re.NumSubexp() {
				return "", nil, fail("%s: there is no group %d", x.Name, x.Pos)
			}
			p.params = append(p.params, param{group: x.Pos, name: x.Name, value: x.Value})
		}
		for _, x := range f.Examples {
			e := example{text: x.Text, fields: map[string]string{}}
			for _, a := range x.Attrs {
				if a.Name.Local == "_encoding" && a.Value == "base64" {
					b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(x.Text), ""))
					if err != nil {
						return "", nil, fail("example: %v", err)
					}
					e.text = string(b)
				}
				if !strings.HasPrefix(a.Name.Local, "_") {
					e.fields[a.Name.Local] = a.Value
				}
			}
			p.examples = append(p.examples, e)
		}
		list = append(list, p)
	}
	return file.Matches, list, nil
}

// match returns the facts that text yields; nil: it does not match.
func (p *pattern) match(text string) map[string]string {
	at := p.re.FindStringSubmatchIndex(text)
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
