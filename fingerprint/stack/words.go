package stack

import (
	"fmt"
	"slices"
	"strings"
)

// Named is the key of the family that a text names, such as what a service says of the
// system that it was built for; "" where it names none.
func (d *Database) Named(text string) string {
	text = strings.ToLower(text)
	for _, r := range d.rows {
		if slices.ContainsFunc(r.Words, func(w string) bool { return w != "" && strings.Contains(text, w) }) {
			return r.key
		}
	}
	return ""
}

// Contradicts tells whether a text that names one family speaks against another one, by
// their keys. It does not where programs of any system may be behind that stack.
func (d *Database) Contradicts(named, key string) bool {
	at := slices.IndexFunc(d.rows, func(r *row) bool { return r.key == key })
	return named != "" && named != key && at >= 0 && len(d.rows[at].Words) > 0
}

// leastFit is what may speak against a family, at least, of which something is: two features
// that it has otherwise.
const leastFit = -2

// Fits tells whether features leave it possible that a stack is of a family, by its key,
// though few of them may be as it usually has them.
func (d *Database) Fits(key string, f Features) bool {
	s := d.scoring(f)
	for _, l := range d.leaves() {
		if l.row.key == key && s.ratio(&l, 1) >= leastFit {
			return true
		}
	}
	return false
}

// Sample is a row of a database, as far as features tell it: what it is, and how it is
// known, are for a person to fill in.
func Sample(f Features) string {
	var b strings.Builder
	b.WriteString("[stack.NAME]\nname = \"NAME\"\nprior = 1\n")
	for i := range groups {
		for _, feature := range groups[i].features {
			if value, ok := f[feature.name]; ok {
				fmt.Fprintf(&b, "%s.%s = { %q = 1 }\n", groups[i].name, feature.name, value)
			}
		}
	}
	b.WriteString("source.why = \"WHICH SYSTEM, WHICH VERSION, SEEN BY WHOM\"\n")
	return b.String()
}

// List is features as texts, "options=MSTNW", in the order of the table.
func List(f Features) (list []string) {
	for _, name := range Names() {
		if value, ok := f[name]; ok {
			list = append(list, name+"="+value)
		}
	}
	return list
}

// String is "options MSTNW".
func (r Reason) String() string { return r.What + " " + r.Value }
