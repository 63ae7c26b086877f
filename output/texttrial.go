package output

import (
	"strconv"
	"strings"

	"sonde/scan/report"
)

// plotWidth is how wide the picture of a rate is: 0 at its left end, 1 at its right.
const plotWidth = 31

// AppendTrial keeps a variant until all of its target are there: they are lined up.
func (f *text) AppendTrial(b []byte, t *report.Trial) []byte {
	if len(f.variants) > 0 && f.variants[0].Addr != t.Addr {
		b = f.appendVariants(b)
	}
	f.variants = append(f.variants, *report.Clone(t).(*report.Trial))
	return b
}

// appendVariants writes the table of the variants that are there.
func (f *text) appendVariants(b []byte) []byte {
	if len(f.variants) == 0 {
		return b
	}
	b = append(f.appendTried(f.gap(b)), "\n\n"...)
	lowest, kinds := f.scale()
	table := f.variantTable(kinds, plotHead(lowest), func(t *report.Trial) string { return plot(t, lowest) })
	b = table.all(b)
	f.variants = f.variants[:0]
	return append(b, '\n')
}

// appendTried writes "10.77.2.10 21/tcp: 4 variants".
func (f *text) appendTried(b []byte) []byte {
	first := &f.variants[0]
	b = appendAddr(b, first.Addr)
	if first.Proto != "" {
		b = appendPort(append(b, ' '), first.Proto, first.Port)
	}
	return appendCount(append(b, ": "...), uint64(len(f.variants)), "variant")
}

// variantTable has a row for each variant, with a picture of its rate; kinds says that
// answers are told apart.
func (f *text) variantTable(kinds bool, picture string, draw func(*report.Trial) string) (table columns) {
	head, times := "VARIANT", "RTT"
	if f.Verbose {
		times = "RTT (min / median / 95 %)"
	}
	if t := f.scan.Trials; t != nil && len(t.Factors) == 1 {
		head = strings.ToUpper(Escape(t.Factors[0].Name))
	}
	table.row(head, "ANSWERED", "RATE", picture, "ANSWERS", times)
	for i := range f.variants {
		t := &f.variants[i]
		answers, rtt, rate := "", "", ""
		if kinds || f.Verbose {
			answers = kindWords(t.Kinds)
		}
		switch {
		case t.Answered == 0:
		case f.Verbose:
			rtt = string(appendMillisNumber(nil, t.Min)) + " / " + string(appendMillisNumber(nil, t.Median)) + " / " + string(appendMillis(nil, t.P95))
		default:
			rtt = string(appendMillis(nil, t.Median))
		}
		if t.Sent > 0 {
			rate = string(appendRate(nil, float64(t.Answered)/float64(t.Sent)))
		}
		table.row(Escape(t.Variant), strconv.Itoa(int(t.Answered))+" of "+strconv.Itoa(int(t.Sent)), rate, draw(t), answers, rtt)
	}
	return table
}

// scale decides where the pictures begin, so that what is near 1 can be told apart, and
// whether there is more than one kind of answers.
func (f *text) scale() (lowest float64, kinds bool) {
	low, seen := 1.0, map[string]bool{}
	for i := range f.variants {
		low = min(low, f.variants[i].Low)
		for _, k := range f.variants[i].Kinds {
			seen[k.Kind] = true
		}
	}
	if low > 0.5 {
		lowest = 0.5
	}
	if low > 0.9 {
		lowest = 0.9
	}
	return lowest, len(seen) > 1
}

// plotHead names both ends of the picture.
func plotHead(lowest float64) string {
	left := strconv.FormatFloat(lowest, 'g', 2, 64)
	return left + strings.Repeat(" ", plotWidth-len(left)-1) + "1"
}

// plot is a rate with its interval: "    ├──●──┤".
func plot(t *report.Trial, lowest float64) string {
	if t.Sent == 0 {
		return ""
	}
	at := func(v float64) int {
		return max(0, min(plotWidth-1, int((v-lowest)/(1-lowest)*float64(plotWidth-1)+0.5)))
	}
	low, rate := at(t.Low), at(float64(t.Answered)/float64(t.Sent))
	high := max(low, at(t.High))
	line := []rune(strings.Repeat(" ", high+1))
	for i := low; i <= high; i++ {
		line[i] = '─'
	}
	line[low], line[high] = '├', '┤'
	line[max(low, min(rate, high))] = '●'
	return string(line)
}

// kindWords is "139 syn-ack, 12 reset".
func kindWords(list []report.KindCount) string {
	var words []string
	for _, k := range list {
		words = append(words, strconv.Itoa(int(k.N))+" "+Escape(k.Kind))
	}
	return strings.Join(words, ", ")
}

// AppendEffect writes an effect as a sentence.
func (f *text) AppendEffect(b []byte, e *report.Effect) []byte {
	b = f.appendVariants(b)
	b = f.overAll(b, e.Addr.IsValid())
	f.any = true
	return append(f.appendWrapped(b, string(appendEffect(nil, e))), '\n')
}

// AppendConclusion writes the rest that is to be said, a line for each sentence.
func (f *text) AppendConclusion(b []byte, c *report.Conclusion) []byte {
	b = f.appendVariants(b)
	b = f.overAll(b, c.Addr.IsValid())
	for _, sentence := range conclusion(c) {
		b = append(f.appendWrapped(b, sentence), '\n')
	}
	f.any, f.overall = true, false
	return b
}

// overAll says, once, that what follows is about all targets.
func (f *text) overAll(b []byte, one bool) []byte {
	if one || f.overall {
		return b
	}
	f.overall = true
	return append(f.gap(b), "Over all targets:\n"...)
}

// appendWrapped writes a sentence with its full stop, in lines that fit a terminal.
func (f *text) appendWrapped(b []byte, sentence string) []byte {
	used := 0
	for i, word := range strings.Split(Escape(sentence)+".", " ") {
		n := width([]byte(word))
		switch {
		case i == 0:
		case used+1+n > lineWidth:
			b, used = append(b, "\n  "...), 2
		default:
			b, used = append(b, ' '), used+1
		}
		b, used = append(b, word...), used+n
	}
	return b
}
