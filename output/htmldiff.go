package output

import (
	"strings"

	"sonde/output/page"
	"sonde/scan/report"
)

// This file has what two runs say otherwise, and what was expected, in the lines of text.

func (f *htmlWriter) AppendUnmet(b []byte, u *report.Unmet) []byte {
	return page.Element(b, "p", "total", "Not as expected: "+string(f.words.appendUnmet(nil, u)))
}

func (f *htmlWriter) AppendDifference(b []byte, d *report.Difference) []byte {
	return appendHTMLLines(b, f.words.AppendDifference(nil, d))
}

func (f *htmlWriter) AppendDifferences(b []byte, d *report.Differences) []byte {
	return appendHTMLLines(b, f.words.AppendDifferences(nil, d))
}

// appendHTMLLines writes each line that is not empty as a paragraph.
func appendHTMLLines(b, lines []byte) []byte {
	for line := range strings.Lines(string(lines)) {
		if line = strings.TrimSpace(line); line != "" {
			b = page.Element(b, "p", "total", line)
		}
	}
	return b
}
