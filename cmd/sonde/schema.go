package main

import (
	"github.com/spf13/cobra"

	"sonde/output"
)

var _ = addCommand(newSchema)

func newSchema(*app) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of -o json", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, args []string) { cmd.Print(output.Schema()) },
	}
}
