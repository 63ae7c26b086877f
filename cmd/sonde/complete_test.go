package main

import (
	"slices"
	"strings"
	"testing"

	"sonde/scan/job"
)

// TestCompletion: a shell completes values, and each of them is one that sonde takes.
func TestCompletion(t *testing.T) {
	for _, tt := range []struct {
		line string   // up to where the key is pressed; an empty word at the end is "_"
		some []string // that are among what is offered
		last string   // what the last line says: whether files follow, or a blank
	}{
		{"tcp --expect _", []string{"open", "closed", "open|filtered"}, ":4"},
		{"sweep --expect _", []string{"up", "down"}, ":4"},
		{"udp --wait-for _", []string{"open"}, ":4"},
		{"tcp -s _", []string{"S", "T", "A"}, ":4"},
		{"sweep -P _", []string{"E", "S"}, ":6"},
		{"tcp -P _", []string{"E", "N"}, ":6"},
		{"tcp -e _", []string{"lo"}, ":4"},
		{"tcp -T _", []string{"0", "5", "aggressive"}, ":4"},
		{"tcp --dscp _", []string{"ef", "af11", "cs3", "le"}, ":4"},
		{"tcp -p ss", []string{"ssh"}, ":6"},
		{"tcp -p 22,htt", []string{"22,http", "22,https"}, ":6"},
		{"udp -p doma", []string{"domain"}, ":6"},
		{"trace -p htt", []string{"http"}, ":4"},
		{"trace --proto _", []string{"icmp", "tcp", "udp"}, ":4"},
		{"tcp --via _", []string{"raw", "connect"}, ":4"},
		{"tcp --tcp-options _", []string{"none", "linux", "windows"}, ":4"},
		{"trial --vary _", []string{"dscp=", "tcp-options=", "size="}, ":6"},
		{"tcp -o _", []string{"json", "xml", "list"}, ":6"},
		{"tcp -o json=/etc/ho", nil, ":0"},
		{"tcp --pcap _", nil, ":0"},
		{"tcp -i _", nil, ":0"},
		{"tcp --rate _", nil, ":4"},
		{"tcp _", nil, ":4"},
		{"compare _", nil, ":0"},
		{"help _", []string{"tcp", "states", "exit-codes"}, ":4"},
		{"help tcp _", nil, ":4"},
	} {
		args := strings.Fields("__complete " + tt.line)
		if args[len(args)-1] == "_" {
			args[len(args)-1] = ""
		}
		_, stdout, _ := executed(args...)
		lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
		offered, last := lines[:len(lines)-1], lines[len(lines)-1]
		for i := range offered {
			offered[i], _, _ = strings.Cut(offered[i], "\t")
		}
		if last != tt.last || len(tt.some) == 0 && len(offered) > 0 {
			t.Errorf("%s: %q, %s", tt.line, offered, last)
		}
		for _, want := range tt.some {
			if !slices.Contains(offered, want) {
				t.Errorf("%s: no %s among %q", tt.line, want, offered)
			}
		}
		words := strings.Fields(tt.line)
		if len(tt.some) == 0 || words[0] == "help" {
			continue
		}
		for _, value := range offered { // all of them mean something
			if words[1] == "--vary" {
				if name, _, _ := strings.Cut(value, "="); !slices.Contains(job.Factors(), name) {
					t.Errorf("no factor %s", name)
				}
				continue
			}
			args := []string{words[0], words[1], value, "192.0.2.7"}
			switch {
			case words[1] == "--wait-for":
				args = append(args, "--deadline", "1s")
			case words[1] == "--proto" && value != "icmp":
				args = append(args, "-p", "80")
			}
			if s, why := specOf(args...); s == nil && !strings.Contains(why, "no port is found so by tcp") { // but by another -s
				t.Errorf("%q: %s", args, why)
			}
		}
	}
}

// TestCompletionScripts: there is one for each shell.
func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if code, stdout, stderr := executed("completion", shell); code != job.ExitYes || !strings.Contains(stdout, "__complete") || stderr != "" {
			t.Errorf("%s: exit %d, %q, %d bytes", shell, code, stderr, len(stdout))
		}
	}
}
