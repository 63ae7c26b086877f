package habit

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Nmap is what a command line of nmap's says.
type Nmap struct {
	Args    []string // the same for sonde
	Reasons bool     // each port has its reason
	Routes  bool     // ways are shown
	Notes   []string // of options that change nothing
}

// FromNmap reads the arguments of nmap's command line (its manual, "Options Summary").
// The error names what has no equivalent.
func FromNmap(args []string) (*Nmap, error) {
	p := &nmapLine{Nmap: &Nmap{}, asks: map[string]bool{}}
	for len(args) > 0 {
		used, err := p.take(args)
		if err != nil {
			return nil, err
		}
		args = args[used:]
	}
	return p.Nmap, p.finish()
}

// nmapLine is a command line under way.
type nmapLine struct {
	*Nmap
	asks     map[string]bool // commands that are asked for
	scan     []string        // -s of tcp, in sonde's words
	flags    [][]string      // each with its value
	pings    []string
	targets  []string
	outputs  []string
	toStdout bool // an output is
	names    string
	all      bool // -A
	traced   bool // --traceroute
	ports    bool // -p, -F or --top-ports
	unpinged bool
}

// take takes one option with its value, or a target.
func (p *nmapLine) take(args []string) (used int, err error) {
	w := args[0]
	name := strings.TrimLeft(w, "-")
	switch {
	case !strings.HasPrefix(w, "-") || name == "":
		p.targets = append(p.targets, w)
		return 1, nil
	case strings.HasPrefix(w, "--"), len(name) > 2 && known(name):
		return p.long(name, args)
	}
	switch w[1] {
	case 's':
		return 1, p.scans(w)
	case 'P':
		return p.ping(args)
	case 'o':
		return p.output(args)
	case 'i':
		return p.list(args)
	}
	return p.short(args)
}

// known tells whether a word is the name of an option: nmap takes them with one dash, too.
func known(name string) bool {
	name, _, _ = strings.Cut(name, "=")
	_, ok := nmapLong()[name]
	return ok
}

func (p *nmapLine) long(name string, args []string) (used int, err error) {
	name, value, valued := strings.Cut(name, "=")
	name = strings.ReplaceAll(name, "_", "-")
	o, ok := nmapLong()[name]
	if !ok { // what is short for one name only is that
		var long []string
		for n := range maps.Keys(nmapLong()) {
			if strings.HasPrefix(n, name) {
				long = append(long, n)
			}
		}
		if len(long) != 1 {
			return 0, fmt.Errorf("unrecognized option --%s", name)
		}
		name = long[0]
		o = nmapLong()[name]
	}
	used = 1
	if o.value && !valued {
		if len(args) < 2 {
			return 0, fmt.Errorf("option --%s requires an argument", name)
		}
		value, used = args[1], 2
	}
	switch name {
	case "reason":
		p.Reasons = true
	case "traceroute":
		p.traced = true
	case "top-ports":
		p.ports = true
	}
	return used, p.put("--"+name, o, value)
}

// put adds what an option becomes.
func (p *nmapLine) put(word string, o option, value string) error {
	if o.no != "" {
		return fmt.Errorf("%s: %s", word, o.no)
	}
	if o.note != "" {
		p.Notes = append(p.Notes, word+" changes nothing: "+o.note)
	}
	if o.run != "" {
		p.asks[o.run] = true
	}
	var words []string
	for _, w := range strings.Fields(o.to) {
		switch w {
		case "{}":
			w = value
		case "{s}":
			w = withUnit(value, "s")
		case "{gap}":
			gap, err := time.ParseDuration(withUnit(value, "s"))
			if err != nil || gap <= 0 {
				return fmt.Errorf("%s %s: no time between packets", word, value)
			}
			w = strconv.FormatFloat(1/gap.Seconds(), 'g', 6, 64)
		case "{hex}":
			w = strings.ReplaceAll(strings.TrimPrefix(value, "0x"), `\x`, "")
		case "{options}":
			options, err := ipOptions(value)
			if err != nil {
				return fmt.Errorf("%s: %w", word, err)
			}
			w = options
		case "{flags}":
			letters, err := tcpFlags(value)
			if err != nil {
				return fmt.Errorf("%s: %w", word, err)
			}
			w = letters
		default:
			w = strings.ReplaceAll(w, "{}", value)
		}
		words = append(words, w)
	}
	if words != nil {
		p.flags = append(p.flags, words)
	}
	return nil
}

// tcpFlags reads nmap's names of flags, or their number, as letters.
func tcpFlags(text string) (letters string, err error) {
	names := []struct {
		name, letter string
		bit          uint64
	}{{"FIN", "F", 1}, {"SYN", "S", 2}, {"RST", "R", 4}, {"PSH", "P", 8}, {"ACK", "A", 16}, {"URG", "U", 32}, {"ECE", "E", 64}, {"ECN", "E", 64}, {"CWR", "C", 128}}
	number, bad := strconv.ParseUint(text, 0, 8)
	rest := strings.ToUpper(strings.ReplaceAll(text, ",", ""))
	for _, n := range names {
		if bad == nil && number&n.bit != 0 || bad != nil && strings.Contains(rest, n.name) {
			letters, number = letters+n.letter, number&^n.bit
		}
		if bad != nil {
			rest = strings.ReplaceAll(rest, n.name, "")
		}
	}
	switch {
	case bad != nil && rest != "":
		return "", fmt.Errorf("no TCP flags are called %s", rest)
	case letters == "":
		return "none", nil
	}
	return letters, nil
}

