package main

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
// on. How fast they are asked is none of it.
func (j *job) facts(pings []sweep.Ping, parts []sweep.Part, more ...checkpoint.Fact) []checkpoint.Fact {
	f := j.flags
	way := ""
	for _, p := range parts {
		if p.Targets.Len() > 0 {
			way += fmt.Sprintf("; %s by %s", describeSet(p.Targets.(*target.Set)), pingNames(p.Pings))
		}
	}
	facts := append([]checkpoint.Fact{
		{Name: "the command", Value: j.meta.Command},
		{Name: "targets", Value: describeSet(j.targets.All)},
		{Name: "targets named by themselves", Value: describeSet(j.targets.NamedSet)},
		{Name: "--seed", Value: strconv.FormatUint(j.meta.Seed, 10)},
		{Name: "--shard", Value: f.shard.String()},
		{Name: "the sweep", Value: strings.TrimPrefix(way, "; ")},
		{Name: "packets by", Value: strings.Join(j.meta.Methods, ", ")},
		{Name: "--interface", Value: f.iface},
		{Name: "--source", Value: f.source},
		{Name: "--source-port", Value: strconv.Itoa(f.sourcePort)},
		{Name: "--ttl", Value: strconv.Itoa(f.ttl)},
		{Name: "--tos", Value: f.tos + f.dscp},
		{Name: "--tcp-options", Value: f.options},
		{Name: "--max-retries", Value: strconv.Itoa(f.retries)},
		{Name: "--expect", Value: f.expect},
		{Name: "--verbose", Value: strconv.FormatBool(f.verbose)},
	}, more...)
	return slices.DeleteFunc(facts, func(f checkpoint.Fact) bool { return f.Value == "" })
}

// describeSet tells sets apart: "256 addresses (1f3a5c7e9b2d4f60)".
func describeSet(s *target.Set) string {
	h := sha256.New()
	for _, r := range s.Ranges() {
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
// sum.
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
	text := string(b[1:])
	if len(text) <= 60 {
		return text
	}
	return fmt.Sprintf("%s… (%d, %x)", text[:50], len(list), sha256.Sum256(b))
}
