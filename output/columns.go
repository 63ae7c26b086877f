package output

import (
	"cmp"
	"slices"
	"strings"
)

// columns is a table whose cells are lined up; they are escaped already. A
// column in which no row has anything is left out.
type columns struct {
	rows [][]string // the first is the head
	wide []int      // of the widest cell, head included
	used []bool     // some row but the head has something there
	gap  int        // how many blanks stand between columns; 0: gutter
	last int        // the last column that is used, with wrap
	wrap int        // what one line has room for of it; 0: all
}

// gutter is how many blanks stand between columns.
const gutter = 2

func (c *columns) row(cells ...string) {
	for len(c.wide) < len(cells) {
		c.wide, c.used = append(c.wide, 0), append(c.used, false)
	}
	for i, text := range cells {
		c.wide[i] = max(c.wide[i], width([]byte(text)))
		c.used[i] = c.used[i] || len(c.rows) > 0 && text != ""
	}
	c.rows = append(c.rows, cells)
}

// append writes row i, without blanks at its end. paint, if any, writes a cell's
// text, which must not change its width.
func (c *columns) append(b []byte, i int, paint func(column int, b []byte, text string) []byte) []byte {
	blanks, at, gap := 0, 0, cmp.Or(c.gap, gutter)
	for j, text := range c.rows[i] {
		if !c.used[j] {
			continue
		}
		rest := ""
		if c.wrap > 0 && j == c.last {
			text, rest = c.split(text)
		} else {
			text = ellipsis(text, c.wide[j])
		}
		if text != "" {
			b = pad(b, blanks)
			blanks = 0
			if paint != nil {
				b = paint(j, b, text)
			} else {
				b = append(b, text...)
			}
		}
		for rest != "" {
			text, rest = c.split(rest)
			b = append(pad(append(b, '\n'), at), text...)
		}
		blanks += c.wide[j] - width([]byte(text)) + gap
		at += c.wide[j] + gap
	}
	return append(b, '\n')
}

// split parts a cell of the last column at the last blank that one line has room for.
func (c *columns) split(text string) (line, rest string) {
	line, _, _ = strings.Cut(string(foldLine(nil, text, c.wrap)), "\n")
	return line, strings.TrimLeft(text[len(line):], " ")
}

// What columns keep where a terminal is narrow.
const (
	cutMin    = 12 // columns of a name
	wrapMin   = 24 // of the last column, so that it is read with ease: names are cut for it
	wrapLeast = 12 // with less it is not broken cell by cell
)

// cuttable are heads of columns whose cells may be cut: names, of which the beginning says
// most.
var cuttable = []string{"NAME", "SERVICE", "VERSION", "CAPTURE"}

// fit has the table take no more than limit columns of a terminal, if that can be: names
// end in an ellipsis, and what stands in the last column goes on below. 0 is no limit.
func (c *columns) fit(limit int) {
	start, last := 0, len(c.used)-1
	for last > 0 && !c.used[last] {
		last--
	}
	for j := range max(last, 0) {
		if c.used[j] {
			start += c.wide[j] + cmp.Or(c.gap, gutter)
		}
	}
	if limit == 0 || last < 1 || start+c.wide[last] <= limit {
		return
	}
	for over := start + min(c.wide[last], wrapMin) - limit; over > 0; over-- {
		widest := -1
		for j := range last {
			if c.used[j] && slices.Contains(cuttable, c.rows[0][j]) && c.wide[j] > cutMin && (widest < 0 || c.wide[j] > c.wide[widest]) {
				widest = j
			}
		}
		if widest < 0 {
			break
		}
		c.wide[widest]--
		start--
	}
	if room := limit - start; room >= wrapLeast {
		c.last, c.wrap = last, room
	}
}

// all appends all rows.
func (c *columns) all(b []byte) []byte {
	for i := range c.rows {
		b = c.append(b, i, nil)
	}
	return b
}
