package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"sonde/cmd/habit"
	"sonde/scan/job"
)

// This file is about command lines that sonde refuses and that mean something elsewhere:
// the answer has the line that says the same here. It is proposed only if sonde would
// carry it out.

// advised is err, which says what is wrong with the command line, with a line that is
// right.
func (a *app) advised(err error) error {
	args, wrong := repair(a.args)
	if wrong != nil {
		args = a.args
	}
	root := newRoot(&app{})
	line, why := habit.Meant(root, args, a.takes)
	if line == "" {
		return err
	}
	if why != "" {
		line += " (" + why + ")"
	}
	text := regexp.MustCompile(otherwise).ReplaceAllString(err.Error(), "")
	if cmd, _, _ := root.Find(args[:1]); cmd == root && !strings.HasPrefix(args[0], "-") {
		text = fmt.Sprintf("unknown command %q", args[0]) // whatever became of its flags
	}
	return fmt.Errorf("%s; you may mean: %s", text, line)
}

// otherwise is what errors advise where nothing better is known.
const otherwise = `(: sonde( [a-z]+)? --help lists the flags|: A ack, .*|: write -o [A-Z]+=FILE|; if a port was meant, write -p [0-9]+)$`

// takes tells whether sonde would carry the line out.
func (a *app) takes(args []string) bool {
	asks, ok := false, false
	ctx := context.Background()
	check := &app{args: args, stdin: strings.NewReader("127.0.0.1\n"), stdout: io.Discard, stderr: io.Discard, tried: true,
		inspect: func(s *job.Spec) {
			_, err := job.Resolve(ctx, &job.Env{Resolver: somebody{}}, s)
			asks, ok = true, err == nil || s.Targets.Local || s.Show.Replay != "" || slices.Contains([]string{"doctor", "compare", "diff"}, s.Command)
		}}
	code := check.execute(ctx)
	return ok || !asks && code == job.ExitYes
}

// somebody knows all names, so that none is looked up.
type somebody struct{}

func (somebody) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.IPv6Loopback(), netip.AddrFrom4([4]byte{127, 0, 0, 1})}, nil
}
func (somebody) LookupAddr(context.Context, string) ([]string, error) { return nil, nil }
