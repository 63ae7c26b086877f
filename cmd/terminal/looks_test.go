package terminal

import "testing"

// TestLooks: what the environment says of a terminal, and what it does not.
func TestLooks(t *testing.T) {
	for _, tt := range []struct {
		environ []string
		when    string
		on      bool // a terminal
		color   bool
		ascii   bool
	}{
		{nil, "auto", true, true, false},
		{nil, "auto", false, false, false},
		{nil, "always", false, true, false},
		{nil, "never", true, false, false},
		{[]string{"TERM=dumb"}, "auto", true, false, false},
		{[]string{"TERM=xterm", "NO_COLOR=1"}, "", true, false, false},
		{[]string{"NO_COLOR="}, "", true, true, false},
		{[]string{"NO_COLOR=1", "TERM=dumb"}, "always", true, true, false},
		{[]string{"LANG=C"}, "", true, true, true},
		{[]string{"LANG=C.UTF-8"}, "", true, true, false},
		{[]string{"LANG=en_US.utf8", "LC_ALL=POSIX"}, "", true, true, true},
		{[]string{"LANG=C", "LC_CTYPE=de_DE.UTF-8"}, "", true, true, false},
		{[]string{"LANG=C", "LC_ALL="}, "", true, true, true},
		{[]string{"LANG=de_DE.ISO-8859-1"}, "", true, true, true},
	} {
		l := LooksOf(tt.environ)
		if got := l.Color(tt.when, tt.on); got != tt.color {
			t.Errorf("%v, --color %s, a terminal %v: colours %v", tt.environ, tt.when, tt.on, got)
		}
		if got := l.ASCII(); got != tt.ascii {
			t.Errorf("%v: ASCII %v", tt.environ, got)
		}
	}
}
