package then

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sonde/scan/report"
)

func TestMain(m *testing.M) {
	if os.Args[0] == Name {
		os.Exit(Serve(os.Stdin, os.Stdout))
	}
	goleak.VerifyTestMain(m)
}

var web = netip.MustParseAddr("192.0.2.7")

// TestTemplates: which commands there are, and which words are made of them.
func TestTemplates(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"nmap -sC -p {ports} {addr}", `["nmap" "-sC" "-p" "22,80-82" "192.0.2.7"]`},
		{"curl https://{host}:8443/", `["curl" "https://web.example:8443/"]`},
		{`echo '{addr} a' "b c" d\ e ''`, `["echo" "192.0.2.7 a" "b c" "d e" ""]`},
		{"echo $HOME `id` $(id) ; | > && *", "[\"echo\" \"$HOME\" \"`id`\" \"$(id)\" \";\" \"|\" \">\" \"&&\" \"*\"]"},
		{"awk '{print $1}' {}", `["awk" "{print $1}" "{}"]`},
		{"", "there is no command"},
		{"  ", "there is no command"},
		{"'' x", "there is no command"},
		{"{addr} x", "the command itself is no place for what is found"},
		{"nmap {port}", "{port} stands for nothing; there are {addr}, {host}, {ports}"},
		{"echo 'a", "a ' has no end"},
		{`echo "a`, `a " has no end`},
		{`echo \`, "nothing stands behind the last backslash"},
		{"echo \x00", "a NUL ends words of a command"},
	} {
		template, err := ParseTemplate(tt.text)
		got := fmt.Sprintf("%q", template.Argv(Host{Addr: web, Ports: []uint16{81, 22, 80, 82}, Name: "web.example"}))
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%q: %s, want %s", tt.text, got, tt.want)
		}
	}
}

// TestNames: a name that could mean something else than a host is not used.
func TestNames(t *testing.T) {
	template, err := ParseTemplate("x {host}")
	if err != nil {
		t.Fatal(err)
	}
	zoned := netip.MustParseAddr("fe80::1%eth0")
	for _, tt := range []struct {
		addr       netip.Addr
		name, want string
	}{
		{web, "web.example", "web.example"}, {web, "web.example.", "web.example."}, {web, "_x-1.example", "_x-1.example"},
		{web, "", "192.0.2.7"}, {zoned, "", "fe80::1%eth0"},
		{web, "-oN/etc/passwd", "192.0.2.7"}, {web, "--script=x", "192.0.2.7"}, {web, "a b", "192.0.2.7"}, {web, "$(id)", "192.0.2.7"},
		{web, "a;id", "192.0.2.7"}, {web, "../../x", "192.0.2.7"}, {web, "a\nb", "192.0.2.7"}, {web, "a\x00b", "192.0.2.7"}, {web, "ä.example", "192.0.2.7"},
		{web, "@file", "192.0.2.7"}, {web, "{addr}", "192.0.2.7"}, {web, strings.Repeat("a", 300), "192.0.2.7"}, {web, ".", "192.0.2.7"}, {web, "a-", "192.0.2.7"},
	} {
		if got := template.Argv(Host{Addr: tt.addr, Name: tt.name}); !slices.Equal(got, []string{"x", tt.want}) {
			t.Errorf("%q: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// FuzzNames: whatever a host is called, no word begins otherwise than the template has it, and
// none is added.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"web.example", "-x", "a b", "\x00", "{ports}", "$(id)", "a\n-b"} {
		f.Add(name)
	}
	template, err := ParseTemplate("x {host} -h={host} {host}:{ports}")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string) {
		argv := template.Argv(Host{Addr: web, Name: name, Ports: []uint16{80}})
		if len(argv) != 4 || argv[1] == "" {
			t.Fatalf("%q", argv)
		}
		host := argv[1]
		if host != name && host != web.String() || strings.HasPrefix(host, "-") || strings.ContainsAny(host, " \t\n\x00'\"`$;|&<>(){}[]*?~!#\\/@%") {
			t.Errorf("%q becomes %q", name, host)
		}
		if argv[2] != "-h="+host || argv[3] != host+":80" {
			t.Errorf("%q", argv)
		}
	})
}

// ran runs a command for hosts, and returns what came of it, by address.
func ran(t *testing.T, command string, hosts ...Host) map[netip.Addr]*report.Then {
	t.Helper()
	template, err := ParseTemplate(command)
	if err != nil {
		t.Fatal(err)
	}
	list := map[netip.Addr]*report.Then{}
	r, err := Start(template, func(ran *report.Then) { list[ran.Addr] = ran })
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hosts {
		r.Add(h)
	}
	if err := r.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	return list
}

