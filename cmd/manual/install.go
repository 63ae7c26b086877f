package manual

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"sonde/scan/job"
)

// Install has root and its commands show these pages: as help, by a command help that
// knows the topics, too, and by the commands man and version. width is how many columns the
// screen has.
func Install(root *cobra.Command, version string, width func() int) {
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { cmd.Print(Of(cmd).Text(width())) })
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		cmd.Print(Of(cmd).Text(width()))
		return nil
	})
	root.SetHelpCommand(&cobra.Command{
		Use: "help [COMMAND|TOPIC]", Short: "Help about a command or a topic",
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := find(root, args)
			if err == nil {
				cmd.Print(p.Text(width()))
			}
			return err
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var list []string
			for _, c := range listed(root) {
				list = append(list, c.Name()+"\t"+c.Short)
			}
			for i := range topics {
				list = append(list, topics[i].name+"\t"+topics[i].short)
			}
			if len(args) > 0 {
				list = nil
			}
			return list, cobra.ShellCompDirectiveNoFileComp
		},
	})
	root.AddCommand(&cobra.Command{
		Use: "version", Short: "Print the version, its commit and date, and Go's", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, args []string) { cmd.Print(build(version)) },
	}, &cobra.Command{
		Use: "man [DIR]", Short: "Print the manual page, or write all of them to a folder", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				cmd.Print(Of(root).Roff())
				return nil
			}
			return write(root, args[0])
		},
	})
}

// find is the page of a command or of a topic.
func find(root *cobra.Command, args []string) (*Page, error) {
	if len(args) == 1 {
		if p := Topic(args[0]); p != nil {
			return p, nil
		}
	}
	cmd, rest, err := root.Find(args)
	if err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("no help on %q: there are the commands that sonde --help lists, and the topics %s", strings.Join(args, " "), strings.Join(Topics(), ", "))
	}
	cmd.InitDefaultHelpFlag()
	return Of(cmd), nil
}

// Pages are all pages, those of commands first.
func Pages(root *cobra.Command) []*Page {
	root.InitDefaultHelpFlag()
	root.InitDefaultVersionFlag()
	list := []*Page{Of(root)}
	for _, c := range listed(root) {
		c.InitDefaultHelpFlag()
		list = append(list, Of(c))
	}
	for _, name := range Topics() {
		list = append(list, Topic(name))
	}
	return list
}

// write writes all manual pages to man1 and man7 of a folder.
func write(root *cobra.Command, folder string) error {
	for _, p := range Pages(root) {
		path := filepath.Join(folder, "man"+p.section(), p.file())
		err := os.MkdirAll(filepath.Dir(path), 0o777)
		if err == nil {
			err = os.WriteFile(path, []byte(p.Roff()), 0o666)
		}
		if err != nil {
			return job.Local(err)
		}
	}
	return nil
}
