// Package habit knows the words of other tools: a command line that sonde refuses may mean
// something to nmap, nc or mtr, or be a slip of the finger, and one of nmap's can be carried
// out. Meant and FromNmap are what to call.
package habit

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// Meant returns the line that says in sonde's words what args say in others', as a shell
// takes it, and why some of them have no place in it; "": nobody knows. root has all
// commands with their flags; takes tells whether sonde would carry a line out, and what it
// would not is not returned.
func Meant(root *cobra.Command, args []string, takes func(args []string) bool) (line, why string) {
	command, rest := called(root, args)
	if command == "" {
		return "", ""
	}
	// Words that sonde has, too, are first taken for its own.
	for _, all := range []bool{false, true} {
		r := rewriting{root: root, command: command, all: all}
		r.rewrite(rest)
		proposal := append([]string{r.command}, r.out...)
		if !r.changed && r.command == args[0] || slices.Equal(proposal, args) || !takes(proposal) {
			continue
		}
		words := make([]string, len(proposal))
		for i, w := range proposal {
			words[i] = quote(w)
		}
		return "sonde " + strings.Join(words, " "), strings.Join(r.why, ", ")
	}
	return "", ""
}

// called returns the command that a line means, and what stands behind it.
func called(root *cobra.Command, args []string) (command string, rest []string) {
	if len(args) == 0 {
		return "", nil
	}
	first := args[0]
	if cmd, _, err := root.Find(args[:1]); err == nil && cmd != root {
		return first, args[1:]
	}
	if call, ok := calls[first]; ok {
		words := strings.Fields(call)
		return words[0], append(words[1:], args[1:]...)
	}
	if strings.HasPrefix(first, "-") || strings.ContainsAny(first, ".:/") { // a flag or a target without a command
		return "tcp", args
	}
	root.SuggestionsMinimumDistance = nearly
	if cmd := nearest(root, first); cmd != "" {
		return cmd, args[1:]
	}
	return "", nil
}

// nearly is how many letters of a name can be wrong.
const nearly = 2

// nearest is the command whose name is nearly so; "": there is none, or there are several.
func nearest(of *cobra.Command, name string) string {
	list := of.SuggestionsFor(name)
	if len(list) > 1 { // letters change places more often than they are other ones
		list = slices.DeleteFunc(list, func(s string) bool { return sorted(s) != sorted(name) })
	}
	if len(list) != 1 {
		return ""
	}
	return list[0]
}

func sorted(s string) string {
	letters := []byte(s)
	slices.Sort(letters)
	return string(letters)
}

// quote writes a word as a shell takes it.
func quote(w string) string {
	if w != "" && strings.Trim(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,+%@") == "" {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}
