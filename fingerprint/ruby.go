package fingerprint

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
)

// leftOut is why an expression of Ruby's cannot be used: Go's take time in proportion to the
// text, whoever wrote it, and so have no backtracking, nor what depends on it.
type leftOut string

func (e leftOut) Error() string { return "left out: " + string(e) }

// asLeftOut makes a leftOut of an error that is about the size of an expression, which
// Ruby does not bound.
func asLeftOut(err error) error {
	if s := (*syntax.Error)(nil); errors.As(err, &s) {
		switch s.Code {
		case syntax.ErrInvalidRepeatSize, syntax.ErrLarge, syntax.ErrNestingDepth:
			return leftOut(s.Error())
		}
	}
	return err
}

// flagNames are recog's flags, which have the names of POSIX and the meaning of Ruby's
// Regexp::MULTILINE and Regexp::IGNORECASE: with the first a dot matches the end of a line, too.
var flagNames = map[string]string{"REG_ICASE": "i", "REG_MULTILINE": "s", "REG_DOT_NEWLINE": "s", "REG_LINE_ANY_CRLF": ""}

// fromRuby returns an expression of Ruby's with recog's flags in Go's syntax. In Ruby ^ and
// $ are the ends of lines, always. Its error is a leftOut where Go has no such thing.
func fromRuby(pattern, flags string) (string, error) {
	modes := "m"
	for flag := range strings.SplitSeq(flags, ",") {
		if flag = strings.TrimSpace(flag); flag == "" {
			continue
		}
		mode, ok := flagNames[flag]
		if !ok {
			return "", fmt.Errorf("unknown flag %q", flag)
		}
		if !strings.Contains(modes, mode) {
			modes += mode
		}
	}
	r := ruby{in: pattern}
	for r.at < len(pattern) && r.err == nil {
		r.step()
	}
	return "(?" + modes + ")" + r.out.String(), r.err
}

// ruby is an expression that is being translated.
type ruby struct {
	in    string
	at    int
	out   strings.Builder
	class bool // between [ and ]
	again bool // what came last says how often: a + behind it makes it possessive
	err   error
}

// step translates what comes next.
func (r *ruby) step() {
	again := r.again
	r.again = false
	c := r.in[r.at]
	switch {
	case c == '\\' && r.at+1 < len(r.in):
		r.escape(r.in[r.at+1])
		return
	case r.class:
		if r.class = c != ']'; strings.HasPrefix(r.in[r.at:], "&&") {
			r.err = leftOut("an intersection of sets")
		}
		if end := strings.Index(r.in[r.at:], ":]"); strings.HasPrefix(r.in[r.at:], "[:") && end > 0 {
			r.take(end + 2) // [:alpha:]
			return
		}
	case c == '[':
		r.class = true
		r.take(1)
		if strings.HasPrefix(r.in[r.at:], "^") {
			r.take(1)
		}
		if strings.HasPrefix(r.in[r.at:], "]") { // as first of a set it is itself
			r.take(1)
		}
		return
	case strings.HasPrefix(r.in[r.at:], "(?"):
		r.group()
		return
	case c == '+' && again:
		r.err = leftOut("a possessive quantifier")
	case c == '*' || c == '+' || c == '?' && !again:
		r.again = true
	}
	r.take(1)
}

// take copies n bytes as they are.
func (r *ruby) take(n int) {
	r.out.WriteString(r.in[r.at:min(r.at+n, len(r.in))])
	r.at += n
}

// escape translates a backslash and what follows.
func (r *ruby) escape(c byte) {
	text, ok := map[byte]string{'Z': `(?:\n?\z)`, 'e': `\x1b`, 'R': `(?:\r\n|[\n-\r])`, 'h': `[0-9a-fA-F]`, 'H': `[^0-9a-fA-F]`}[c]
	switch {
	case r.class && c == 'h':
		text = `0-9a-fA-F`
	case r.class && (c == 'b' || c == 'e'):
		text, ok = map[byte]string{'b': `\x08`, 'e': `\x1b`}[c], true
	case r.class && ok:
		r.err = leftOut(fmt.Sprintf(`\%c in a set`, c))
	case '1' <= c && c <= '9' || c == 'k':
		r.err = leftOut("a reference to a group")
	case c == 'G' || c == 'K' || c == 'X' || c == 'g':
		r.err = leftOut(fmt.Sprintf(`\%c`, c))
	}
	if !ok {
		r.take(2)
		return
	}
	r.out.WriteString(text)
	r.at += 2
}

// group translates what begins with "(?".
func (r *ruby) group() {
	rest := r.in[r.at+2:]
	for prefix, what := range map[string]string{"=": "a lookahead", "!": "a lookahead", "<=": "a lookbehind", "<!": "a lookbehind", ">": "an atomic group", "~": "an absence operator", "(": "a condition"} {
		if strings.HasPrefix(rest, prefix) {
			r.err = leftOut(what)
			return
		}
	}
	if strings.HasPrefix(rest, "#") {
		end := strings.IndexByte(rest, ')')
		if end < 0 {
			end = len(rest) - 1
		}
		r.at += 2 + end + 1
		return
	}
	end := strings.IndexAny(rest, ":)")
	if end < 0 || strings.Trim(rest[:end], "mix-") != "" { // a name, or nothing that is known
		r.take(2)
		return
	}
	if strings.Contains(rest[:end], "x") {
		r.err = leftOut("the option x")
		return
	}
	r.out.WriteString("(?" + strings.ReplaceAll(rest[:end], "m", "s") + rest[end:end+1])
	r.at += 2 + end + 1
}
