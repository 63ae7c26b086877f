package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"sonde/fingerprint"
	"sonde/scan/target"
)

// lookupTime bounds all look-ups of the targets' names together.
const lookupTime = 30 * time.Second

// targets reads what to ask from the arguments and the files that flags name.
// Names that do not resolve are told on stderr; they make the exit code 5, but
// do not keep the rest from being asked.
func (a *app) targets(ctx context.Context, f *flags, args []string) (*target.Result, error) {
	words := args
	for _, name := range f.input {
		w, err := a.readWords(name)
		if err != nil {
			return nil, usage("-i %w", err)
		}
		words = append(words, w...)
	}
	if len(words) == 0 {
		return nil, usage("no target: name addresses, networks or hosts, or a file with -i")
	}
	opt := target.Options{Family: f.family(), AllAddresses: f.allAddrs || f.everyAddr, ExcludeFile: len(f.excludeFile) > 0,
		Resolver: a.resolver, HasRoute: a.hasRoute}
	opt.Exclude = append(opt.Exclude, f.exclude...)
	for _, name := range f.excludeFile {
		w, err := a.readWords(name)
		if err != nil {
			return nil, usage("--exclude-file %w", err)
		}
		opt.Exclude = append(opt.Exclude, w...)
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	t, err := target.Parse(ctx, words, opt)
	var sig errSignal
	if errors.As(context.Cause(ctx), &sig) {
		return nil, result(128 + int(sig.Signal))
	}
	var name *target.Unresolved
	if errors.As(err, &name) {
		return nil, &exitError{exitName, err}
	}
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	if err := f.checkTargets(t, words); err != nil {
		return nil, err
	}
	for _, u := range t.Unresolved {
		a.complain(u)
	}
	if t.All.Len() == 0 && len(t.Unresolved) > 0 {
		return nil, result(exitName)
	}
	if t.All.Len() == 0 {
		return nil, usage("no target is left after the exclusions")
	}
	return t, nil
}

// readWords reads targets from a file, or from stdin if its name is "-".
func (a *app) readWords(name string) ([]string, error) {
	in := a.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	words, err := target.ReadWords(io.LimitReader(in, 1<<30))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return words, nil
}

// portList reads -p, --top and --exclude-ports for one protocol.
func portList(proto target.Proto, list string, top int, exclude string, usual int) ([]uint16, error) {
	var p target.Ports
	var err error
	switch {
	case list != "" && top != 0:
		return nil, usage("-p and --top exclude each other")
	case list != "":
		if p, err = target.ParsePorts(list, proto, fingerprint.PortsOf); err != nil {
			return nil, usage("-p %s: %w", list, err)
		}
	default:
		if top == 0 {
			top = usual
		}
		if p, err = target.Top(top, proto, fingerprint.TopPorts); err != nil {
			return nil, usage("--top %d: %w", top, err)
		}
	}
	if exclude != "" {
		ex, err := target.ParsePorts(exclude, proto, fingerprint.PortsOf)
		if err != nil {
			return nil, usage("--exclude-ports %s: %w", exclude, err)
		}
		if len(ex.TCP) > 0 && proto != target.TCP || len(ex.UDP) > 0 && proto != target.UDP {
			return nil, usage("--exclude-ports %s: ports of the other protocol are not asked anyway", exclude)
		}
		p = p.Without(ex)
	}
	mine, other, name := p.TCP, p.UDP, "TCP"
	if proto == target.UDP {
		mine, other, name = p.UDP, p.TCP, "UDP"
	}
	if len(other) > 0 {
		return nil, usage("-p %s: only %s ports are asked", list, name)
	}
	if len(mine) == 0 {
		return nil, usage("no port is left to ask")
	}
	return mine, nil
}
