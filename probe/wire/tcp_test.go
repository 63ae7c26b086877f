package wire

import "testing"

func TestFlags(t *testing.T) {
	for _, tt := range []struct {
		flags   uint8
		letters string
		text    string
	}{
		{0, "", "none"}, {SYN, "S", "S"}, {SYN | ACK, "SA", "SA"}, {FIN | PSH | URG, "FPU", "FPU"}, {0x80 | 0x40 | SYN, "SEC", "SEC"}, {0xff, FlagLetters, "FSRPAUEC"},
	} {
		if got := string(AppendFlags([]byte("<"), tt.flags)); got != "<"+tt.letters {
			t.Errorf("%#02x: appended %q, want %q", tt.flags, got, tt.letters)
		}
		if got := FlagsText(tt.flags); got != tt.text {
			t.Errorf("%#02x: %q, want %q", tt.flags, got, tt.text)
		}
	}
}
