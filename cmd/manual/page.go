package manual

// Page is a text on one subject, for the screen and as a manual page.
type Page struct {
	Name  string // "tcp", "exit-codes"
	Short string // one line
	Parts []Part
}

// Part is a piece of a page with a title of its own. What of it is there is shown in the
// order of the fields.
type Part struct {
	Title    string
	Text     string    // paragraphs, parted by empty lines; where their lines end is of no meaning
	Terms    []Term    // words, and what they mean
	Examples []Example // command lines, and what they do
	Usage    []string  // command lines with words to fill in
}

// Term is a word and what it means, in a line or several.
type Term struct{ Word, Means string }

// Example is a line as a shell takes it, and what it does. Tests take every word of sonde's
// in it for a command line, which must not be refused.
type Example struct{ Line, Does string }

// command is what a page of a command has beside its flags.
type command struct {
	text     string
	examples []Example
	columns  []Term // of the tables that text has
	after    string
}
