package then

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/kballard/go-shellquote"

	"sonde/scan/report"
)

// Template is a command with places for what is known of a host.
type Template struct{ words []string }

// Places are what stands for something of the host.
func Places() []string { return []string{"{addr}", "{host}", "{ports}"} }

// place is what looks like one.
var place = regexp.MustCompile(`\{[a-z]+\}`)

// ParseTemplate splits a command into words, as sh(1) does with quotes and backslashes. Its
// errors are for people.
func ParseTemplate(text string) (Template, error) {
	words, err := shellquote.Split(text)
	switch {
	case errors.Is(err, shellquote.UnterminatedSingleQuoteError):
		return Template{}, errors.New("a ' has no end")
	case errors.Is(err, shellquote.UnterminatedDoubleQuoteError):
		return Template{}, errors.New(`a " has no end`)
	case err != nil:
		return Template{}, errors.New("nothing stands behind the last backslash")
	case len(words) == 0 || words[0] == "":
		return Template{}, errors.New("there is no command")
	}
	t := Template{words}
	return t, t.check()
}

// check tells what in a template cannot be meant.
func (t Template) check() error {
	if len(t.words) == 0 || place.MatchString(t.words[0]) {
		return errors.New("the command itself is no place for what is found")
	}
	for _, w := range t.words {
		for _, p := range place.FindAllString(w, -1) {
			if !slices.Contains(Places(), p) {
				return fmt.Errorf("%s stands for nothing; there are %s", p, strings.Join(Places(), ", "))
			}
		}
		if strings.ContainsRune(w, 0) {
			return errors.New("a NUL ends words of a command")
		}
	}
	return nil
}

// Has tells whether the template has that place.
func (t Template) Has(place string) bool {
	return slices.ContainsFunc(t.words, func(w string) bool { return strings.Contains(w, place) })
}

// Host is for whom a command runs.
type Host struct {
	Addr  netip.Addr
	Ports []uint16 // that are open, in any order; none: of a sweep
	Name  string   // "": it has none
}

// harmless are names that mean nothing else anywhere: no option, nothing to a shell that the
// command may start, no path. A reverse name is what the owner of an address likes.
var harmless = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?$`)

// Argv is the command for a host, word by word. A name that is no plain host name is not
// used: {host} is the address then.
func (t Template) Argv(h Host) []string {
	addr := h.Addr.String()
	name := h.Name
	if !harmless.MatchString(name) {
		name = addr
	}
	fill := strings.NewReplacer("{addr}", addr, "{host}", name, "{ports}", report.PortRanges(h.Ports))
	argv := make([]string, len(t.words))
	for i, w := range t.words {
		argv[i] = fill.Replace(w)
	}
	return argv
}
