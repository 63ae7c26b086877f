package trial

import "strings"

// Value is one value of a factor.
type Value struct {
	// Text is the value as the user wrote it; "" is the empty value, such as no options.
	Text string
	// Elements is what a value of a list is made of, in order: for tcp-options such as
	// "mss=1460", "sackok", "ts", "nop", "wscale=7". nil for factors that are no lists.
	Elements []string
}

// Factor is one field of the packet that is varied, with at least one value. It is a
// list if one of its values has Elements.
type Factor struct {
	Name   string
	Values []Value
}

// Design is a full factorial: a variant for each combination of values. Variant
// numbers count from 0, with the last factor fastest.
type Design struct {
	Factors []Factor
}

// Variants is the number of combinations: 1 of a design without factors.
func (d *Design) Variants() int {
	n := 1
	for _, f := range d.Factors {
		n *= len(f.Values)
	}
	return n
}

// Levels returns the index of the value of each factor in a variant.
func (d *Design) Levels(variant int) []int {
	levels := make([]int, len(d.Factors))
	for i := len(d.Factors) - 1; i >= 0; i-- {
		n := len(d.Factors[i].Values)
		levels[i] = variant % n
		variant /= n
	}
	return levels
}

// Name tells a variant from the others: the value alone if there is one factor, else
// every factor with its value, as in "tcp-options=mss,sackok tos=184".
func (d *Design) Name(variant int) string {
	levels := d.Levels(variant)
	if len(levels) == 1 {
		return d.Factors[0].Values[levels[0]].name()
	}
	parts := make([]string, len(levels))
	for i, f := range d.Factors {
		parts[i] = f.Name + "=" + f.Values[levels[i]].name()
	}
	return strings.Join(parts, " ")
}

// name is the value as it is shown: an empty one has a word, too.
func (v Value) name() string {
	if v.Text == "" {
		return "none"
	}
	return v.Text
}

// list tells whether the values of the factor are made of elements.
func (f *Factor) list() bool {
	for _, v := range f.Values {
		if v.Elements != nil {
			return true
		}
	}
	return false
}
