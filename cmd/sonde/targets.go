package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
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
	opt := target.Options{Family: f.family(), AllAddresses: f.allAddrs, ExcludeFile: len(f.excludeFile) > 0,
		Resolver: net.DefaultResolver, HasRoute: hasRoute}
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
	var name *target.Unresolved
	if errors.As(err, &name) {
		return nil, &exitError{exitName, err}
	}
	if err != nil {
		return nil, &exitError{exitUsage, err}
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
	return t, f.checkFamily(t)
}

// checkFamily refuses what cannot take effect on the targets' family.
func (f *flags) checkFamily(t *target.Result) error {
	src := f.sourceAddr()
	if !src.IsValid() {
		return nil
	}
	for _, r := range t.All.Ranges() {
		if r.From().Is4() != src.Is4() {
			return usage("-S %v cannot ask %v: not the same family", src, r.From())
		}
	}
	return nil
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

// ports reads -p, --top and --exclude-ports for one protocol.
func ports(proto target.Proto, list string, top int, exclude string, usual int) ([]uint16, error) {
	var p target.Ports
	var err error
	switch {
	case list != "" && top != 0:
		return nil, usage("-p and --top exclude each other")
	case list != "":
		p, err = target.ParsePorts(list, proto, fingerprint.PortsOf)
	case top != 0:
		p, err = target.Top(top, proto, fingerprint.TopPorts)
	default:
		p, err = target.Top(usual, proto, fingerprint.TopPorts)
	}
	if err != nil {
		return nil, usage("-p: %w", err)
	}
	if exclude != "" {
		ex, err := target.ParsePorts(exclude, target.TCP|target.UDP, fingerprint.PortsOf)
		if err != nil {
			return nil, usage("--exclude-ports: %w", err)
		}
		p = p.Without(ex)
	}
	mine, other, name := p.TCP, p.UDP, "tcp"
	if proto == target.UDP {
		mine, other, name = p.UDP, p.TCP, "udp"
	}
	if len(other) > 0 {
		return nil, usage("-p %s: sonde %s asks only %s ports", list, name, strings.ToUpper(name))
	}
	if len(mine) == 0 {
		return nil, usage("no port is left to ask")
	}
	return mine, nil
}
