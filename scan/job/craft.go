package job

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"sonde/probe"
	"sonde/probe/field"
	"sonde/scan/sweep"
)

// This file is about the fields of packets. What can be chosen is in the table of
// probe/field, and what is refused follows from the headers that it names there.

// Text is where a Spec has what was said of a field of packets, where that is a text; nil:
// it is none.
func (p *Packet) Text(name string) *string {
	i, ok := textAt[name]
	if !ok {
		return nil
	}
	return reflect.ValueOf(p).Elem().Field(i).Addr().Interface().(*string)
}

// textAt is which field of a Packet has the text of a field of packets, by the name of
// that: its key in JSON, but for hyphens.
var textAt = func() map[string]int {
	at, packet := map[string]int{}, reflect.TypeFor[Packet]()
	for i := range packet.NumField() {
		if f := packet.Field(i); f.Type.Kind() == reflect.String {
			key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			at[strings.ReplaceAll(key, "_", "-")] = i
		}
	}
	return at
}()

// commandLayers are the headers that may be in what a command asks. fp asks as a client
// does, and doctor nothing.
var commandLayers = map[string]field.Layers{
	"sweep": field.TCP | field.UDP | field.ICMP, "tcp": field.TCP, "udp": field.UDP, "trace": field.TCP | field.UDP | field.ICMP,
	"trial": field.TCP | field.UDP | field.ICMP,
}

// lacks tells whether a field of packets is none of those that a command sends.
func lacks(command, flag string) bool {
	layers, asks := commandLayers[command]
	f := field.Find(flag)
	return asks && f != nil && f.In&layers == 0
}

// withCrafts adds rows to the table of fields for the texts that have none there: a command
// has those that may be in its packets, and another value is another job.
func withCrafts(rows []specField) []specField {
	for _, f := range field.All() {
		if _, text := textAt[f.Name]; !text || slices.ContainsFunc(rows, func(r specField) bool { return r.flag == f.Name }) {
			continue
		}
		on := ""
		for _, command := range strings.Fields(all) {
			// The flags decide how answers are read, so they are for a command that has one
			// way of reading them, or for which it is enough that there is one.
			if f.In&commandLayers[command] != 0 && (f.Name != "flags" || command == "tcp" || command == "trial") {
				on += command + " "
			}
		}
		at := func(s *Spec) *string { return s.Packet.Text(f.Name) }
		rows = append(rows, specField{f.Name, func(s *Spec) any { return at(s) }, on, ownFact, func(s *Spec) string { return *at(s) }})
	}
	return rows
}

// text is what was said of a field of packets, as on a command line; "": nothing.
func (s *Spec) text(name string) string {
	for i := range fields {
		if fields[i].flag != name {
			continue
		}
		switch at := fields[i].at(s).(type) {
		case *string:
			return *at
		case **int:
			if *at != nil {
				return strconv.Itoa(**at)
			}
		}
	}
	return ""
}

// crafted are the fields of packets of which something was said.
func (s *Spec) crafted() []*field.Field {
	return slices.DeleteFunc(field.All(), func(f *field.Field) bool { return s.text(f.Name) == "" })
}

// option is how a field is written on a command line.
func option(f *field.Field) string {
	if f.Name == "source-port" {
		return "-g"
	}
	return "--" + f.Name
}

// readCrafts reads the shape of the packets.
func (q *question) readCrafts(s *Spec) error {
	for i := range q.crafts {
		c, v6 := &q.crafts[i], i == 1
		c.Window = 64240
		for _, f := range field.All() {
			text := s.text(f.Name)
			if text == "" && f.Name == "tcp-options" {
				text = defaultOptions
			}
			if text == "" || f.Parse == nil || !f.Family(v6) {
				continue
			}
			if err := f.Parse(c, v6, text); err != nil {
				return Usage("--%s %s: %w", f.Name, text, err)
			}
		}
	}
	return nil
}

// tos is the TOS byte of all packets.
func (q *question) tos() uint8 { return q.crafts[0].TOS }

// craftRules refuse fields that the packets of q cannot have.
func (q *question) craftRules(s *Spec) []rule {
	var rules []rule
	_, packets := probe.Packets(q.kind)
	trace := s.Command == "trace" || s.Command == "trial"
	kernel := q.kind != nil && bySocket(q.kind) && !packets && !trace
	chosen := s.crafted()
	for i, f := range chosen {
		for _, other := range chosen[:i] {
			rules = append(rules, rule{slices.Contains(f.Not, other.Name), fmt.Sprintf("--%s and --%s exclude each other: they set the same bits", other.Name, f.Name)})
		}
		rules = append(rules,
			rule{!f.Kernel && s.Way.Via == "connect", option(f) + ": the kernel makes the packets of --via connect"},
			rule{!f.Kernel && kernel, q.scan + " lets the kernel make the packets: it excludes " + option(f)})
		if q.kind != nil && !kernel && !f.Applies(q.kind) {
			what := "what " + q.scan + " sends"
			if trace {
				what = "a " + s.Command + " by " + q.proto
			}
			rules = append(rules, rule{true, option(f) + ": " + what + " has no such field"})
		}
	}
	return rules
}

// checkFamily refuses what packets to a target's family do not have.
func (s *Spec) checkFamily(chosen []*field.Field, a netip.Addr) error {
	for _, f := range chosen {
		if v6 := !a.Is4(); !f.Family(v6) {
			return fmt.Errorf("%s: the target %v is %s, which has no such field", option(f), a, familyName(v6))
		}
	}
	return nil
}

// checkPings refuses fields that no packet of a sweep has.
func (s *Spec) checkPings(parts []sweep.Part) error {
	for _, f := range s.crafted() {
		applies := func(p sweep.Ping) bool { return f.Applies(p.Kind) }
		if !slices.ContainsFunc(parts, func(p sweep.Part) bool { return p.Targets.Len() > 0 && slices.ContainsFunc(p.Pings, applies) }) {
			return Usage("%s: none of these pings has such a field; choose one with %s", option(f), pingsLike(f.Applies))
		}
	}
	return nil
}
