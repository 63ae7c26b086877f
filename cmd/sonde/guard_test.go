package main

import (
	"slices"
	"strings"
	"testing"
)

// TestGuardNote: what --rst-guard does is said on stderr and in the output; a dry
// run says what it would do, -q nothing. The simulated kernel resets nothing, so
// nothing else changes.
func TestGuardNote(t *testing.T) {
	const does = "--rst-guard: until this run ends, no RST without ACK leaves this machine from TCP "
	const would = "--rst-guard: while a run lasts, no RST without ACK leaves this machine from TCP "
	const block, port, table = "ports 61000-64999", "port 4025", " (a table of nftables)"
	for _, tt := range []struct{ line, note string }{
		{"tcp -p 22,81 10.0.0.2", does + block + table},
		{"tcp -p 22,81 -g 4025 2001:db8::2", does + port + table},
		{"tcp -sS -p 22,81 --via raw 10.0.0.2", does + block + table},
		{"fp -p 81 10.0.0.2", does + block + table},
		{"sweep -PS22 10.0.0.2", does + block + table},
		{"sweep 192.0.2.1", does + block + table},
		{"tcp -p 22 --dry-run 10.0.0.2", would + block + table},
		{"sweep -PS22 -g 4025 --dry-run 10.0.0.2", would + port + table},
	} {
		without := on("lan.net", tt.line+" --seed 1").run(t)
		o := on("lan.net", tt.line+" --seed 1 --rst-guard").run(t)
		if want := without.stderr + "sonde: " + tt.note + "\n"; o.stderr != want {
			t.Errorf("%s: stderr is %q, want %q", tt.line, o.stderr, want)
		}
		if o.code != without.code || len(o.sent) != len(without.sent) {
			t.Errorf("%s: exit %d after %d packets, and %d after %d without --rst-guard", tt.line, o.code, len(o.sent), without.code, len(without.sent))
		}
		if strings.Contains(tt.line, "--dry-run") {
			continue
		}
		if !strings.Contains(o.stdout, tt.note) {
			t.Errorf("%s: the text does not say %q:\n%s", tt.line, tt.note, o.stdout)
		}
		o = on("lan.net", tt.line+" --rst-guard -o json").run(t)
		if notes := o.scan().Notes; !slices.Contains(notes, tt.note) {
			t.Errorf("%s: the notes are %q", tt.line, notes)
		}
	}
	if o := on("lan.net", "tcp -p 22 -q --rst-guard 10.0.0.2").run(t); o.stderr != "" {
		t.Errorf("-q: %s", o.stderr)
	}
}
