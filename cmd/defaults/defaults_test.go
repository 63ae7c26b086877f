package defaults

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"sonde/scan/job"
	"sonde/scan/report"
)

// tree is a program with two commands.
func tree() *cobra.Command {
	root := &cobra.Command{Use: "sonde"}
	for _, name := range []string{"tcp", "sweep"} {
		c := &cobra.Command{Use: name, Run: func(*cobra.Command, []string) {}}
		c.Flags().String("rate", "", "")
		c.Flags().StringArray("exclude", nil, "")
		c.Flags().StringArray("input", nil, "")
		c.Flags().String("hidden", "", "")
		c.Flags().MarkHidden("hidden")
		if name == "tcp" {
			c.Flags().String("host-timeout", "", "")
		}
		root.AddCommand(c)
	}
	root.AddCommand(&cobra.Command{Use: "version", Run: func(*cobra.Command, []string) {}})
	return root
}

func known(command, flag string) bool { return has(tree(), command, flag) }

// TestParse: what a file says, and in which line it says what nobody can mean.
func TestParse(t *testing.T) {
	d := func(command, flag, value, line string) report.Default {
		return report.Default{Command: command, Flag: flag, Value: value, From: "f:" + line}
	}
	for _, tt := range []struct {
		text string
		want []report.Default
		err  string
	}{
		{"", nil, ""},
		{"# nothing\n\nrate = 1_000\n[tcp]\nhost-timeout = \"1m\"\n", []report.Default{d("", "rate", "1000", "3"), d("tcp", "host-timeout", "1m", "5")}, ""},
		{"rate = 2.5\nexclude = ['10.0.0.1', \"10.0.0.2\"]", []report.Default{d("", "rate", "2.5", "1"), d("", "exclude", "10.0.0.1", "2"), d("", "exclude", "10.0.0.2", "2")}, ""},
		{"tcp.rate = true", []report.Default{d("tcp", "rate", "true", "1")}, ""},
		{"\nraet = 5", nil, "line 2: no command has a flag --raet that could have a default"},
		{"input = 'hosts'", nil, "line 1: no command has a flag --input that could have a default"},
		{"hidden = 'x'", nil, "line 1: no command has a flag --hidden that could have a default"},
		{"[sweep]\nhost-timeout = 1", nil, "line 2: sweep has no flag --host-timeout that could have a default"},
		{"[tpc]\nrate = 1", nil, "line 1: no command is called tpc"},
		{"[version]\n", nil, "line 1: no command is called version"},
		{"[tcp.more]\nrate = 1", nil, "line 1: no command is called tcp.more"},
		{"[[tcp]]\nrate = 1", nil, "line 1: only tables of commands, and flags with their values"},
		{"rate = 1\nrate = 2", nil, "line 2: rate is set in line 1, too"},
		{"[tcp]\nrate = 1\n[sweep]\n[tcp]\nrate = 2", nil, "line 5: rate is set in line 2, too"},
		{"rate = {a = 1}", nil, "line 1: rate: text, a number, true or false, or a list of these"},
		{"rate = 2026-11-30", nil, "line 1: rate: text, a number, true or false, or a list of these"},
		{"a.b.c = 1", nil, "line 1: no command has a flag --a.b.c that could have a default"},
	} {
		got, err := parse("f", []byte(tt.text), known)
		if diff := cmp.Diff(tt.want, got); diff != "" || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%q: %v\n%s", tt.text, err, diff)
		}
	}
	for _, text := range []string{"rate", "rate =", "rate = 5 6", "\n\nrate = \"", "[tcp", "\x00", "rate = \xff"} {
		if _, err := parse("f", []byte(text), known); err == nil || !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestWhatCounts: the environment before a command's table before all tables; and what is
// given before all of them.
func TestWhatCounts(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, ".config/sonde/config.toml")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("rate = 1\nexclude = ['10.0.0.1', '10.0.0.2']\n[tcp]\nrate = 2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	read := func(environ ...string) *Set {
		s, err := Read(append(environ, "HOME="+home), tree)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, tt := range []struct {
		environ []string
		line    string // the command, and what is given
		want    string
	}{
		{nil, "tcp", "--rate 2 (F:4) --exclude 10.0.0.1 (F:2) --exclude 10.0.0.2 (F:2)"},
		{nil, "sweep", "--rate 1 (F:1) --exclude 10.0.0.1 (F:2) --exclude 10.0.0.2 (F:2)"},
		{[]string{"SONDE_RATE=3", "SONDE_EXCLUDE=10.0.0.3"}, "tcp", "--rate 3 (SONDE_RATE) --exclude 10.0.0.3 (SONDE_EXCLUDE)"},
		{[]string{"SONDE_RATE=3"}, "tcp --rate 4 --exclude 10.0.0.4", ""},
		{[]string{"SONDE_HOST_TIMEOUT=1m", "SONDE_RAET=1", "SONDE_rate=1", "SONDE_INPUT=x", "SONDE_HIDDEN=x", "SONDE_PORT_80_TCP=x"}, "sweep --rate 4 --exclude x", ""},
	} {
		words := strings.Fields(tt.line)
		cmd, _, err := tree().Find(words[:1])
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.ParseFlags(words[1:]); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range read(tt.environ...).For(words[0], cmd.Flags()) {
			got = append(got, strings.ReplaceAll(d.Text(), path, "F"))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%v, %s: %q, want %q", tt.environ, tt.line, got, tt.want)
		}
	}
	if s := read("SUDO_USER=alice"); s.Passed != "alice" || s.Path != path {
		t.Errorf("under sudo: %+v", s)
	}
	if s, err := Read([]string{"HOME=relative", "XDG_CONFIG_HOME="}, tree); err != nil || len(s.All) > 0 || s.Path != "" {
		t.Errorf("without a home: %+v, %v", s, err)
	}
	if s, err := Read([]string{"HOME=" + home, "XDG_CONFIG_HOME=/nonexistent"}, tree); err != nil || s.Path != "" {
		t.Errorf("with another folder: %+v, %v", s, err)
	}
}

// TestTrust: with privileges nothing is read that others may have written, and it is not
// left out in silence.
func TestTrust(t *testing.T) {
	if !privileged() {
		t.Skip("whoever runs this test has no privileges")
	}
	for _, tt := range []struct {
		folder, file os.FileMode
		owner        int
		want         string // in the error; "": it is read
	}{
		{0o755, 0o644, 0, ""},
		{0o700, 0o400, 0, ""},
		{0o755, 0o664, 0, "others may write to"},
		{0o755, 0o646, 0, "others may write to"},
		{0o777, 0o644, 0, "others may write to"},
		{0o755, 0o644, 12345, "belongs to user 12345"},
	} {
		home := t.TempDir()
		folder := filepath.Join(home, "sonde")
		path := filepath.Join(folder, "config.toml")
		err := errors.Join(os.Mkdir(folder, 0o700), os.WriteFile(path, []byte("rate = 1\n"), 0o600), os.Chmod(path, tt.file), os.Chmod(folder, tt.folder))
		if tt.owner != 0 {
			if os.Getuid() != 0 {
				continue
			}
			if err := os.Chown(path, tt.owner, -1); err != nil {
				t.Skipf("this namespace has no other users: %v", err)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		s, err := Read([]string{"XDG_CONFIG_HOME=" + home}, tree)
		var exit *job.Error
		switch {
		case tt.want == "" && (err != nil || len(s.All) != 1):
			t.Errorf("%v: %v", tt, err)
		case tt.want != "" && (!errors.As(err, &exit) || exit.Code != job.ExitLocal || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%v: %v", tt, err)
		}
	}
}

// FuzzParse: no file ends the program, and every error names a line.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"rate = 1", "[tcp]\nrate = [1, 'a']", "rate = \"\\u0000\"", "a.b = {c = 1}", "[[tcp]]", "rate=1979-05-27T07:32:00Z"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := parse("f", text, known)
		if err != nil && !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("%q: %v", text, err)
		}
		for _, d := range list {
			if !known(d.Command, d.Flag) {
				t.Errorf("%q: %v", text, d)
			}
		}
	})
}
