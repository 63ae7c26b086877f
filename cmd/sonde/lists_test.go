package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sonde/scan/job"
)

// TestListLines: whatever is wrong with a list, its file and line are told, also where
// that shows only when the whole command line is known.
func TestListLines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "list")
	for _, tt := range []struct{ line, text, want string }{
		{"sweep -i", "10.0.0.2\n10.0.0.300\n", "-i FILE:2: target \"10.0.0.300\": the octet 300 is above 255"},
		{"sweep -i", "10.0.0.2\nhttp://www.example:80/\n", "-i FILE:2: target \"http://www.example:80/\": a target has no port; write www.example"},
		{"tcp -i", "10.0.0.2\nhttp://www.example:80/\n", "-i FILE:2: target \"http://www.example:80/\": a target has no port; write www.example -p 80"},
		{"trace -i", "www.example:80\n", "-i FILE:1: target \"www.example:80\": a target has no port; write www.example -p 80"},
		{"sweep 10.0.0.2 --exclude-file", "\n10.0.0.0/40\n", "--exclude-file FILE:2: exclusion \"10.0.0.0/40\": the prefix length 40 is above 32"},
		{"sweep -6 2001:db8::1 -i", "2001:db8::2\n\n10.0.0.0/24\n", "FILE:3: -6: the target 10.0.0.0 is an IPv4 address"},
		{"sweep -4 -i", "10.0.0.1\n2001:db8::2\n", "FILE:2: -4: the target 2001:db8::2 is an IPv6 address"},
		{"sweep -6 -i", "four.example/24\n", "FILE:1: target \"four.example/24\": a /24 is for IPv4, and -6 asks for IPv6"},
	} {
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, append(strings.Fields(tt.line), file), strings.ReplaceAll(tt.want, "FILE", file))
	}
	if err := os.WriteFile(file, []byte("10.1.0.1\nnobody.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := on(exits, "tcp -PN -p 80 -i "+file)
	s.names = book
	if o := s.run(t); o.code != job.ExitName || !strings.Contains(o.stderr, file+":2: the name \"nobody.example\" has no address") {
		t.Errorf("exit %d, %s", o.code, o.stderr)
	}
}

// TestUnaskedAddresses: that a name has more addresses than are asked is said beside
// the result and in it; with addresses of no host it does not resolve.
func TestUnaskedAddresses(t *testing.T) {
	names := phoneBook{"many.example": {"10.1.0.1", "10.1.0.5"}, "blocked.example": {"0.0.0.0", "::"}}
	note := "many.example has 1 more address (10.1.0.5): --all-addresses asks it"
	s := on(exits, "tcp -PN -p 80 -o json many.example")
	s.names = names
	if o := s.run(t); o.code != job.ExitYes || !strings.Contains(o.stderr, note) || !strings.Contains(o.stdout, `"notes":["`+note) {
		t.Errorf("exit %d, %s\n%s", o.code, o.stderr, o.stdout)
	}
	s = on(exits, "tcp -PN -p 80 blocked.example")
	s.names = names
	if o := s.run(t); o.code != job.ExitName || len(o.sent) > 0 || !strings.Contains(o.stderr, `the name "blocked.example" resolves to `) {
		t.Errorf("exit %d, %d packets, %s", o.code, len(o.sent), o.stderr)
	}
}
