package fingerprint

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// patternFile is a file in recog's form of a list of patterns, of which nothing but its
// head was read:
//
//	<fingerprints matches="ssh.banner" protocol="ssh" database_type="service" preference="0.9">
//	  <fingerprint pattern="^dropbear_([\d.]+)$" flags="REG_ICASE">
//	    <description>Dropbear</description>
//	    <example service.version="2022.83">dropbear_2022.83</example>
//	    <param pos="0" name="service.product" value="Dropbear"/>
//	    <param pos="1" name="service.version"/>
//	    <param pos="0" name="service.cpe23" value="cpe:/a:x:dropbear:{service.version}"/>
//	  </fingerprint>
//	</fingerprints>
type patternFile struct {
	name  string
	text  []byte
	key   string  // what its patterns are matched against
	prefs float64 // which of two files with one key is asked first: the greater
}

// rule is one pattern as it stands in a file.
type rule struct {
	Pattern     string `xml:"pattern,attr"`
	Flags       string `xml:"flags,attr"`
	Description string `xml:"description"`
	Examples    []struct {
		Attrs []xml.Attr `xml:",any,attr"`
		Text  string     `xml:",chardata"`
	} `xml:"example"`
	Params []struct {
		Pos   string `xml:"pos,attr"`
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	} `xml:"param"`
}

// readHead reads what the first element says, and looks whether the last one is there.
// Errors tell the file and the line.
func readHead(name string, text []byte) (*patternFile, error) {
	f := &patternFile{name: name, text: text, prefs: 0.5}
	d := xml.NewDecoder(bytes.NewReader(text))
	root, err := f.root(d)
	if err != nil {
		return nil, err
	}
	for _, a := range root.Attr {
		switch a.Name.Local {
		case "matches":
			f.key = a.Value
		case "preference":
			if f.prefs, err = strconv.ParseFloat(a.Value, 64); err != nil {
				return nil, f.fail(d, fmt.Errorf("preference %q is no number", a.Value))
			}
		}
	}
	if f.key == "" { // as in some of recog's: the file's name says it
		f.key = strings.TrimSuffix(path.Base(name), ".xml")
	}
	return f, nil
}

// root reads up to the first element.
func (f *patternFile) root(d *xml.Decoder) (xml.StartElement, error) {
	for {
		token, err := d.Token()
		if err == io.EOF {
			err = errors.New("no <fingerprints> in it")
		}
		if err != nil {
			return xml.StartElement{}, f.fail(d, err)
		}
		if root, ok := token.(xml.StartElement); ok {
			if root.Name.Local != "fingerprints" {
				return root, f.fail(d, fmt.Errorf("<%s> where <fingerprints> should be", root.Name.Local))
			}
			return root.Copy(), nil
		}
	}
}

// fail says where in the file an error is.
func (f *patternFile) fail(d *xml.Decoder, err error) error {
	line, _ := d.InputPos()
	if s := (*xml.SyntaxError)(nil); errors.As(err, &s) {
		line, err = s.Line, errors.New(s.Msg)
	}
	return fmt.Errorf("%s:%d: %w", f.name, line, err)
}

// parse reads the patterns, with their examples if these are wanted. An error ends the
// file; the patterns before it stand.
func (f *patternFile) parse(examples bool) (list []*pattern, err error) {
	d := xml.NewDecoder(bytes.NewReader(f.text))
	if _, err := f.root(d); err != nil {
		return nil, err
	}
	for {
		token, err := d.Token()
		if err != nil {
			return list, f.fail(d, err)
		}
		switch t := token.(type) {
		case xml.EndElement: // of the root: others are read where they begin
			return list, nil
		case xml.StartElement:
			if t.Name.Local != "fingerprint" {
				return list, f.fail(d, fmt.Errorf("<%s> where <fingerprint> should be", t.Name.Local))
			}
			line, _ := d.InputPos()
			var r rule
			if err := d.DecodeElement(&r, &t); err != nil {
				return list, f.fail(d, err)
			}
			p, err := r.pattern(examples)
			if err != nil {
				return list, fmt.Errorf("%s:%d: %w", f.name, line, err)
			}
			p.source = fmt.Sprintf("%s:%d", f.name, line)
			list = append(list, p)
		}
	}
}

// pattern is what the rule says.
func (r *rule) pattern(examples bool) (p *pattern, err error) {
	p = &pattern{about: strings.Join(strings.Fields(r.Description), " ")}
	p.text, p.err = fromRuby(r.Pattern, r.Flags)
	for _, x := range r.Params {
		pos, err := strconv.Atoi(x.Pos)
		if err != nil {
			return nil, fmt.Errorf("%s: pos %q is no number", x.Name, x.Pos)
		}
		p.params = append(p.params, param{group: pos, name: x.Name, value: x.Value})
	}
	if !examples {
		return p, nil
	}
	for _, x := range r.Examples {
		e := example{text: x.Text, fields: map[string]string{}}
		for _, a := range x.Attrs {
			switch {
			case a.Name.Local == "_encoding" && a.Value == "base64":
				b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(x.Text), ""))
				if err != nil {
					return nil, fmt.Errorf("example: %w", err)
				}
				e.text = string(b)
			case a.Name.Local == "_filename":
				e.file = a.Value
			case !strings.HasPrefix(a.Name.Local, "_"):
				e.fields[a.Name.Local] = a.Value
			}
		}
		p.examples = append(p.examples, e)
	}
	return p, nil
}
