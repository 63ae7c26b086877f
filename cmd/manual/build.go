package manual

import (
	"runtime"
	"runtime/debug"
	"strings"
)

// build says in lines what this program is: its version, the commit that it was built from
// and when that was made, and by which Go. All of it is the same in each build of a commit.
func build(version string) string {
	text := "sonde " + version + "\n"
	if commit := setting("vcs.revision"); commit != "" {
		text += "commit " + commit + " of " + setting("vcs.time")
		if setting("vcs.modified") == "true" {
			text += ", changed since"
		}
		text += "\n"
	}
	return text + "built by " + runtime.Version() + " for " + runtime.GOOS + "/" + runtime.GOARCH + "\n"
}

// day is that of the commit, so that each build of it makes the same pages; "": nobody
// knows.
func day() string {
	date, _, _ := strings.Cut(setting("vcs.time"), "T")
	return date
}

// setting is one of what the go command wrote into the program about its making.
func setting(key string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == key {
				return s.Value
			}
		}
	}
	return ""
}
