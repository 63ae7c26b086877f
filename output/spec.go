package output

import (
	"fmt"
	"strings"

	"sonde/scan/files"
)

// letters are nmap's names for formats.
var letters = map[string]string{"N": "text", "J": "json", "X": "xml", "G": "grep"}

// Spec is one -o: a format and where it goes.
type Spec struct {
	Format string
	Path   string // "": stdout
	Append bool   // behind what is in the file, if its format is Streamed
	// Written is what a checkpoint knows of the files behind which it goes on: what
	// was written later is cut off.
	Written []files.Written
	// Stop, closed, ends the wait for a reader of a FIFO. Nil: it does not end.
	Stop <-chan struct{}
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
	if _, err := reg.Find(name); err != nil {
		return Spec{}, fmt.Errorf("-o %s: %w", value, err)
	}
	if path == "-" {
		path = ""
	}
	return Spec{Format: name, Path: path}, nil
}

// ParseSpecs reads all -o of a command line. Text goes to stdout unless one of
// them does; two may not go to the same files.
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
