package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// version is set when a release is built.
var version = "0.1.0-dev"

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
			return result(exitUsage)
		},
	}
	root.SetFlagErrorFunc(flagError)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddCommand(newSweep(a), newTCP(a), newUDP(a), newFP(a), newTrace(a), newDoctor(a), newVersion())
	return root
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, args []string) { cmd.Println("sonde " + version) },
	}
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
		if len(fixed[i]) == 3 && strings.HasPrefix(fixed[i], "-o") && strings.Contains("NXGJAS", fixed[i][2:]) {
			letter := fixed[i][2:]
			if strings.Contains("AS", letter) {
				letter = "FORMAT"
			}
			return nil, usage("%s FILE is the form of nmap: write -o %s=FILE", fixed[i], letter)
		}
	}
	return fixed, nil
}

// undash reads one dash before the name of a long flag as two: web pages make
// one of them.
func undash(root *cobra.Command, args []string) []string {
	cmd, _, err := root.Find(args)
	if err != nil {
		return args
	}
	fixed := make([]string, len(args))
	for i, arg := range args {
		if arg == "--" {
			copy(fixed[i:], args[i:])
			break
		}
		fixed[i] = arg
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && len(name) > 1 && name[0] != '-' && cmd.Flags().Lookup(name) != nil {
			fixed[i] = "-" + arg
		}
	}
	return fixed
}

// flagError says in one line what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		return usage("%w: %s --help lists the flags", err, cmd.CommandPath())
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		want, ok := map[string]string{"int": "a whole number", "uint64": "a whole number from 0 on", "float64": "a number",
			"duration": "a duration such as 500ms, 5s or 2m"}[invalid.GetFlag().Value.Type()]
		if ok {
			return usage("--%s %s: not %s", invalid.GetFlag().Name, invalid.GetValue(), want)
		}
		return usage("--%s %s: %w", invalid.GetFlag().Name, invalid.GetValue(), errors.Unwrap(invalid))
	}
	return usage("%w", err)
}
