package output

import (
	"strconv"

	"sonde/output/page"
	"sonde/scan/report"
)

// AppendTrial keeps a variant until all of its target are there.
func (f *htmlWriter) AppendTrial(b []byte, t *report.Trial) []byte {
	if v := f.words.variants; len(v) > 0 && v[0].Addr != t.Addr {
		b = f.appendVariants(b)
	}
	f.words.variants = append(f.words.variants, *report.Clone(t).(*report.Trial))
	return b
}

// plotColumn is where variantTable has the picture of a rate.
const plotColumn = 3

// appendVariants writes the table of the variants that are there, with pictures of rates
// and their intervals.
func (f *htmlWriter) appendVariants(b []byte) []byte {
	variants := f.words.variants
	if len(variants) == 0 {
		return b
	}
	b = page.Element(b, "h2", "", string(f.words.appendTried(nil)))
	lowest, kinds := f.words.scale()
	c := f.words.variantTable(kinds, strconv.FormatFloat(lowest, 'g', 2, 64)+" to 1", interval)
	f.tables++
	t := page.Table{ID: "variants" + strconv.Itoa(f.tables), Label: "Variants", Class: "grid small"}
	sorts := []string{"text", "number", "number", "", "text", "number"}
	for i, head := range c.rows[0] {
		if c.used[i] {
			t.Columns = append(t.Columns, page.Column{Head: head, Sort: sorts[i]})
		}
	}
	b = append(t.Begin(b), "<tbody>"...)
	for i, row := range c.rows[1:] {
		v := &variants[i]
		b = page.Row(b, "")
		for j, cell := range row {
			switch {
			case !c.used[j]:
			case j == 0:
				b = page.Text(append(b, `<th scope="row" class="mono name">`...), cell)
			case j == plotColumn && cell != "":
				at := func(rate float64) float64 { return (rate - lowest) / (1 - lowest) }
				b = page.Interval(page.Open(b, "td", ""), cell, at(v.Low), at(float64(v.Answered)/float64(v.Sent)), at(v.High))
			default:
				b = page.Cell(b, "name", cell)
			}
		}
	}
	f.words.variants = variants[:0]
	return page.EndTable(append(b, '\n'))
}

// interval is a rate with its interval in words: "0.695, 0.628 to 0.755".
func interval(t *report.Trial) string {
	if t.Sent == 0 {
		return ""
	}
	b := appendRate(nil, float64(t.Answered)/float64(t.Sent))
	b = appendRate(append(b, ", "...), t.Low)
	return string(appendRate(append(b, " to "...), t.High))
}

// AppendEffect writes an effect as a sentence.
func (f *htmlWriter) AppendEffect(b []byte, e *report.Effect) []byte {
	b = f.overAll(f.appendVariants(b), e.Addr.IsValid())
	return page.Element(b, "p", "total", Escape(string(appendEffect(nil, e)))+".")
}

// AppendConclusion writes the rest that is to be said, sentence by sentence.
func (f *htmlWriter) AppendConclusion(b []byte, c *report.Conclusion) []byte {
	b = f.overAll(f.appendVariants(b), c.Addr.IsValid())
	for _, sentence := range conclusion(c) {
		b = page.Element(b, "p", "", Escape(sentence)+".")
	}
	f.words.overall = false
	return b
}

// overAll says, once, that what follows is about all targets.
func (f *htmlWriter) overAll(b []byte, one bool) []byte {
	if one || f.words.overall {
		return b
	}
	f.words.overall = true
	return page.Element(b, "h2", "", "Over all targets")
}
