package terminal

import "strings"

// Looks is what may be shown where text goes, as far as the environment tells.
type Looks struct {
	environ []string
}

// LooksOf reads an environment, as os.Environ has it.
func LooksOf(environ []string) Looks { return Looks{environ} }

// get is the value of a variable, "" if there is none; the last one counts.
func (l Looks) get(name string) (value string) {
	for _, e := range l.environ {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}

// Dumb tells whether the terminal knows no control sequences.
func (l Looks) Dumb() bool { return l.get("TERM") == "dumb" }

// Color tells whether text has colours: when is "always", "never", or else as usual: on a
// terminal that knows them, and not with NO_COLOR (no-color.org).
func (l Looks) Color(when string, terminal bool) bool {
	switch when {
	case "always":
		return true
	case "never":
		return false
	}
	return terminal && !l.Dumb() && l.get("NO_COLOR") == ""
}

// ASCII tells whether the locale is one without UTF-8: the first of LC_ALL, LC_CTYPE and LANG
// that says something (POSIX.1-2017, XBD 8.2). Where none does, nobody has asked for that.
func (l Looks) ASCII() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(l.get(name)); v != "" {
			return !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8")
		}
	}
	return false
}
