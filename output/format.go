package output

import (
	"fmt"
	"slices"
	"strings"
)

// Format is one way of writing, in one file. Its methods are called in the
// order Begin, Record..., End, by one goroutine at a time. They append to b
// and do no I/O; a format may hold records back (text shows a host when it is
// complete) and must release them in AppendEnd. It reads m for the whole run.
type Format interface {
	Name() string // as in -o NAME
	AppendBegin(b []byte, m *Meta) []byte
	AppendRecord(b []byte, r *Record) []byte
	AppendEnd(b []byte, e *End) []byte
}

// Streamed marks a Format whose every line stands by itself, so that its files
// are written as the run goes. Files of other formats are written beside and
// renamed at the end.
type Streamed interface{ Streamed() }

// Registry holds a constructor of each format.
type Registry []func() Format

// registry is filled while package variables are initialised and never after:
// a new format is one file with one variable.
var registry Registry

// Register makes a format known. It is for package variables only, and returns
// its argument since those need a value.
func Register(newFormat func() Format) func() Format {
	registry = append(registry, newFormat)
	return newFormat
}

// Formats returns the formats of this package: text, the default, then the
// others by name.
func Formats() Registry {
	reg := slices.Clone(registry)
	slices.SortFunc(reg, func(a, b func() Format) int {
		return strings.Compare(rank(a().Name()), rank(b().Name()))
	})
	return reg
}

// rank is what a format's name is sorted by.
func rank(name string) string {
	if name == "text" {
		return ""
	}
	return name
}

// Names lists the formats' names in their order.
func (reg Registry) Names() []string {
	names := make([]string, len(reg))
	for i, newFormat := range reg {
		names[i] = newFormat().Name()
	}
	return names
}

// New returns a new format of that name. The error names those there are.
func (reg Registry) New(name string) (Format, error) {
	for _, newFormat := range reg {
		if f := newFormat(); f.Name() == name {
			return f, nil
		}
	}
	return nil, fmt.Errorf("no output format %q; there are %s", name, strings.Join(reg.Names(), ", "))
}

// letters are nmap's names for formats.
var letters = map[string]string{"N": "text", "J": "json", "X": "xml", "G": "grep"}

// Spec is one -o: a format and where it goes.
type Spec struct {
	Format string
	Path   string // "": stdout
	Append bool   // behind what is in the file, if its format is Streamed
}

// Streams tells whether the format of that name is Streamed.
func (reg Registry) Streams(name string) bool {
	f, err := reg.New(name)
	_, streamed := f.(Streamed)
	return err == nil && streamed
}

// ParseSpec reads the value of one -o: FORMAT, FORMAT=FILE or LETTER=FILE; a
// FILE of "-" is stdout.
func (reg Registry) ParseSpec(value string) (Spec, error) {
	name, path, hasPath := strings.Cut(value, "=")
	if hasPath && path == "" {
		return Spec{}, fmt.Errorf("-o %s: no file behind the equals sign", value)
	}
	if long, ok := letters[name]; ok || len(name) == 1 {
		if !hasPath {
			return Spec{}, fmt.Errorf("-o%s FILE in two words belongs to `sonde nmap`; here it is -o %s=FILE", name, name)
		}
		if ok {
			name = long
		}
	}
	if _, err := reg.New(name); err != nil {
		return Spec{}, fmt.Errorf("-o %s: %w", value, err)
	}
	if path == "-" {
		path = ""
	}
	return Spec{Format: name, Path: path}, nil
}

// ParseSpecs reads all -o of a command line. Text goes to stdout unless one of
// them does; two may not go to the same place.
func (reg Registry) ParseSpecs(values []string) ([]Spec, error) {
	var specs []Spec
	taken := map[string]string{}
	for _, v := range values {
		s, err := reg.ParseSpec(v)
		if err != nil {
			return nil, err
		}
		if other, ok := taken[s.Path]; ok {
			where := s.Path
			if where == "" {
				where = "stdout"
			}
			return nil, fmt.Errorf("-o %s and -o %s both go to %s", other, v, where)
		}
		taken[s.Path] = v
		specs = append(specs, s)
	}
	if _, ok := taken[""]; !ok {
		specs = append([]Spec{{Format: "text"}}, specs...)
	}
	return specs, nil
}
