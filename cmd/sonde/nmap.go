package main

import (
	"github.com/spf13/cobra"

	"sonde/cmd/habit"
	"sonde/scan/job"
)

var _ = addCommand(newNmap)

// newNmap makes the command that reads a command line of nmap's, and prints what nmap
// prints. Its exit codes are nmap's, too: 0 if the scan was made, whatever it found.
func newNmap(a *app) *cobra.Command {
	return &cobra.Command{
		Use:                "nmap ARGS...",
		Short:              "An nmap command line, run by sonde",
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			line, err := habit.FromNmap(args)
			if err != nil {
				a.complain(err)
				return result(1)
			}
			if len(args) == 0 || line.Args[0] == "help" {
				return cmd.Help()
			}
			for _, note := range line.Notes {
				a.note("%s", note)
			}
			sub := &app{args: line.Args, stdin: a.stdin, stdout: a.stdout, stderr: a.stderr, open: a.open, resolver: a.resolver,
				hasRoute: a.hasRoute, inspect: a.inspect, seen: a.seen, nmap: line}
			return nmapResult(sub.execute(cmd.Context()))
		},
	}
}

// nmapResult is nmap's exit code for one of ours.
func nmapResult(code int) error {
	switch code {
	case job.ExitYes, job.ExitNo, job.ExitSilence, job.ExitName:
		return nil
	case job.ExitUsage, job.ExitLocal:
		return result(1)
	}
	return result(code)
}
