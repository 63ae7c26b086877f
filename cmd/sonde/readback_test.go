package main

import (
	"testing"

	"sonde/scan/simnet"
)

// TestVerboseRecords: with -v records have all that they can have, the fields of
// replies and of what these quote, names by look-up, and what ports say of themselves;
// run checks that each of it, written and read again, is the same.
func TestVerboseRecords(t *testing.T) {
	for _, tt := range []struct{ network, line string }{
		{exits, "tcp -p 20-30,80,445 10.1.0.1 10.1.0.2 10.0.0.2 10.0.0.4 10.9.0.1 198.51.100.1 2001:db8:1::1"},
		{exits, "tcp -S 10.42.48.1 -p 80 10.1.0.1"},
		{exits, "udp -p 53,54,161,162 10.1.0.1 10.1.0.2 2001:db8:1::1"},
		{exits, "sweep 10.0.0.0/28 10.1.0.0/28 10.9.0.0/30 198.51.100.0/30"},
		{exits, "trace --dscp ef --proto udp 10.1.0.1 10.1.0.2 10.9.0.1 198.51.100.1"},
		{exits, "fp -R -p 22,80,81,445 10.1.0.0/29 2001:db8:1::1"},
		{"office.net", "tcp -sA -p 1-100 10.2.0.10 2001:db8:2::10"},
		{"office.net", "fp 10.2.0.10 2001:db8:2::10"},
		{"lan.net", "udp 10.0.0.2 10.0.0.3 10.0.0.9 2001:db8::2"},
		{"lan.net", "sweep 10.0.0.0/28 2001:db8::/124 127.0.0.1"},
		{"lossy.net", "sweep 10.1.255.0/24"},
		{"mixed.net", "sweep -PE -PS80 -PA80 -PU53 -PP 10.3.0.0/28 10.4.0.0/28"},
		{"mixed.net", "trace -p 80 10.3.0.1 10.4.0.1 10.5.0.1"},
	} {
		s := on(tt.network, tt.line+" -v -o json")
		s.names, s.dial = book, simnet.Servers()
		if o := s.run(t); len(o.records) < 3 {
			t.Errorf("%s: %d records\n%s", tt.line, len(o.records), o.stderr)
		}
	}
}
