package screen

import "unicode/utf8"

// Key is a key that was pressed: a character, or one of those below.
type Key rune

// Keys without a character of their own, and control characters.
const (
	CtrlC     Key = 0x03
	Tab       Key = '\t'
	CtrlL     Key = 0x0c
	Enter     Key = '\n'
	Escape    Key = 0x1b
	Backspace Key = 0x7f

	BackTab Key = -iota
	Up
	Down
	Left
	Right
	PageUp
	PageDown
	First
	Last
	Unknown
)

// finals are what ends the sequence of a key (ECMA-48, CSI; what xterm sends).
var finals = map[byte]Key{'A': Up, 'B': Down, 'C': Right, 'D': Left, 'H': First, 'F': Last, 'Z': BackTab}

// tildes are those that end with "~", by their number.
var tildes = map[string]Key{"1": First, "4": Last, "5": PageUp, "6": PageDown, "7": First, "8": Last}

// longest is how many bytes of one sequence are looked at.
const longest = 16

// Decoder makes keys of the bytes that a terminal sends. The zero value is ready.
type Decoder struct {
	b []byte // of a sequence that is not over
}

// Take returns the key that c ends, if it ends one.
func (d *Decoder) Take(c byte) (Key, bool) {
	if len(d.b) == 0 {
		switch {
		case c == byte(Escape) || c >= utf8.RuneSelf:
			d.b = append(d.b, c)
			return 0, false
		case c == '\r':
			return Enter, true
		case c == 0x08:
			return Backspace, true
		}
		return Key(c), true
	}
	d.b = append(d.b, c)
	k, over := d.sequence()
	switch {
	case over:
		d.b = d.b[:0]
		return k, true
	case len(d.b) > longest: // of no key: the rest of it is none, either
		d.b = append(d.b[:2], '0')
	}
	return 0, false
}

// sequence is the key of what there is, if that is whole; 0: it is none.
func (d *Decoder) sequence() (k Key, over bool) {
	if d.b[0] != byte(Escape) {
		if !utf8.FullRune(d.b) {
			return 0, false
		}
		r, _ := utf8.DecodeRune(d.b)
		return Key(r), true
	}
	c := d.b[len(d.b)-1]
	switch {
	case len(d.b) == 2:
		if c == '[' || c == 'O' {
			return 0, false
		}
		return Unknown, true // with Alt
	case c < '@' || c > '~':
		return 0, false
	case c == '~':
		k = tildes[string(d.b[2:len(d.b)-1])]
	default:
		k = finals[c]
	}
	if k == 0 {
		k = Unknown
	}
	return k, true
}

// Idle is to be called when nothing more has come for a moment: an Escape that nothing
// follows is the key of that name.
func (d *Decoder) Idle() (Key, bool) {
	alone := len(d.b) == 1 && d.b[0] == byte(Escape)
	if alone {
		d.b = d.b[:0]
	}
	return Escape, alone
}