// open is a folder that nobody may write to, too: who runs commands for root is nobody.
func open(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o777)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestEndings: how commands end is kept, and what they say, also of bytes that are no text.
func TestEndings(t *testing.T) {
	script := filepath.Join(open(t), "not-executable")
	if err := os.WriteFile(script, []byte("no program"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		command string
		want    report.Then
	}{
		{`sh -c 'echo out; echo err >&2; exit 7'`, report.Then{Exit: 7, Output: "out\nerr\n"}},
		{`printf '\377\000\033[31m{addr}'`, report.Then{Output: "\xff\x00\x1b[31m192.0.2.7"}},
		{`sh -c 'kill -9 $$'`, report.Then{Signal: "killed"}},
		{`sh -c 'cat; echo end'`, report.Then{Output: "end\n"}}, // there is no stdin
		{"echo '\xff'", report.Then{Output: "\xff\n"}},
		{script, report.Then{Error: "fork/exec " + script + ": exec format error"}},
	} {
		got := ran(t, tt.command, Host{Addr: web})[web]
		if got == nil {
			t.Errorf("%q: nothing came", tt.command)
			continue
		}
		got.Addr, got.Argv = netip.Addr{}, nil
		if fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", tt.want) {
			t.Errorf("%q: %+v, want %+v", tt.command, *got, tt.want)
		}
	}
	if got := ran(t, `head -c 1000000 /dev/zero`, Host{Addr: web})[web]; len(got.Output) != mostOutput || !got.Cut || got.Exit != 0 {
		t.Errorf("%d bytes are kept, cut %v, exit %d", len(got.Output), got.Cut, got.Exit)
	}
}

// hosts are n hosts.
func hosts(n int) (list []Host) {
	for i := range n {
		list = append(list, Host{Addr: netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)})})
	}
	return list
}

// TestAtOnce: as many commands run at the same time as may, and never more; all of them run.
// Each says how many are there, itself among them, and goes when three others have come.
func TestAtOnce(t *testing.T) {
	dir := open(t)
	command := `sh -c 'cd "` + dir + `" && : >$$.runs && : >$$.was && n=0 && while test $(ls | grep -c was) -lt 4 -a $n -lt 3000; do sleep 0.01; n=$((n+1)); done; ls | grep -c runs; rm $$.runs'`
	all := ran(t, command, hosts(12)...)
	if len(all) != 12 {
		t.Errorf("%d commands ran", len(all))
	}
	most := false
	for _, r := range all {
		if !slices.Contains([]string{"1\n", "2\n", "3\n", "4\n"}, r.Output) {
			t.Errorf("at once %q ran", r.Output)
		}
		most = most || r.Output == "4\n" // which the first of the first four has seen
	}
	if !most {
		t.Error("four never ran at once")
	}
}

// TestStop: what runs is ended, with what it has started, and what waits is not started.
func TestStop(t *testing.T) {
	dir := open(t)
	template, err := ParseTemplate(`sh -c 'sleep 1000 & : >"` + dir + `/$$"; sleep 1000; echo end'`)
	if err != nil {
		t.Fatal(err)
	}
	var list []*report.Then
	r, err := Start(template, func(ran *report.Then) { list = append(list, ran) })
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hosts(20) {
		r.Add(h)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	finished := make(chan error)
	go func() { finished <- r.Finish(ctx) }()
	for begun, looked := 0, 0; begun < atOnce && looked < 6000; looked++ {
		time.Sleep(10 * time.Millisecond)
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		begun = len(entries)
	}
	cancel()
	if err := <-finished; err != nil {
		t.Error(err)
	}
	if len(list) != atOnce {
		t.Errorf("%d were started", len(list))
	}
	for _, ran := range list {
		if ran.Signal != "terminated" || ran.Output != "" {
			t.Errorf("%+v", ran)
		}
	}
}

// TestGone: where the helper goes, that is told, and nobody waits for it.
func TestGone(t *testing.T) {
	template, err := ParseTemplate(`sh -c 'kill -9 $PPID'`)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Start(template, func(*report.Then) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hosts(20) {
		r.Add(h)
	}
	if err := r.Finish(t.Context()); err == nil || !strings.Contains(err.Error(), "--then: what starts the commands is gone") {
		t.Error(err)
	}
}

// TestNoCommand: a command that is not there is told of at the start.
func TestNoCommand(t *testing.T) {
	for command, want := range map[string]string{
		"no-such-command {addr}": "no such command: no-such-command (executable file not found in $PATH)",
		"/no/such/command":       "no such command: /no/such/command (no such file or directory)",
		"/":                      "no such command: / (",
	} {
		template, err := ParseTemplate(command)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Start(template, nil); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", command, err, want)
		}
	}
}
