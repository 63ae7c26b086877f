package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sonde/cmd/complete"
	"sonde/cmd/manual"
	"sonde/cmd/terminal"
	"sonde/scan/job"
)

// version is set when a release is built.
var version = "0.1.0-dev"

// newCommand makes a command for an invocation.
type newCommand func(*app) *cobra.Command

// commands is filled while package variables are initialised and never after: a
// new command is one file with one variable.
var commands []newCommand

// addCommand makes a command known. It is for package variables only.
func addCommand(c newCommand) newCommand {
	commands = append(commands, c)
	return c
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "sonde",
		Short: "Ask the network one precise question and get an honest answer",
		Long: `sonde asks the network one precise question and gives an honest answer:
what was sent, who answered, what that proves, and how sure that is.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			cmd.SetOut(a.stderr) // stdout carries results only
			if err := cmd.Help(); err != nil {
				return err
			}
			return result(job.ExitUsage)
		},
	}
	root.SetFlagErrorFunc(flagError)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.CompletionOptions.HiddenDefaultCmd = false
	for _, c := range commands {
		root.AddCommand(c(a))
	}
	manual.Install(root, version, func() int { return terminal.ProseWidth(a.stdout) })
	return root
}

// asks makes cmd one that asks the network, by the flags that add adds.
func (a *app) asks(cmd *cobra.Command, add func(*options)) *cobra.Command {
	return a.runs(cmd, add, job.Run)
}

// runs makes cmd one whose Spec is carried out by run.
func (a *app) runs(cmd *cobra.Command, add func(*options), run runner) *cobra.Command {
	o := newOptions(cmd)
	if a.mayRun(cmd.Name()) {
		add(o)
		eachOnce(o.set)
		if len(a.args) > 0 && strings.HasPrefix(a.args[0], cobra.ShellCompRequestCmd) {
			complete.Flags(cmd)
		}
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := o.finish(a, args)
		if err != nil {
			return err
		}
		if a.inspect != nil {
			a.inspect(s)
			return nil
		}
		return a.carryOut(cmd.Context(), s, run)
	}
	return cmd
}

// mayRun tells whether the command of that name may be the one that is called, or
// asked about. Flags of others are left out: a single port is asked in less time than
// it takes to make all flags of all commands.
func (a *app) mayRun(name string) bool {
	if len(a.args) == 0 {
		return true
	}
	first := a.args[0]
	return first == "" || first == name || first == "help" || first == "man" || first == "completion" || first[0] < 'a' || first[0] > 'z'
}

// dashes are what web pages make of "-" and "--".
const dashes = "‐‑‒–—―−"

// repair reads changed dashes at the start of an argument as "-", and refuses
// forms that would be understood as something else.
func repair(args []string) ([]string, error) {
	fixed := make([]string, len(args))
	for i, arg := range args {
		rest := strings.TrimLeft(arg, "-"+dashes)
		n := len([]rune(arg)) - len([]rune(rest))
		fixed[i] = strings.Repeat("-", n) + rest
		if i > 0 && fixed[0] != "nmap" && len(fixed[i]) == 3 && strings.HasPrefix(fixed[i], "-o") && strings.Contains("NXGJAS", fixed[i][2:]) {
			letter := fixed[i][2:]
			if strings.Contains("AS", letter) {
				letter = "FORMAT"
			}
			return nil, job.Usage("%s FILE is the form of nmap: write -o %s=FILE", fixed[i], letter)
		}
	}
	return fixed, nil
}

// undash reads one dash before the name of a long flag as two: web pages make
// one of them. Its error is of a word that asks for help by accident.
func undash(root *cobra.Command, args []string) ([]string, error) {
	cmd, _, err := root.Find(args)
	if err != nil {
		return args, nil
	}
	cmd.InitDefaultHelpFlag()
	fixed := slices.Clone(args)
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			break
		}
		if len(arg) < 2 || arg[0] != '-' {
			continue
		}
		name, _, valued := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		long := len(name) > 1 && cmd.Flags().Lookup(name) != nil
		takes := long && !valued && cmd.Flags().Lookup(name).NoOptDefVal == ""
		switch {
		case strings.HasPrefix(arg, "--"):
		case long:
			fixed[i] = "-" + arg
		default:
			if takes, err = shorts(cmd, arg); err != nil {
				return nil, err
			}
		}
		if takes {
			i++ // its value
		}
	}
	return fixed, nil
}

// shorts looks at a word of short flags, and tells whether the next word is the value
// of the last. A letter that takes a value and stands behind an h is no cry for help,
// but a long flag that does not exist: -host.
func shorts(cmd *cobra.Command, arg string) (takes bool, err error) {
	help := false
	for i := 1; i < len(arg); i++ {
		f := cmd.Flags().ShorthandLookup(arg[i : i+1])
		switch {
		case f == nil:
			return false, nil // which is refused anyway
		case f.NoOptDefVal == "" && help:
			return false, job.Usage("unknown flag: %s: %s --help lists the flags", arg, cmd.CommandPath())
		case f.NoOptDefVal == "":
			return i == len(arg)-1, nil
		}
		help = help || f.Name == "help"
	}
	return false, nil
}
