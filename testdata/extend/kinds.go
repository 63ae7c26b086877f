package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sonde/probe"
)

var _ = addCommand(newKinds)

// newKinds makes a command that needs no network: it lists by what can be asked.
func newKinds(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "kinds",
		Short: "List the ways of asking, and the flags that choose them",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
			for _, e := range probe.Kinds() {
				var flags []string
				if e.Scan != "" {
					flags = append(flags, "-s"+e.Scan)
				}
				if e.Ping != "" {
					flags = append(flags, "-P"+e.Ping)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\n", e.Kind.Name(), strings.Join(flags, " "), e.Kind.Doc())
			}
			return w.Flush()
		},
	}
}
