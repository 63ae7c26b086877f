package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sonde/cmd/manual"
	"sonde/scan/job"
)

// TestExamples: every command line that help, its topics and the manual show is one that
// sonde would carry out.
func TestExamples(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"hosts.txt", "near.pcap", "far.pcap", "monday.json", "tuesday.json", "old.xml", "new.xml", "whole.json"} {
		if err := os.WriteFile(name, []byte("192.0.2.7\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("pfx2as.gz", []byte("192.0.2.0\t24\t64500\n"), 0o600); err != nil { // what is not packed is read, too
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range manual.Pages(newRoot(&app{})) {
		for _, part := range p.Parts {
			for _, e := range part.Examples {
				calls := callsIn(t, e.Line)
				if len(calls) == 0 && !strings.HasPrefix(e.Line, "tcpdump ") {
					t.Errorf("%s: no sonde is called: %s", p.Name, e.Line)
				}
				for _, args := range calls {
					seen[args[0]] = true
					a := &app{}
					if ok := args[0] == "man" || a.takes(args); !ok {
						t.Errorf("%s: %s: sonde refuses %q", p.Name, e.Line, args)
					}
				}
			}
		}
	}
	for _, name := range []string{"sweep", "tcp", "udp", "fp", "trace", "trial", "compare", "diff", "doctor", "nmap", "man"} {
		if !seen[name] {
			t.Errorf("no example for %s", name)
		}
	}
	for _, refused := range []string{"sonde tcp -p 0 192.0.2.7", "sonde sweep -i - | sonde tcp --tpo 3 192.0.2.7"} {
		if calls := callsIn(t, refused); (&app{}).takes(calls[len(calls)-1]) {
			t.Errorf("%s is not refused", refused)
		}
	}
}

// words are those of a shell: bare, in quotes, or one of its operators.
var words = regexp.MustCompile(`(?:'[^']*'|[^\s'|;&<>\\]|\\[^\n])+|\|\||&&|[|;&<>]|\\\n`)

// callsIn are the arguments of each sonde that a line of a shell calls.
func callsIn(t *testing.T, line string) (calls [][]string) {
	t.Helper()
	var call []string
	skip := false
	for _, w := range append(words.FindAllString(line, -1), ";") {
		switch {
		case w == "\\\n":
		case w == ">" || w == "<":
			skip = true // the name of a file
		case strings.Trim(w, "|;&") == "":
			if call = trimBefore(call); len(call) > 0 {
				calls = append(calls, call)
			}
			call = nil
		case skip:
			skip = false
		default:
			call = append(call, strings.ReplaceAll(w, "'", ""))
		}
	}
	return calls
}

// trimBefore is what stands behind the word sonde, where a command begins with it.
func trimBefore(call []string) []string {
	i := slices.Index(call, "sonde")
	if i < 0 || i > 1 && call[0] != "env" { // "if sonde …" is one, "echo not sonde" is none
		return nil
	}
	return call[i+1:]
}

// TestFlagsHaveGroups: help shows every flag in a group that says what it is about.
func TestFlagsHaveGroups(t *testing.T) {
	for _, c := range newRoot(&app{}).Commands() {
		var shown string
		for _, part := range manual.Of(c).Parts {
			if part.Title == "Other flags" {
				t.Errorf("%s: no group of cmd/manual/flags.go has %v", c.Name(), part.Terms)
			}
			for _, term := range part.Terms {
				shown += " " + term.Word + " "
			}
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if strings.Contains(shown, "--"+f.Name+" ") == f.Hidden {
				t.Errorf("%s --%s: hidden: %v, shown: %v", c.Name(), f.Name, f.Hidden, !f.Hidden)
			}
		})
	}
}

// TestColumnsAreExplained: help says of each column of a table what stands there.
func TestColumnsAreExplained(t *testing.T) {
	head := regexp.MustCompile(`(?m)^(?:PORT|HOP|PRIVILEGE|INTERFACE|DEFAULT ROUTE|LIMIT|[A-Z-]+  +ANSWERED) .*$`)
	for _, tt := range []struct{ network, line string }{
		{"office.net", "tcp -p 80 10.2.0.10"}, {"lan.net", "udp -p 53 10.0.0.2"}, {"office.net", "trace 10.2.0.10"},
		{"office.net", "trace -R --dscp ef 10.2.0.10"}, {"office.net", "trial -p 80 -c 20 --vary ttl=63|64 --vary ecn=0|1 10.2.0.10"},
	} {
		o := on(tt.network, tt.line).run(t)
		heads := head.FindAllString(o.stdout, -1)
		if len(heads) == 0 {
			t.Errorf("%s: no table in\n%s", tt.line, o.stdout)
		}
		cmd, _, err := newRoot(&app{}).Find(strings.Fields(tt.line)[:1])
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range heads {
			for _, column := range regexp.MustCompile(`[A-Z][A-Z-]+(?: \([^)]*\))?`).FindAllString(h, -1) {
				if !explained(cmd, column) {
					t.Errorf("%s: nothing is said of the column %s", tt.line, column)
				}
			}
		}
	}
}

func explained(cmd *cobra.Command, column string) bool {
	for _, part := range manual.Of(cmd).Parts {
		for _, term := range part.Terms {
			if part.Title == "Columns of the text" && slices.Contains(strings.Split(term.Word, ", "), column) {
				return true
			}
		}
	}
	return false
}

// TestTopics: help tells about each topic, by its name, and says which there are.
func TestTopics(t *testing.T) {
	for _, name := range manual.Topics() {
		code, stdout, stderr := executed("help", name)
		if code != job.ExitYes || stderr != "" || strings.Count(stdout, "\n") < 8 {
			t.Errorf("help %s: exit %d, %q\n%s", name, code, stderr, stdout)
		}
		if name != "json" { // which says what the schema says
			golden(t, "help-topic-"+name+".txt", stdout)
		}
	}
	code, stdout, stderr := executed("help", "nosuch")
	if code != job.ExitUsage || stdout != "" || !strings.Contains(stderr, "exit-codes") {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}
