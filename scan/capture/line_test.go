package capture

import (
	"strings"
	"testing"

	"sonde/probe/wire"
)

func TestAppendLine(t *testing.T) {
	var p wire.Packet
	for _, x := range packets() {
		if got := string(AppendLine(nil, &p, x.dir, x.at, x.typ, x.b)); got != x.line {
			t.Errorf("got  %s\nwant %s", got, x.line)
		}
	}
}

// Every message that the parser can tell has a name of its own.
func TestMessageNames(t *testing.T) {
	seen := map[string]bool{}
	for m := wire.EchoRequest; m <= wire.Redirect; m++ {
		if int(m) >= len(messages) || messages[m] == "" || seen[messages[m]] {
			t.Fatalf("message %d has no name of its own", m)
		}
		seen[messages[m]] = true
	}
}

func TestAppendLineDoesNotAllocate(t *testing.T) {
	var p wire.Packet
	line := make([]byte, 0, 512)
	for _, x := range packets() {
		if n := testing.AllocsPerRun(10, func() { AppendLine(line, &p, x.dir, x.at, x.typ, x.b) }); n > 0 {
			t.Errorf("%v allocations for %s", n, x.line)
		}
	}
}

// Nothing that arrives reaches the terminal as anything but plain text.
func FuzzAppendLine(f *testing.F) {
	for _, x := range packets() {
		f.Add(x.typ, x.b)
	}
	f.Fuzz(func(t *testing.T, typ uint16, b []byte) {
		var p wire.Packet
		line := AppendLine(nil, &p, Received, 0, typ, b)
		if i := strings.IndexFunc(string(line), func(r rune) bool { return r < ' ' || r > '~' }); i >= 0 {
			t.Errorf("%q", line)
		}
		if len(line) > 1000 {
			t.Errorf("%d bytes: %s", len(line), line)
		}
	})
}
