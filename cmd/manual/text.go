package manual

import "strings"

// Text is a page for a screen of so many columns.
func (p *Page) Text(width int) string {
	var b []byte
	for i, part := range p.Parts {
		if i > 0 {
			b = append(b, '\n')
		}
		if part.Title != "" {
			b = append(append(b, part.Title...), ":\n"...)
		}
		if part.Text != "" {
			b = appendWrapped(b, part.Text, width, 0, 0)
			if part.Terms != nil || part.Examples != nil {
				b = append(b, '\n')
			}
		}
		b = appendTerms(b, part.Terms, width)
		for _, e := range part.Examples {
			for line := range strings.Lines(e.Line) {
				b = append(append(b, "  "...), line...)
			}
			b = append(b, '\n')
			if e.Does != "" {
				b = appendWrapped(b, e.Does, width, 6, 0)
			}
		}
		for _, line := range part.Usage {
			b = append(append(append(b, "  "...), line...), '\n')
		}
	}
	return string(b)
}
