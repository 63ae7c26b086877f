package stack

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"
)

//go:embed db/*.toml
var files embed.FS

// Database is what stacks are known by. It may be used by several goroutines at once.
type Database struct {
	rows []*row // by key
}

// row is a family: a leaf of the tree where it has no generations.
type row struct {
	key        string
	Name       string  `toml:"name" json:"name"`   // for people
	Prior      float64 `toml:"prior" json:"prior"` // how frequent it is, beside the others
	CPE        string  `toml:"cpe" json:"cpe"`
	Device     string  `toml:"device" json:"device"`         // what it usually runs on; "" anything
	Unverified bool    `toml:"unverified" json:"unverified"` // nobody here has seen one
	// Words are by which services name it, in small letters. A family without any may
	// carry programs of another system.
	Words []string `toml:"words" json:"words"`

	Syn   weights `toml:"syn" json:"syn"`
	IP    weights `toml:"ip" json:"ip"`
	Clock weights `toml:"clock" json:"clock"`
	Reset weights `toml:"reset" json:"reset"`
	Odd   weights `toml:"odd" json:"odd"`
	ICMP  weights `toml:"icmp" json:"icmp"`

	Source source             `toml:"source" json:"source"`
	Gen    map[string]*branch `toml:"gen" json:"gen"`
	Hint   map[string]*branch `toml:"hint" json:"hint"`

	weights weights  // of all groups
	gens    []string // keys of Gen, in order
}

// weights are how probable each value of a feature is: what is left of 1 belongs to all
// values that are not named, which "*" stands for.
type weights map[string]valueWeights

// valueWeights are those of one feature.
type valueWeights map[string]float64

// source is where a row comes from.
type source struct {
	Why string `toml:"why" json:"why"`
}

// branch is a generation, or a hint, of a family: what it has otherwise.
type branch struct {
	key       string
	Name      string  `toml:"name" json:"name"`
	Prior     float64 `toml:"prior" json:"prior"` // of a generation beside the others; of a hint beside that it does not hold
	CPE       string  `toml:"cpe" json:"cpe"`
	Features  weights `toml:"features" json:"features"`
	Otherwise weights `toml:"otherwise" json:"otherwise"` // of a hint: what others have
	Source    source  `toml:"source" json:"source"`
}

// file is a file of the database.
type file struct {
	Stack map[string]*row `toml:"stack" json:"stack"`
}

// Builtin returns the database that is part of the program.
func Builtin() *Database { return builtin() }

// A test reads the files, so an error in them is a bug, not an event.
var builtin = sync.OnceValue(func() *Database {
	d := &Database{}
	names, err := fs.Glob(files, "db/*.toml")
	for _, name := range names {
		var text []byte
		if text, err = files.ReadFile(name); err == nil {
			err = d.add(path.Base(name), text)
		}
		if err != nil {
			break
		}
	}
	if err != nil {
		panic(err)
	}
	d.finish()
	return d
})

// Read makes a database of one file, instead of the one that is part of the program: JSON
// where it begins with a brace, else TOML. Errors name the row.
func Read(text []byte) (*Database, error) {
	d := &Database{}
	if err := d.add("", text); err != nil {
		return nil, err
	}
	if len(d.rows) == 0 {
		return nil, errors.New("no stack in it: a row begins with [stack.NAME]")
	}
	d.finish()
	return d, nil
}

// add takes up the rows of a file.
func (d *Database) add(name string, text []byte) error {
	f := file{}
	var err error
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && trimmed[0] == '{' {
		dec := json.NewDecoder(bytes.NewReader(trimmed))
		dec.DisallowUnknownFields()
		err = dec.Decode(&f)
	} else {
		err = toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(&f)
		var unknown *toml.StrictMissingError
		if errors.As(err, &unknown) {
			err = fmt.Errorf("%s: no such key", strings.Join(unknown.Errors[0].Key(), "."))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(f.Stack)) {
		if r := f.Stack[key]; err == nil {
			if err = r.check(key); err != nil {
				err = fmt.Errorf("stack.%s: %w", key, err)
			}
			d.rows = append(d.rows, r)
		}
	}
	if err != nil && name != "" {
		return fmt.Errorf("%s: %w", name, err)
	}
	return err
}

// finish puts the rows in an order that does not depend on the files.
func (d *Database) finish() {
	slices.SortFunc(d.rows, func(a, b *row) int { return strings.Compare(a.key, b.key) })
}

// check refuses a row that cannot be meant, and gathers its weights.
func (r *row) check(key string) error {
	if r == nil {
		return errors.New("empty")
	}
	r.key, r.weights = key, weights{}
	switch {
	case r.Name == "":
		return errors.New("name: a row needs one")
	case !(r.Prior > 0 && r.Prior <= 1000):
		return errors.New("prior: above 0, up to 1000")
	case strings.TrimSpace(r.Source.Why) == "":
		return errors.New("source.why: where does it come from?")
	}
	for i, w := range []weights{r.Syn, r.IP, r.Clock, r.Reset, r.Odd, r.ICMP} {
		if err := w.check(groups[i].name); err != nil {
			return err
		}
		maps.Copy(r.weights, w)
	}
	if len(r.weights) == 0 {
		return errors.New("no features")
	}
	r.gens = slices.Sorted(maps.Keys(r.Gen))
	for _, kind := range []struct {
		name string
		list map[string]*branch
	}{{"gen", r.Gen}, {"hint", r.Hint}} {
		for _, key := range slices.Sorted(maps.Keys(kind.list)) {
			if b := kind.list[key]; b == nil {
				return fmt.Errorf("%s.%s: empty", kind.name, key)
			} else if err := b.check(key); err != nil {
				return fmt.Errorf("%s.%s: %w", kind.name, key, err)
			}
		}
	}
	return nil
}

func (b *branch) check(key string) error {
	switch b.key = key; {
	case b.Name == "":
		return errors.New("name: it needs one")
	case !(b.Prior > 0 && b.Prior <= 1000):
		return errors.New("prior: above 0, up to 1000")
	case len(b.Features) == 0:
		return errors.New("features: it needs some")
	case strings.TrimSpace(b.Source.Why) == "":
		return errors.New("source.why: where does it come from?")
	}
	return errors.Join(b.Features.check(""), b.Otherwise.check(""))
}

// rest stands for all values that are not named.
const rest = "*"

// check refuses weights that are no probabilities, and features that are none of the
// group; group "" takes all. It gives the rest what is left of 1.
func (w weights) check(group string) error {
	for _, name := range slices.Sorted(maps.Keys(w)) {
		g, _ := find(name)
		if g == nil || group != "" && g.name != group {
			return fmt.Errorf("%s: no such feature", strings.TrimPrefix(group+"."+name, "."))
		}
		sum := 0.0
		for _, value := range slices.Sorted(maps.Keys(w[name])) {
			p := w[name][value]
			if !(p >= 0 && p <= 1) || value == "" {
				return fmt.Errorf("%s: %q = %v: a weight is 0 to 1", name, value, p)
			}
			if value != rest {
				sum += p
			}
		}
		if sum > 1+1e-9 || len(w[name]) == 0 {
			return fmt.Errorf("%s: weights add up to %.3g, of 1", name, sum)
		}
		w[name][rest] = max(0, 1-sum)
	}
	return nil
}

// Families are the names of all families, by key.
func (d *Database) Families() (names []string) {
	for _, r := range d.rows {
		names = append(names, r.Name)
	}
	return names
}
