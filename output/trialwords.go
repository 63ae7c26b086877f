package output

import (
	"strconv"
	"strings"

	"sonde/probe"
	"sonde/scan/report"
)

// This file is what trials come to, in sentences. What stands in them of values was on
// our own command line, and answers are named by words of ours.

// property names a property: "sackok", "ts with wscale".
func property(properties []string) string { return strings.Join(properties, " with ") }

// enumerate is "mss, ts and wscale".
func enumerate(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

// appendRate writes a share with digits decimals: 0.695, and where it is not 0 nor 1 but
// would look so, more of them.
func appendRate(b []byte, v float64) []byte {
	digits := 3
	for digits < 6 && v > -1 && v < 1 && v != 0 {
		text := strconv.FormatFloat(v, 'f', digits, 64)
		if n, _ := strconv.ParseFloat(text, 64); n != 0 && n != 1 && n != -1 {
			break
		}
		digits++
	}
	return strconv.AppendFloat(b, v, 'f', digits, 64)
}

// appendEffect writes an effect as a sentence: "sackok lowers the answer rate from 1.000
// to 0.695 (difference -0.380 to -0.230), p = 1.2e-14".
func appendEffect(b []byte, e *report.Effect) []byte {
	b = append(b, property(e.Properties)...)
	if e.With < e.Without {
		b = append(b, " lowers"...)
	} else {
		b = append(b, " raises"...)
	}
	if e.Kind == "" {
		b = append(b, " the answer rate"...)
	} else {
		b = append(append(append(b, " the share of "...), e.Kind...), " among the answers"...)
	}
	b = appendRate(append(b, " from "...), e.Without)
	b = appendRate(append(b, " to "...), e.With)
	b = appendRate(append(b, " (difference "...), e.Low)
	b = appendRate(append(b, " to "...), e.High)
	if e.P < 1e-9 {
		b = append(b, "), p < 1e-9"...)
	} else {
		b = strconv.AppendFloat(append(b, "), p = "...), e.P, 'g', 2, 64)
	}
	if len(e.Alike) > 0 {
		b = append(append(b, "; it cannot be told from "...), enumerate(e.Alike)...)
		b = append(b, ": every variant has both or neither"...)
	}
	if len(e.Rivals) > 0 {
		b = append(append(b, "; it may be "...), strings.Join(e.Rivals, " or ")...)
		b = append(b, ", which explains it about as well"...)
	}
	return b
}

// appendConclusion writes all that trials come to, beside their effects.
func appendConclusion(b []byte, c *report.Conclusion) []byte {
	return append(b, strings.Join(conclusion(c), ". ")...)
}

// conclusion is the same, sentence by sentence.
func conclusion(c *report.Conclusion) (list []string) {
	say := func(text string) { list = append(list, text) }
	bound := string(appendRate(nil, c.Bound))
	rest, largest, unclear := restOf(c.Rest)
	if c.Reason != probe.NoResponse {
		text := "Packets could not be sent: "
		if c.Reason == probe.ReasonLocalError {
			text += string(appendLocalError(nil, c.Addr, c.Errno))
		} else {
			text += reasonWords(c.Reason)
		}
		say(text)
	}
	switch c.Result {
	case "silent":
		say("No packet of any variant was answered, so there is nothing to compare")
	case "nothing":
		text := "Nothing makes a difference larger than " + bound
		if len(rest) > 0 {
			text += ": neither " + strings.Join(rest, " nor ")
		}
		say(text)
	case "too-few":
		text := "Nothing can be named, and differences of up to " + bound + " are still possible"
		if c.Bound >= 1 {
			text = "Nothing can be named, and any difference is still possible"
		}
		say(text)
	case "named":
		if len(rest) > 0 {
			text := " makes no difference larger than "
			if len(rest) > 1 {
				text = " make no difference larger than "
			}
			say(enumerate(rest) + text + string(appendRate(nil, largest)))
		}
		if len(unclear) > 0 {
			say("Differences are still possible by " + enumerate(unclear))
		}
	}
	if len(c.Untold) > 0 {
		say("Of " + enumerate(c.Untold) + " nothing can be said: no variant that was answered differs in nothing else")
	}
	if c.More > 0 {
		say("About " + strconv.FormatUint(uint64(c.More), 10) + " more blocks would settle it (-c " + strconv.FormatUint(uint64(c.Blocks)+uint64(c.More), 10) + ")")
	}
	if c.Flows != nil {
		if text := flowWords(c.Flows); text != "" {
			say(text)
		}
	}
	if c.Place != nil {
		say(placeWords(c.Place))
	}
	return list
}

// speakable is which bound of a difference says that there is none to speak of.
const speakable = 0.1

// restOf tells the properties that make no difference to speak of, the largest bound of
// these, and the others with theirs.
func restOf(list []report.Bounded) (rest []string, largest float64, unclear []string) {
	for _, b := range list {
		if b.Bound > speakable {
			unclear = append(unclear, b.Property+" (up to "+string(appendRate(nil, b.Bound))+")")
			continue
		}
		rest, largest = append(rest, b.Property), max(largest, b.Bound)
	}
	return rest, largest, unclear
}

// flowWords says what loss belongs to; "" where nothing is lost.
func flowWords(f *report.Flows) string {
	percent := func(v float64) string { return strconv.FormatFloat(100*v, 'f', 0, 64) + " %" }
	switch {
	case f.Result == "chance" && f.Loss == 0:
		return ""
	case f.Result == "chance":
		return "Loss does not belong to flows: of usual packets " + percent(f.Loss) + " are lost, whatever the flow"
	case f.Result == "uneven":
		return "Loss belongs to flows: they differ in it, though none is dead, whatever the variant"
	case f.Result == "unsure":
		return "Whether loss belongs to flows cannot be told"
	}
	text := percent(f.Dead) + " of the flows never answer, whatever the variant (" + strconv.FormatUint(uint64(f.Silent), 10) + " of " +
		strconv.FormatUint(uint64(f.Asked), 10) + "; " + percent(f.Low) + " to " + percent(f.High) + ")"
	if f.Loss > 0 {
		text += ", and " + percent(f.Loss) + " of the packets of the others are lost"
	}
	if len(f.Decides) > 0 {
		text += "; which, the " + enumerate(f.Decides) + map[bool]string{true: " decide", false: " decides"}[len(f.Decides) > 1]
	}
	if len(f.Idle) > 0 {
		text += ", and not the " + strings.Join(f.Idle, " nor the ")
	}
	return text
}

// placeWords says where the difference begins.
func placeWords(p *report.Place) string {
	if !p.Found {
		text := "Where " + p.Variant + " begins to fare worse than " + p.Beside
		if p.Enough {
			return text + " was not found: hop by hop both are answered alike"
		}
		return text + " cannot be told: too few hops answer, or too seldom"
	}
	point := func(p *report.Point) string {
		text := "hop " + strconv.Itoa(int(p.TTL))
		switch {
		case p.Target:
			return "the target" + " (" + text + ")"
		case p.TTL == 0:
			return "this machine"
		case p.From.IsValid():
			text += " (" + string(appendAddr(nil, p.From)) + ")"
		}
		return text
	}
	text := p.Variant + " begins to fare worse than " + p.Beside + " between " + point(&p.Near) + " and " + point(&p.Far)
	var silent []string
	for _, ttl := range p.Between {
		silent = append(silent, strconv.Itoa(int(ttl)))
	}
	switch len(silent) {
	case 0:
		return text
	case 1:
		return text + "; hop " + silent[0] + ", between them, does not answer"
	}
	return text + "; hops " + enumerate(silent) + ", between them, do not answer"
}
