package job

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"sonde/probe"
	"sonde/probe/field"
	"sonde/probe/wire"
	"sonde/scan/target"
	"sonde/scan/trial"
)

// This file reads --vary: factors and their values, and the variants of the packet that
// they make. Each variant is a Spec of its own, so that whatever is refused of a packet
// is refused of a variant.

// Trial is what is varied, and what is to be known of it.
type Trial struct {
	Vary      []string `json:"vary,omitempty"` // FIELD=A|B|…, each a factor
	Locate    bool     `json:"locate,omitempty"`
	UntilSure bool     `json:"until_sure,omitempty"`
}

// usually is the value of a factor that leaves the field as it is.
const usually = "default"

// Bounds of a trial.
const (
	mostVariants = 4096
	usualBlocks  = 100
	surelyBlocks = 5000 // with --until-sure, at most
)

// sizeFactor is the factor that is no field: how long the whole packet is.
const sizeFactor = "size"

// factorNames are other names of fields, as factors.
var factorNames = map[string]string{"sport": "source-port", "iface": "interface"}

// variants is what --vary means.
type variants struct {
	design trial.Design
	list   []variant
}

// variant is one shape of the packet.
type variant struct {
	spec  *Spec
	asked *question
	size  int // of the whole packet, in bytes; 0: as it comes
}

// readVariants reads what varies.
func (s *Spec) readVariants() (*variants, error) {
	if len(s.Trial.Vary) == 0 {
		return nil, Usage("--vary: name what is to be varied, such as --vary tos=0|184")
	}
	v, n := &variants{}, 1
	for _, text := range s.Trial.Vary {
		f, err := s.readFactor(text)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(v.design.Factors, func(o trial.Factor) bool { return o.Name == f.Name }) {
			return nil, Usage("--vary %s: twice", f.Name)
		}
		if s.Trial.Locate && slices.Contains([]string{"source", "interface", "source-port"}, f.Name) {
			return nil, Usage("--locate and --vary %s exclude each other: what leaves from elsewhere may take another way", f.Name)
		}
		v.design.Factors = append(v.design.Factors, f)
		if n *= len(f.Values); n > mostVariants {
			return nil, Usage("--vary: %d variants are too many: %d at most", n, mostVariants)
		}
	}
	for i := range n {
		one, err := s.variant(&v.design, i)
		if err != nil {
			return nil, err
		}
		v.list = append(v.list, *one)
	}
	return v, v.distinct()
}

// readFactor reads FIELD=A|B|….
func (s *Spec) readFactor(text string) (f trial.Factor, err error) {
	name, values, ok := strings.Cut(text, "=")
	f.Name = name
	if full, ok := factorNames[name]; ok {
		f.Name = full
	}
	if !ok || !isFactor(f.Name) {
		return f, Usage("--vary %s: write FIELD=A|B, with a field of: %s", text, strings.Join(Factors(), ", "))
	}
	if f.Name != sizeFactor && s.first(f.Name) != "" {
		return f, Usage("--%s and --vary %s exclude each other: it is one or the other", f.Name, name)
	}
	for _, value := range strings.Split(values, "|") {
		if value == "" {
			return f, Usage("--vary %s: a value is empty; %q leaves the field as it is", text, usually)
		}
		if slices.ContainsFunc(f.Values, func(v trial.Value) bool { return v.Text == value }) {
			return f, Usage("--vary %s: %s stands there twice", text, value)
		}
		f.Values = append(f.Values, trial.Value{Text: value})
	}
	if len(f.Values) < 2 {
		return f, Usage("--vary %s: one value makes no difference; name several, as in %s=%s|…", text, name, values)
	}
	return f, nil
}

// Factors are the names of what can be varied.
func Factors() []string {
	list := []string{"source", "interface", sizeFactor}
	for _, f := range field.All() {
		list = append(list, f.Name)
	}
	return list
}

func isFactor(name string) bool { return slices.Contains(Factors(), name) }

// variant makes one of the variants of d.
func (s *Spec) variant(d *trial.Design, number int) (*variant, error) {
	one := *s
	one.Trial = Trial{}
	v := &variant{spec: &one}
	for i, level := range d.Levels(number) {
		name, text := d.Factors[i].Name, d.Factors[i].Values[level].Text
		if text == usually {
			continue
		}
		if name == sizeFactor {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > 1<<16-1 {
				return nil, Usage("--vary size=%s: a number of bytes, of the whole packet", text)
			}
			v.size = n
			continue
		}
		if err := one.set(name, text); err != nil {
			return nil, Usage("--vary %s=%s: %w", name, text, err)
		}
	}
	var err error
	if v.asked, err = one.readPlain(); err != nil {
		return nil, err
	}
	return v, v.sized()
}

