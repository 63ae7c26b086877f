package target

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// readAll reads a list of targets, as -i does.
func readAll(text string) (words []string, lines []uint32, err error) {
	return ReadWords("list", strings.NewReader(text), "target", Options{Ports: true})
}

func TestReadWords(t *testing.T) {
	for _, tt := range []struct {
		text  string
		words string
		lines []uint32
	}{
		{"\ufeff10.0.0.1 10.0.0.2\r\n# all of it\n\n\twww.test # the web\n2001:db8::1#x", "10.0.0.1 10.0.0.2 www.test 2001:db8::1", []uint32{1, 1, 4, 5}},
		{"10.0.0.1\r# old\r10.0.0.2\r\r\n10.0.0.3", "10.0.0.1 10.0.0.2 10.0.0.3", []uint32{1, 3, 5}},
		{"10.0.0.1\u00a010.0.0.2\n", "10.0.0.1 10.0.0.2", []uint32{1, 1}},
		{"10.0.0.1 - 10.0.0.9\n10.0.0.20 -10.0.0.29 10.0.0.30- 10.0.0.39", "10.0.0.1-10.0.0.9 10.0.0.20-10.0.0.29 10.0.0.30-10.0.0.39", []uint32{1, 2, 2}},
		{"10.0.0.1 \u2013 10.0.0.9\n::1 - ::9", "10.0.0.1-10.0.0.9 ::1-::9", []uint32{1, 2}},
		{"10.0.0.1, 10.0.0.2,\n", "10.0.0.1, 10.0.0.2,", []uint32{1, 1}},
		{"", "", nil},
	} {
		words, lines, err := readAll(tt.text)
		if got := strings.Join(words, " "); err != nil || got != tt.words || !slices.Equal(lines, tt.lines) {
			t.Errorf("%q: %q on lines %v, %v; want %q on lines %v", tt.text, got, lines, err, tt.words, tt.lines)
		}
	}
	broken := errors.New("broken")
	if _, _, err := ReadWords("list", &failing{broken}, "target", Options{}); err != broken {
		t.Errorf("read error: %v", err)
	}
}

// TestListErrors: what is wrong with a list is told by line, and what is no list is
// not read to its end.
func TestListErrors(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.1\n" + strings.Repeat("x", maxLine+1): "list:2: is longer than 1048576 bytes; is this a list of targets?",
		"\xff\xfe1\x000\x00":                          "list: is UTF-16, as PowerShell's > writes it; save it as UTF-8",
		"\xfe\xff\x001\x000":                          "list: is UTF-16, as PowerShell's > writes it; save it as UTF-8",
		"1\x000\x00.\x00":                             "list:1: has a NUL byte, so it is no text in UTF-8; is it UTF-16? Save it as UTF-8",
		"10.0.0.1\n10.0.0.2\x00\n":                    "list:2: has a NUL byte, so it is no text in UTF-8; is it UTF-16? Save it as UTF-8",
		"10.0.0.1\n\u200b10.0.0.2\n":                  `list:2: target "\u200b10.0.0.2": has a character that cannot be seen, U+200B; write 10.0.0.2`,
		"10.0.0.1\n\ufeff10.0.0.2\n":                  `list:2: target "\ufeff10.0.0.2": has a character that cannot be seen, U+FEFF; write 10.0.0.2`,
		"10.0.0.1 -\n":                                `list:1: target "-": stands alone; a range is two addresses with a dash between them`,
		"10.0.0.1\n\n10.0.0.2;10.0.0.3":               `list:3: target "10.0.0.2;10.0.0.3": targets stand apart by commas or blanks`,
		"caf\xe9.example":                             `list:1: target "caf\xe9.example": is no text in UTF-8`,
		"www.test:80":                                 `list:1: target "www.test:80": a target has no port; write www.test -p 80`,
		strings.Repeat("_", 300) + "\n":               `list:1: target "` + strings.Repeat("_", 80) + `"…: is longer than a host name can be, 253 characters`,
	} {
		if _, _, err := readAll(text); err == nil || err.Error() != want {
			t.Errorf("%.40q:\n got %v\nwant %s", text, err, want)
		}
	}
	endless := &counting{}
	if _, _, err := ReadWords("list", endless, "target", Options{}); err == nil || endless.n > 2*maxLine {
		t.Errorf("of a list without an end %d bytes were read, %v", endless.n, err)
	}
	long := strings.Repeat("1,", maxLine/2-1) // must not take long
	if _, _, err := readAll(long); err == nil {
		t.Error("octets without an end are accepted")
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// counting is a list without an end, of one wrong word in each line.
type counting struct{ n int }

func (c *counting) Read(b []byte) (int, error) {
	c.n += len(b)
	for i := range b {
		b[i] = '!'
		if i%100 == 99 {
			b[i] = '\n'
		}
	}
	return len(b), nil
}

var _ io.Reader = (*counting)(nil)

// TestListedPorts: ports behind addresses are taken where they are wanted, with the
// addresses left; of other words, and where they are not wanted, they are an error.
func TestListedPorts(t *testing.T) {
	const list = "10.0.0.1:443\n[2001:db8::1]:22 10.0.0.1:22\n[fe80::1%eth0]:80\n10.0.0.9\n2001:db8::7:80\n"
	listed := new(Listed)
	words, lines, err := ReadWords("list", strings.NewReader(list), "target", Options{Listed: listed})
	want := []string{"10.0.0.1", "2001:db8::1", "10.0.0.1", "fe80::1%eth0", "10.0.0.9", "2001:db8::7:80"}
	if err != nil || !slices.Equal(words, want) || !slices.Equal(lines, []uint32{1, 2, 2, 3, 4, 5}) {
		t.Errorf("%q, %v, %v", words, lines, err)
	}
	if got := listed.Ports(); !slices.Equal(got, []uint16{22, 80, 443}) {
		t.Error(got)
	}
	for _, bad := range []string{"www.test:80", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:http", "10.0.0.0/24:80", "2001:db8::1]:80"} {
		if _, _, err := ReadWords("list", strings.NewReader(bad), "target", Options{Listed: new(Listed)}); err == nil {
			t.Errorf("%s is a target", bad)
		}
	}
	if _, _, err := ReadWords("list", strings.NewReader(list), "target", Options{}); err == nil {
		t.Error("ports are taken where nobody wants them")
	}
}
