package page

// Text appends s as text, or as the value of an attribute between quotation marks: what
// means something in HTML is written as references (HTML, section 13.5).
func Text(b []byte, s string) []byte {
	from := 0 // what of s is not written yet
	for i := range len(s) {
		ref := ""
		switch s[i] {
		case '&':
			ref = "&amp;"
		case '<':
			ref = "&lt;"
		case '>':
			ref = "&gt;"
		case '"':
			ref = "&quot;"
		case '\'':
			ref = "&#39;"
		default:
			continue
		}
		b = append(append(b, s[from:i]...), ref...)
		from = i + 1
	}
	return append(b, s[from:]...)
}

// Open appends a start tag, with a class unless that is "". Both are our own words.
func Open(b []byte, tag, class string) []byte {
	b = append(append(b, '<'), tag...)
	if class != "" {
		b = append(append(append(b, ` class="`...), class...), '"')
	}
	return append(b, '>')
}

// Close appends an end tag.
func Close(b []byte, tag string) []byte {
	return append(append(append(b, "</"...), tag...), '>')
}

// Element appends an element with a text in it, and a line feed.
func Element(b []byte, tag, class, text string) []byte {
	return append(Close(Text(Open(b, tag, class), text), tag), '\n')
}

// Column is a column of a table.
type Column struct {
	Head string
	// Sort is how the script compares what is in it: as "addr", "port" (80/tcp), "number",
	// "state" or "text"; "": its rows are not sorted by it. By a state rows are chosen, too.
	Sort  string
	Class string // of the head's cell
}

// Table is the beginning of a table. Its rows follow, then EndTable.
type Table struct {
	ID      string // "": the script does not sort and filter it
	Label   string // what it is, for who does not see it
	Class   string
	Columns []Column
}

// Begin appends the start of the table with its head.
func (t *Table) Begin(b []byte) []byte {
	b = append(b, `<div class="wide"><table`...)
	if t.ID != "" {
		b = append(Text(append(b, ` id="`...), t.ID), '"')
	}
	if t.Class != "" {
		b = append(append(append(b, ` class="`...), t.Class...), '"')
	}
	b = append(Text(append(b, ` aria-label="`...), t.Label), "\">\n<thead><tr>"...)
	for _, c := range t.Columns {
		b = append(b, `<th scope="col"`...)
		if c.Class != "" {
			b = append(append(append(b, ` class="`...), c.Class...), '"')
		}
		if c.Sort != "" {
			b = append(append(append(b, ` data-sort="`...), c.Sort...), '"')
		}
		b = Close(Text(append(b, '>'), c.Head), "th")
	}
	return append(b, "</tr></thead>\n"...)
}

// EndTable appends the end of a table. Rows and cells, and groups of rows, end where the
// next one begins (HTML, section 13.1.2.4).
func EndTable(b []byte) []byte { return append(b, "</table></div>\n"...) }

// Row begins a row of a table. Without a class it is a record, which the script sorts
// and filters; with one it belongs to the records around it.
func Row(b []byte, class string) []byte { return Open(append(b, '\n'), "tr", class) }

// Cell appends a cell of a row. More of it may follow; who looks for empty cells wants the
// last one of a row closed, since a line feed is in it else.
func Cell(b []byte, class, text string) []byte { return Text(Open(b, "td", class), text) }

// State appends a cell with a state, in its colour.
func State(b []byte, state string) []byte {
	return Close(Text(Open(Open(b, "td", ""), "b", stateClass(state)), state), "b")
}

// stateClass is the class of a state: its name, where that is one.
func stateClass(state string) string {
	class := make([]byte, 0, len(state))
	for _, c := range []byte(state) {
		switch {
		case 'a' <= c && c <= 'z':
			class = append(class, c)
		default:
			class = append(class, '-')
		}
	}
	return string(class)
}
