package probe

// Entry is a kind with the letters by which a command line names it.
type Entry struct {
	Kind  Kind
	Scan  string // -s letter of sonde tcp; "" if it is none
	Ping  string // -P letter of sonde sweep; "" if it is none
	Ports string // ports that the ping asks when none are given
}

// registry is filled while package variables are initialised and never after:
// a new kind is one file with one variable.
var registry []Entry

// Register makes a kind known. It is for package variables only.
func Register(e Entry) Kind {
	registry = append(registry, e)
	return e.Kind
}

// Kinds lists all kinds.
func Kinds() []Entry { return append([]Entry(nil), registry...) }

// ByScan finds the kind of an -s letter.
func ByScan(letter string) (Entry, bool) {
	return find(func(e Entry) bool { return e.Scan != "" && e.Scan == letter })
}

// ByPing finds the kind of a -P letter.
func ByPing(letter string) (Entry, bool) {
	return find(func(e Entry) bool { return e.Ping != "" && e.Ping == letter })
}

func find(ok func(Entry) bool) (Entry, bool) {
	for _, e := range registry {
		if ok(e) {
			return e, true
		}
	}
	return Entry{}, false
}
