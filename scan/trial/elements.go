package trial

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// missing stands before what a list has not.
const missing = "missing "

// numberOf stands before the name of a list where its length matters.
const numberOf = "number of "

// ofElements are the properties of a list by what is in it: whether an element is
// there, with which value, and which of two comes first.
func (d *Design) ofElements(factor int) (list []property) {
	f := &d.Factors[factor]
	lists := f.elements()
	names := map[string]map[string]bool{} // the values of each
	for _, l := range lists {
		for _, e := range l {
			if names[e.name] == nil {
				names[e.name] = map[string]bool{}
			}
			names[e.name][e.value] = true
		}
	}
	sorted := slices.Sorted(maps.Keys(names))
	for _, name := range sorted {
		in := d.with(factor, func(l int) bool { return find(lists[l], name) >= 0 })
		list = append(list,
			property{terms: []Term{{f.Name, name}}, rank: plain, set: in, about: name},
			property{terms: []Term{{f.Name, missing + name}}, rank: plain, set: opposite(in), about: name})
		if len(names[name]) > 1 {
			list = append(list, d.ofElementValues(factor, lists, name, slices.Sorted(maps.Keys(names[name])))...)
		}
		for _, other := range sorted {
			if p, ok := d.order(factor, lists, name, other); ok {
				list = append(list, p)
			}
		}
	}
	return list
}

// ofElementValues are the properties of having an element with one of its values, and
// thresholds where they are numbers.
func (d *Design) ofElementValues(factor int, lists [][]listed, name string, values []string) (list []property) {
	f := &d.Factors[factor]
	for _, value := range values {
		text := name + "=" + value
		if value == "" {
			text = name + " without a value"
		}
		in := d.with(factor, func(l int) bool { return slices.Contains(lists[l], listed{name, value}) })
		list = append(list, property{terms: []Term{{f.Name, text}}, rank: finer, set: in, about: name})
	}
	numbers, there := make([]int64, len(lists)), make([]bool, len(lists))
	for l := range lists {
		if i := find(lists[l], name); i >= 0 {
			n, err := strconv.ParseInt(lists[l][i].value, 0, 64)
			if err != nil {
				return list
			}
			numbers[l], there[l] = n, true
		}
	}
	return append(list, d.thresholds(factor, name, numbers, there)...)
}

// order is the property that one element comes before another, if some list has them
// the other way round.
func (d *Design) order(factor int, lists [][]listed, first, second string) (p property, ok bool) {
	before := func(a, b string) func(int) bool {
		return func(l int) bool {
			i, j := find(lists[l], a), find(lists[l], b)
			return i >= 0 && j >= 0 && i < j
		}
	}
	in := d.with(factor, before(first, second))
	other := d.with(factor, before(second, first))
	p = property{terms: []Term{{d.Factors[factor].Name, first + " before " + second}}, rank: ordered, set: in}
	return p, slices.Contains(in, true) && slices.Contains(other, true)
}

// ofLists are the properties of a whole list: being that one, and having so many
// elements.
func (d *Design) ofLists(factor int) (list []property) {
	f := &d.Factors[factor]
	counts := make([]int64, len(f.Values))
	for l, v := range f.Values {
		in := d.with(factor, func(level int) bool { return f.Values[level].Text == v.Text })
		is := []Term{{f.Name, f.Name + "=" + v.name()}}
		list = append(list, property{terms: is, rank: whole, set: in})
		counts[l] = int64(len(v.Elements))
	}
	for _, p := range d.thresholds(factor, numberOf+f.Name, counts, nil) {
		p.rank = whole
		list = append(list, p)
	}
	return list
}

// listed is an element of a list.
type listed struct{ name, value string }

// elements parts the elements of each value into name and value.
func (f *Factor) elements() [][]listed {
	lists := make([][]listed, len(f.Values))
	for i, v := range f.Values {
		for _, e := range v.Elements {
			name, value, _ := strings.Cut(e, "=")
			if name == "opt" || name == "raw" { // what they are is their value
				kind, bytes, _ := strings.Cut(value, ":")
				name, value = name+"="+kind, bytes
			}
			lists[i] = append(lists[i], listed{name, value})
		}
	}
	return lists
}

// find is the place of the first element of that name, −1 if there is none.
func find(list []listed, name string) int {
	return slices.IndexFunc(list, func(e listed) bool { return e.name == name })
}
