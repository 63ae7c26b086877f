package job

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sonde/scan/checkpoint"
	"sonde/scan/sweep"
	"sonde/scan/target"
)

// facts are what a job is: everything that its questions and their meaning depend
// on. How fast they are asked is none of it. Fields of the Spec with a fact of
// their own come from the table of fields; the others decide, together and with
// the network, what stands first.
func (j *job) facts(c *composition) []checkpoint.Fact {
	way := ""
	for _, p := range c.parts {
		if p.Targets.Len() > 0 {
			way += fmt.Sprintf("; %s by %s", describeSet(p.Targets.(*target.Set)), pingNames(p.Pings))
		}
	}
	facts := []checkpoint.Fact{
		{Name: "the command", Value: j.scan.Command},
		{Name: "targets", Value: describeSet(j.targets.All)},
		{Name: "targets named by themselves", Value: describeSet(j.targets.NamedSet)},
		{Name: "--seed", Value: strconv.FormatUint(j.scan.Seed, 10)},
		{Name: "the sweep", Value: strings.TrimPrefix(way, "; ")},
		{Name: "packets by", Value: strings.Join(j.scan.Methods, ", ")},
		{Name: "the way", Value: c.ways},
		{Name: "ports", Value: portRanges(j.asked.ports)},
	}
	for i := range fields {
		if f := &fields[i]; f.keep == ownFact {
			facts = append(facts, checkpoint.Fact{Name: "--" + f.flag, Value: f.fact(j.spec)})
		}
	}
	return slices.DeleteFunc(facts, func(f checkpoint.Fact) bool { return f.Value == "" })
}

// describeSet tells sets apart: "256 addresses (1f3a5c7e9b2d4f60)".
func describeSet(s *target.Set) string {
	h := sha256.New()
	for r := range s.Each {
		fmt.Fprintln(h, r)
	}
	for _, a := range s.Zoned() {
		fmt.Fprintln(h, a)
	}
	noun := "addresses"
	if s.Len() == 1 {
		noun = "address"
	}
	return fmt.Sprintf("%d %s (%x)", s.Len(), noun, h.Sum(nil)[:8])
}

// pingNames is "echo, syn 443".
func pingNames(pings []sweep.Ping) string {
	var names []string
	for _, p := range pings {
		name := p.Kind.Name()
		if p.Port != 0 {
			name += " " + strconv.Itoa(int(p.Port))
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// portRanges is "22,80-82" in the order given, and of long lists the beginning and a
// sum; "" of none.
func portRanges(list []uint16) string {
	var b []byte
	for i := 0; i < len(list); {
		end := i + 1
		for end < len(list) && list[end] == list[end-1]+1 {
			end++
		}
		b = strconv.AppendUint(append(b, ','), uint64(list[i]), 10)
		if end-i > 1 {
			b = strconv.AppendUint(append(b, '-'), uint64(list[end-1]), 10)
		}
		i = end
	}
	text := strings.TrimPrefix(string(b), ",")
	if len(text) <= 60 {
		return text
	}
	return fmt.Sprintf("%s… (%d, %x)", text[:50], len(list), sha256.Sum256(b))
}
