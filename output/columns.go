package output

// columns is a table whose cells are lined up; they are escaped already. A
// column in which no row has anything is left out.
type columns struct {
	rows [][]string // the first is the head
	wide []int      // of the widest cell, head included
	used []bool     // some row but the head has something there
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
	blanks := 0
	for j, text := range c.rows[i] {
		if !c.used[j] {
			continue
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
		blanks += c.wide[j] - width([]byte(text)) + gutter
	}
	return append(b, '\n')
}
