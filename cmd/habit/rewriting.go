package habit

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// rewriting is a line under way from the words of others to sonde's.
type rewriting struct {
	root    *cobra.Command
	command string
	all     bool // words that sonde has, too, are taken for those of others
	changed bool // something is
	out     []string
	why     []string
}

// Regular expressions, which are compiled when a line is refused, and not each time that
// the program starts.
const (
	// netcat is the way that flags of nc stand together: -zvw5, -zvuw 5.
	netcat  = `^-[nuv46]*z[nuv46]*(w(\d*))?$`
	isCount = `^[1-9][0-9]{0,4}$`
	isPorts = `^[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?$`
)

func matches(pattern, w string) bool { return regexp.MustCompile(pattern).MatchString(w) }

// rewrite takes what stands behind the command.
func (r *rewriting) rewrite(args []string) {
	var targets, ports []string
	cmd := r.find()
	asked := slices.ContainsFunc(args, func(w string) bool { return strings.HasPrefix(w, "-p") || strings.HasPrefix(w, "--port") })
	for i := 0; i < len(args); i++ {
		w := args[i]
		next := ""
		if i+1 < len(args) {
			next = args[i+1]
		}
		if w == "--" {
			r.out = append(r.out, args[i:]...)
			return
		}
		known, valued := has(cmd, w)
		h, value, used := r.habit(w, next)
		switch {
		case !strings.HasPrefix(w, "-") || w == "-":
			if len(targets) > 0 && !asked && matches(isPorts, w) {
				ports = append(ports, w)
			} else {
				targets = append(targets, w)
			}
		case matches(netcat, w) && !known:
			r.changed = true
			i += r.netcat(w, next)
		case h != nil && (r.all || !known):
			r.changed = true
			r.put(h, value, w)
			i += used
		default:
			if !known {
				w, valued = near(cmd, w)
				r.changed = r.changed || w != args[i]
			}
			if r.out = append(r.out, w); valued && next != "" {
				r.out = append(r.out, next)
				i++
			}
		}
	}
	if len(ports) > 0 {
		r.changed = true
		r.out = append(r.out, "-p", strings.Join(ports, ","))
	}
	r.out = append(r.out, targets...)
	switch r.command {
	case "doctor", "version":
		r.out = nil
	}
}

// find is the command with all its flags.
func (r *rewriting) find() *cobra.Command {
	cmd, _, err := r.root.Find([]string{r.command})
	if err != nil {
		return r.root
	}
	cmd.InitDefaultHelpFlag()
	return cmd
}

// has tells whether a command has all flags of a word, and whether the next word is the
// value of the last.
func has(cmd *cobra.Command, w string) (known, value bool) {
	if long, ok := strings.CutPrefix(w, "--"); ok {
		name, _, valued := strings.Cut(long, "=")
		f := cmd.Flags().Lookup(name) // hidden ones say why they are not here
		return f != nil, f != nil && f.NoOptDefVal == "" && !valued
	}
	for i := 1; i < len(w); i++ {
		f := cmd.Flags().ShorthandLookup(w[i : i+1])
		switch {
		case f == nil:
			return false, false
		case f.NoOptDefVal == "":
			return true, i == len(w)-1
		}
	}
	return len(w) > 1, false
}

// habit returns the row of a word; the value that stands in the word or is the next; and
// how many words that were used for it.
func (r *rewriting) habit(w, next string) (found *habit, value string, used int) {
	longest := 0
	for i := range habits {
		h := &habits[i]
		if h.on != "" && !slices.Contains(strings.Fields(h.on), r.command) {
			continue
		}
		for _, word := range strings.Fields(h.words) {
			rest, ok := strings.CutPrefix(w, word)
			if !ok || len(word) <= longest || rest != "" && (!h.value || strings.HasPrefix(word, "--") && rest[0] != '=' || len(word) > 3 && rest[0] != '=' && rest[0] != '-') {
				continue
			}
			found, value, used, longest = h, strings.TrimPrefix(rest, "="), 0, len(word)
			if h.value && rest == "" {
				value, used = next, 1
			}
			if h.like != "" && !matches(h.like, value) {
				found, longest = nil, 0
			}
		}
	}
	return found, value, used
}

// put writes what stands in the place of a word.
func (r *rewriting) put(h *habit, value, word string) {
	if h.run != "" && r.command != h.run {
		r.command = h.run
	}
	if h.why != "" {
		r.why = append(r.why, word+": "+h.why)
	}
	for _, w := range strings.Fields(h.to) {
		w = strings.ReplaceAll(w, "{}", value)
		w = strings.ReplaceAll(w, "{s}", withUnit(value, "s"))
		w = strings.ReplaceAll(w, "{ms}", withUnit(value, "ms"))
		if strings.Contains(w, "{gap}") {
			gap, err := time.ParseDuration(withUnit(value, "s"))
			if err != nil || gap <= 0 {
				gap = time.Second
			}
			w = strings.ReplaceAll(w, "{gap}", strconv.FormatFloat(1/gap.Seconds(), 'g', 3, 64))
		}
		r.out = append(r.out, w)
	}
}

// withUnit is a duration: in that unit where there is none.
func withUnit(value, unit string) string {
	if _, err := strconv.ParseFloat(value, 64); err == nil {
		return value + unit
	}
	return value
}

// netcat writes what flags of nc say, and tells how many words more it took.
func (r *rewriting) netcat(w, next string) (took int) {
	if strings.Contains(w, "u") {
		r.command = "udp"
	}
	for letter, flag := range map[string]string{"v": "-v", "n": "-n", "4": "-4", "6": "-6"} {
		if strings.Contains(w, letter) && !slices.Contains(r.out, flag) {
			r.out = append(r.out, flag)
		}
	}
	slices.Sort(r.out)
	if m := regexp.MustCompile(netcat).FindStringSubmatch(w); m[1] != "" {
		wait := m[2]
		if wait == "" && matches(isCount, next) {
			wait, took = next, 1
		}
		r.out = append(r.out, "--timeout", wait+"s")
	}
	return took
}

// near is the flag whose name is nearly that of a word, and whether its value is the next
// word; or the word.
func near(cmd *cobra.Command, w string) (flag string, valued bool) {
	name, value, has := strings.Cut(strings.TrimLeft(w, "-"), "=")
	if len(name) < 3 {
		return w, false
	}
	names := &cobra.Command{SuggestionsMinimumDistance: nearly} // which finds what is nearly the same
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
		}
	})
	flag = nearest(names, name)
	switch {
	case flag == "":
		return w, false
	case has:
		return "--" + flag + "=" + value, false
	}
	return "--" + flag, cmd.Flags().Lookup(flag).NoOptDefVal == ""
}