// set says text of the field of a name, as on a command line.
func (s *Spec) set(name, text string) error {
	for i := range fields {
		if fields[i].flag != name {
			continue
		}
		switch at := fields[i].at(s).(type) {
		case *string:
			*at = text
			return nil
		case **int:
			n, err := strconv.ParseInt(text, 0, 0)
			if err != nil {
				return errors.New("not a whole number")
			}
			value := int(n)
			*at = &value
			return nil
		}
	}
	return errors.New("no field of that name")
}

// sized makes the packet as long as it is to be, by a payload.
func (v *variant) sized() error {
	if v.size == 0 {
		return nil
	}
	for i := range v.asked.crafts {
		c, v6 := &v.asked.crafts[i], i == 1
		if c.Has(probe.GivenData) {
			return Usage("--vary size and a payload exclude each other: it is the payload that makes the size")
		}
		ip, segment := probe.Headers(v.asked.kind, c, v6)
		least := ip + segment
		if v.size < least {
			if v6 {
				continue // which is refused where there is such a target, see checkTargets
			}
			return Usage("--vary size=%d: without a payload what is sent has %d bytes", v.size, least)
		}
		c.Data, c.Given = make([]byte, v.size-least), c.Given|probe.GivenData
	}
	return nil
}

// fill gives payloads of a chosen length their bytes.
func (v *variant) fill(seed uint64) {
	v.asked.fill(v.spec, seed)
	if v.size == 0 {
		return
	}
	bytes := rand.NewPCG(seed, uint64(v.size))
	for i := range v.asked.crafts {
		data := v.asked.crafts[i].Data
		for k := range data {
			data[k] = byte(bytes.Uint64())
		}
	}
}

// distinct refuses two variants that are the same packet.
func (v *variants) distinct() error {
	seen := map[string]int{}
	for i := range v.list {
		one := &v.list[i]
		packet := fmt.Sprint(one.strand(0), one.asked.crafts)
		if k, ok := seen[packet]; ok {
			return Usage("--vary: %s and %s are the same packet", v.design.Name(k), v.design.Name(i))
		}
		seen[packet] = i
	}
	return nil
}

// family is the design as it is for the targets of one family: presets of TCP options
// have the values there that a client of the family has.
func (v *variants) family(v6 bool) *trial.Design {
	d := trial.Design{Factors: slices.Clone(v.design.Factors)}
	for i := range d.Factors {
		f := &d.Factors[i]
		if f.Name != "tcp-options" {
			continue
		}
		f.Values = slices.Clone(f.Values)
		for k := range f.Values {
			text := f.Values[k].Text
			if text == usually {
				text = defaultOptions
			}
			f.Values[k].Elements = elements(text, v6)
		}
	}
	return &d
}

// elements are the TCP options of a list, without what only fills it up, and without the
// value of a timestamp, which is the time.
func elements(text string, v6 bool) []string {
	options, _, err := wire.ParseOptions(text, v6)
	list := []string{}
	if err != nil { // it was read before
		return list
	}
	for _, item := range strings.Split(string(wire.AppendOptions(nil, options)), ",") {
		if item == "none" || item == "eol" || item == "" {
			continue
		}
		if name, _, _ := strings.Cut(item, "="); name == "ts" {
			item = name
		}
		list = append(list, item)
	}
	return list
}

// checkTargets refuses what some variant cannot be for these targets.
func (v *variants) checkTargets(t *target.Result) error {
	for i := range v.list {
		one := &v.list[i]
		if err := one.spec.checkTargets(t); err != nil {
			return Usage("%w", err)
		}
		if one.size > 0 && hasFamily(t, true) {
			if ip, segment := probe.Headers(one.asked.kind, &one.asked.crafts[1], true); one.size < ip+segment {
				return Usage("--vary size=%d: without a payload what is sent to an IPv6 target has %d bytes", one.size, ip+segment)
			}
		}
	}
	return nil
}

// checkProof refuses a variant that leaves nothing by which an answer would prove itself;
// note is of the first that leaves little.
func (v *variants) checkProof(t *target.Result) (note string, err error) {
	for i := range v.list {
		text, err := v.list[i].asked.checkProof(v.list[i].spec, t)
		if err != nil {
			return "", err
		}
		if note == "" && text != "" {
			note = v.design.Name(i) + ": " + text
		}
	}
	return note, nil
}
