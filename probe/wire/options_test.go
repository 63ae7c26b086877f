package wire

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

func TestParseOptions(t *testing.T) {
	tests := []struct {
		text string
		v6   bool
		want string
		ts   int
	}{
		{"none", false, "", 0},
		{"mss=1460,sackok,ts,nop,wscale=7", false, "020405b4 0402 080a0000000000000000 01 030307", 8},
		{"linux", false, "020405b4 0402 080a0000000000000000 01 030307", 8},
		{"linux", true, "020405a0 0402 080a0000000000000000 01 030307", 8},
		{"windows", false, "020405b4 01 030308 01 01 0402", 0},
		{"macos", false, "020405b4 01 030306 01 01 080a0000000000000000 0402 00 00", 12},
		{"freebsd", true, "020405a0 01 030306 0402 080a0000000000000000", 12},
		{"mss", false, "020405b4", 0},
		{"mss", true, "020405a0", 0},
		{"mss=0", true, "02040000", 0},
		{"wscale", false, "030307 00", 0},
		{"sackok", false, "0402 0000", 0},
		{"nop, nop ,ts", false, "0101 080a0000000000000000", 4},
		{"ts=1:2", false, "080a0000000100000002 0000", 0}, // given, so nobody fills it in
		{"ts=4294967295", false, "080affffffff00000000 0000", 0},
		{"eol", false, "00000000", 0},
		{"opt=34:0102", false, "22040102", 0},
		{"opt=34", false, "22020000", 0},
		{"opt=34:", false, "22020000", 0},
		{"opt=2:05", false, "02030500", 0},
		{"raw=0204", false, "02040000", 0},
		{"opt=254:" + strings.Repeat("ab", 38), false, "fe28" + strings.Repeat("ab", 38), 0},
	}
	for _, test := range tests {
		opts, ts, err := ParseOptions(test.text, test.v6)
		if err != nil || !bytes.Equal(opts, unhex(t, test.want)) || ts != test.ts {
			t.Errorf("%q: %x, timestamp at %d, error %v; want %s, %d", test.text, opts, ts, err, test.want, test.ts)
		}
	}
}

func TestParseOptionsRefuses(t *testing.T) {
	for _, text := range []string{
		"", ",", "mss,", "mss=", "mss=65536", "mss=-1", "mss=0x10", "wscale=256", "ts=1:", "ts=:1", "ts=1:2:3", "ts=4294967296",
		"sackok=1", "nop=", "eol=0", "opt", "opt=", "opt=256:00", "opt=34:0", "opt=34:zz", "opt=0:", "opt=1:00",
		"raw", "raw=", "raw=0", "solaris", "linux,nop", "none,nop", "MSS",
		"opt=254:" + strings.Repeat("ab", 39),
		"opt=254:" + strings.Repeat("ab", 300),
		strings.Repeat("nop,", 40) + "nop",
		"raw=" + strings.Repeat("00", 41),
	} {
		if opts, _, err := ParseOptions(text, false); err == nil {
			t.Errorf("%q: became %x", text, opts)
		}
	}
}

func TestAppendOptions(t *testing.T) {
	for opts, want := range map[string]string{
		"": "none",
		"020405b4 0402 080a0000000700000009 01 030307": "mss=1460,sackok,ts=7:9,nop,wscale=7",
		"0402 0000":                 "sackok,eol",
		"0402 0001":                 "sackok,eol,raw=01",
		"0101":                      "nop,nop",
		"050a" + "0000000100000002": "opt=5:0000000100000002",
		"0203 05":                   "opt=2:05", // an MSS of one byte
		"0403 00":                   "opt=4:00",
		"0302":                      "opt=3:",
		"08 04 0102":                "opt=8:0102",
		"02":                        "raw=02", // no length
		"01 02":                     "nop,raw=02",
		"02 00 05b4":                "raw=020005b4", // length 0
		"02 01 05b4":                "raw=020105b4",
		"0402 02 04 05":             "sackok,raw=020405", // behind the end
		"ff ff":                     "raw=ffff",
	} {
		if got := string(AppendOptions([]byte("x "), unhex(t, opts))); got != "x "+want {
			t.Errorf("%s: %q, want %q", opts, got, "x "+want)
		}
	}
}

func TestFindOption(t *testing.T) {
	opts := unhex(t, "01 020405b4 0402 080a0000000700000009 00 030307")
	for kind, want := range map[uint8]string{OptMSS: "05b4", OptTimestamp: "0000000700000009", OptSackOK: ""} {
		if value, ok := FindOption(opts, kind); !ok || hex.EncodeToString(value) != want {
			t.Errorf("kind %d: %x, %v; want %s", kind, value, ok, want)
		}
	}
	for _, kind := range []uint8{OptWScale, 34} { // behind eol; not there
		if value, ok := FindOption(opts, kind); ok {
			t.Errorf("kind %d: found %x", kind, value)
		}
	}
}

// TestOptionsNoStaleBytes: padding is zero, whatever the buffer held before.
func TestOptionsNoStaleBytes(t *testing.T) {
	for n := range uint8(44) { // more than fits is cut, not a panic
		tcp := TCP{OptLen: n}
		for i := range tcp.Opt {
			tcp.Opt[i] = 0xaa
		}
		buffer := bytes.Repeat([]byte{0xee}, 128)
		b := AppendTCP(buffer[:0], &IP{Src: a4, Dst: b4}, &tcp, nil)
		used := min(int(n), 40)
		header := 20 + (used+3)/4*4
		if len(b) != 20+header || int(b[32]>>4)*4 != header {
			t.Fatalf("%d bytes of options: packet of %d, data offset %d", n, len(b), b[32]>>4)
		}
		if want := bytes.Repeat([]byte{0xaa}, used); !bytes.HasPrefix(b[40:], want) || !zero(b[40+used:]) {
			t.Errorf("%d bytes of options: %x", n, b[40:])
		}
		wantValid(t, b)
	}
}
