package output

import (
	"fmt"
	"slices"
	"strings"

	"sonde/scan/report"
)

// Streamer writes the records of one run, in the order in which they are put:
// *report.Scan first, *report.End last. AppendRecord appends what can be written
// now to b. It does no I/O, is called by one goroutine at a time and keeps nothing
// of r, which is borrowed.
type Streamer interface {
	AppendRecord(b []byte, r report.Record) []byte
}

// Format is one way of writing. Formats whose every line stands by itself are
// Streamers of their own; others are Pagers under an Assembler.
type Format struct {
	Name     string   // as in -o NAME
	Doc      string   // what it is, in a few words
	Streamed bool     // every line stands by itself and is written at once: files are written as the run goes, others beside and renamed at the end
	InPlace  bool     // files are written as the run goes, though hosts are when they are whole: a later run cannot go on behind what was written
	Commands []string // that it has a place for; nil: for all
	New      func(Options) Streamer
}

// Registry is formats, the default first.
type Registry []Format

// registry is filled while package variables are initialised and never after:
// a new format is one file with one variable.
var registry Registry

// Register makes a format known. It is for package variables only, and returns
// its argument since those need a value.
func Register(f Format) Format {
	registry = append(registry, f)
	return f
}

// Formats returns the formats of this package: text, the default, then the
// others by name.
func Formats() Registry {
	reg := slices.Clone(registry)
	slices.SortFunc(reg, func(a, b Format) int { return strings.Compare(rank(a.Name), rank(b.Name)) })
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
	for i := range reg {
		names[i] = reg[i].Name
	}
	return names
}

// Find returns the format of that name. The error names those there are.
func (reg Registry) Find(name string) (Format, error) {
	for _, f := range reg {
		if f.Name == name {
			return f, nil
		}
	}
	return Format{}, fmt.Errorf("no output format %q; there are %s", name, strings.Join(reg.Names(), ", "))
}

// Fits tells whether the format has a place for what a command finds out.
func (f *Format) Fits(command string) bool {
	return f.Commands == nil || slices.Contains(f.Commands, command)
}

// For returns the formats that fit a command.
func (reg Registry) For(command string) Registry {
	var fit Registry
	for _, f := range reg {
		if f.Fits(command) {
			fit = append(fit, f)
		}
	}
	return fit
}

// Streams tells whether the format of that name is Streamed.
func (reg Registry) Streams(name string) bool {
	f, err := reg.Find(name)
	return err == nil && f.Streamed
}