// short takes letters that may stand together, the last of them with a value.
func (p *nmapLine) short(args []string) (used int, err error) {
	w := args[0]
	for i := 1; i < len(w); i++ {
		o, ok := nmapShort()[w[i]]
		if !ok {
			return 0, fmt.Errorf("unrecognized option -%c in %s", w[i], w)
		}
		word, value := "-"+w[i:i+1], ""
		used = 1
		if o.value {
			if value = w[i+1:]; value == "" {
				if len(args) < 2 {
					return 0, fmt.Errorf("option %s requires an argument", word)
				}
				value, used = args[1], 2
			}
			i = len(w)
		}
		switch word {
		case "-n", "-R":
			p.names = word
		case "-A":
			p.all = true
		case "-d":
			p.Reasons = true
		case "-p", "-F":
			p.ports = true
		}
		if strings.Contains("dvf", word[1:]) { // more of it, or how much: -vv, -d2
			rest := strings.TrimLeft(w[i+1:], word[1:]+"0123456789")
			p.Reasons = p.Reasons || word == "-v" && (len(rest) < len(w[i+1:])) && w[i+1:] != "1" && w[i+1:] != "0"
			if word == "-f" && len(rest) < len(w[i+1:]) {
				o.to = "--fragment 16" // -ff
			}
			i = len(w) - len(rest) - 1
		}
		if err := p.put(word, o, value); err != nil {
			return 0, err
		}
	}
	return used, nil
}

func (p *nmapLine) scans(w string) error {
	if len(w) < 3 {
		return fmt.Errorf("%s: name a scan", w)
	}
	for i := 2; i < len(w); i++ {
		o, ok := nmapScans()[w[i]]
		if !ok {
			return fmt.Errorf("no scan is called -s%c", w[i])
		}
		if o.no != "" {
			return fmt.Errorf("-s%c: %s", w[i], o.no)
		}
		p.asks[o.run] = true
		if o.to != "" && !slices.Contains(p.scan, o.to) {
			p.scan = append(p.scan, o.to)
		}
	}
	return nil
}

func (p *nmapLine) ping(args []string) (used int, err error) {
	w := args[0]
	if len(w) == 2 {
		return 0, fmt.Errorf("%s: name a ping", w)
	}
	switch kind, rest := w[2], w[3:]; kind {
	case 'n', 'N', '0', 'D':
		p.unpinged = true
	case 'E', 'P', 'M', 'R':
		p.pings = append(p.pings, "-P"+string(kind))
	case 'I':
		p.pings = append(p.pings, "-PE")
	case 'S', 'A', 'U':
		p.pings = append(p.pings, "-P"+string(kind)+rest)
	case 'T':
		p.pings = append(p.pings, "-PA"+rest)
	case 'B':
		p.pings = append(p.pings, "-PE", "-PA"+rest)
	case 'O':
		return 0, fmt.Errorf("-PO: the ping by protocols %s", not)
	case 'Y':
		return 0, fmt.Errorf("-PY: SCTP %s", not)
	default:
		return 0, fmt.Errorf("no ping is called -P%c", kind)
	}
	return 1, nil
}

func (p *nmapLine) output(args []string) (used int, err error) {
	w := args[0]
	if len(w) < 3 || !strings.Contains("NXGASJ", w[2:3]) {
		return 0, fmt.Errorf("%s: no such format", w)
	}
	file := w[3:]
	used = 1
	if file == "" {
		if len(args) < 2 {
			return 0, fmt.Errorf("option %s requires an argument", w)
		}
		file, used = args[1], 2
	}
	add := func(format, file string) {
		p.outputs = append(p.outputs, "-o", format+"="+file)
		p.toStdout = p.toStdout || file == "-"
	}
	switch w[2] {
	case 'N':
		add("nmap", file)
	case 'X':
		add("xml", file)
	case 'G':
		add("grep", file)
	case 'J':
		add("json", file)
	case 'A':
		add("nmap", file+".nmap")
		add("xml", file+".xml")
		add("grep", file+".gnmap")
	default:
		return 0, fmt.Errorf("-oS: this format %s", not)
	}
	return used, nil
}

func (p *nmapLine) list(args []string) (used int, err error) {
	w := args[0]
	if len(w) < 3 || w[2] != 'L' {
		if len(w) > 2 && w[2] == 'R' {
			return 0, fmt.Errorf("-iR: who is asked at random has not asked for it")
		}
		return 0, fmt.Errorf("unrecognized option %s", w)
	}
	file, used := w[3:], 1
	if file == "" {
		if len(args) < 2 {
			return 0, fmt.Errorf("option -iL requires an argument")
		}
		file, used = args[1], 2
	}
	p.flags = append(p.flags, []string{"-i", file})
	return used, nil
}
