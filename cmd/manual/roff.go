package manual

import (
	"bytes"
	"strings"
)

// Roff is a page as man takes it: in the macros of man(7), that groff and mandoc have.
func (p *Page) Roff() string {
	title, section := strings.TrimSuffix(p.file(), "."+p.section()), p.section()
	b := roffLine(nil, ".TH", strings.ToUpper(title), section, day(), "sonde", "Manual of sonde")
	b = bytes.Replace(b, appendRoff(nil, day()), []byte(day()), 1) // a date has hyphens, as they are
	b = append(b, ".nh\n.ad l\n.SH NAME\n"...)
	b = append(append(append(appendRoff(b, title), ` \- `...), appendRoff(nil, strings.TrimSuffix(p.Short, "."))...), '\n')
	for _, part := range p.Parts {
		heading := part.Title
		switch heading {
		case "":
			heading = "Description"
		case "Usage":
			heading = "Synopsis"
		}
		b = roffLine(b, ".SH", strings.ToUpper(heading))
		b = appendParagraphs(b, part.Text)
		for _, t := range part.Terms {
			b = append(b, ".TP\n"...)
			b = append(append(append(b, `\fB`...), appendRoff(nil, strings.TrimSpace(t.Word))...), "\\fR\n"...)
			b = appendParagraphs(b, t.Means)
		}
		for i, e := range part.Examples {
			if i > 0 || part.Text != "" || part.Terms != nil {
				b = append(b, ".PP\n"...)
			}
			b = append(b, ".nf\n.RS 2\n"...)
			b = appendLines(b, e.Line)
			b = append(b, ".RE\n.fi\n"...)
			if e.Does != "" {
				b = appendParagraphs(append(b, ".RS 6\n"...), e.Does)
				b = append(b, ".RE\n"...)
			}
		}
		if part.Usage != nil {
			b = appendLines(append(b, ".nf\n"...), strings.Join(part.Usage, "\n"))
			b = append(b, ".fi\n"...)
		}
	}
	return string(append(b, p.seeAlso()...))
}

// seeAlso leads from each page to the first one, and from there to all.
func (p *Page) seeAlso() []byte {
	b := []byte(".SH SEE ALSO\n")
	if p.Name != "sonde" {
		return append(b, ".BR sonde (1)\n"...)
	}
	b = append(b, "sonde with the name of a command behind it, as\n.BR sonde\\-tcp (1),\nand topics:\n"...)
	for i, name := range Topics() {
		end := ","
		if i == len(topics)-1 {
			end = ""
		}
		b = append(append(append(append(b, ".BR sonde\\-"...), appendRoff(nil, name)...), " (7)"+end...), '\n')
	}
	return b
}

// section is that of the manual: 1 for commands, 7 for topics.
func (p *Page) section() string {
	if Topic(p.Name) != nil {
		return "7"
	}
	return "1"
}

// file is the name of the manual page: sonde-tcp.1, sonde-targets.7.
func (p *Page) file() string {
	if p.section() == "7" {
		return "sonde-" + p.Name + ".7"
	}
	return p.Name + ".1"
}

// roffLine appends a request with its arguments in quotes.
func roffLine(b []byte, request string, args ...string) []byte {
	b = append(b, request...)
	for _, a := range args {
		b = append(append(append(b, ` "`...), bytes.ReplaceAll(appendRoff(nil, a), []byte(`"`), []byte(`\(dq`))...), '"')
	}
	return append(b, '\n')
}

// longestLine is how long lines of a manual page are that may end anywhere, before what
// stands for characters is put there: those who read the source want 80 columns.
const longestLine = 72

// appendParagraphs appends paragraphs, parted by empty lines in text.
func appendParagraphs(b []byte, text string) []byte {
	if text == "" {
		return b
	}
	for i, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			b = append(b, ".PP\n"...)
		}
		b = appendLines(b, string(appendWrapped(nil, paragraph, longestLine, 0, 0)))
	}
	return b
}

// appendLines appends lines as they are.
func appendLines(b []byte, text string) []byte {
	for line := range strings.Lines(text) {
		b = append(appendRoff(b, strings.TrimSuffix(line, "\n")), '\n')
	}
	return b
}

// roffs are the characters that mean something to roff, or that not every device of its
// has, and what stands for them.
var roffs = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`,
	"…", `\&...`, "→", `\(->`, "≥", `\(>=`)

// appendRoff appends text that roff shows as it is: nothing in it is a request.
func appendRoff(b []byte, text string) []byte {
	if strings.HasPrefix(text, ".") {
		b = append(b, `\&`...)
	}
	return append(b, roffs.Replace(text)...)
}
