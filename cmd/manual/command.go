package manual

import (
	"slices"
	"sort"
	"strings"

	"github.com/spf13/cobra"
)

// Of is the page of a command: of sonde itself, or of one of its commands.
func Of(cmd *cobra.Command) *Page {
	p := &Page{Name: strings.ReplaceAll(cmd.CommandPath(), " ", "-"), Short: cmd.Short}
	if !cmd.HasParent() {
		p.Parts = rootParts(cmd)
		return p
	}
	p.Parts = []Part{{Text: cmd.Long}, {Title: "Usage", Usage: usage(cmd)}}
	if i := place(cmd.Name()); i < len(commands) && cmd.Parent() == cmd.Root() {
		c := commands[i].command
		p.Parts[0].Text = c.text
		p.Parts = append(p.Parts, Part{Title: "Examples", Examples: c.examples})
		p.Parts = append(p.Parts, flagParts(cmd)...)
		if c.columns != nil {
			p.Parts = append(p.Parts, Part{Title: "Columns of the text", Terms: c.columns})
		}
		if c.after != "" {
			p.Parts = append(p.Parts, Part{Title: "The text", Text: c.after})
		}
		return p
	}
	if cmd.Example != "" {
		p.Parts = append(p.Parts, Part{Title: "Examples", Usage: strings.Split(cmd.Example, "\n")})
	}
	p.Parts = append(p.Parts, flagParts(cmd)...)
	if p.Parts[0].Text == "" {
		p.Parts[0].Text = cmd.Short + "."
	}
	return p
}

// usage are the lines that say how a command is called.
func usage(cmd *cobra.Command) []string {
	lines := []string{cmd.UseLine()}
	for _, sub := range listed(cmd) {
		lines = append(lines, sub.UseLine())
	}
	return lines
}

// listed are the commands that help lists, in its order.
func listed(cmd *cobra.Command) []*cobra.Command {
	list := slices.DeleteFunc(slices.Clone(cmd.Commands()), func(c *cobra.Command) bool {
		return !c.IsAvailableCommand() || c.Name() == "help"
	})
	sort.SliceStable(list, func(i, j int) bool { return place(list[i].Name()) < place(list[j].Name()) })
	return list
}

// rootParts are the parts of the page of sonde itself.
func rootParts(root *cobra.Command) []Part {
	var list, more []Term
	for _, c := range listed(root) {
		list = append(list, Term{c.Name(), c.Short})
	}
	for i := range topics {
		more = append(more, Term{topics[i].name, topics[i].short})
	}
	parts := []Part{
		{Text: root.Long},
		{Title: "Usage", Usage: []string{"sonde COMMAND [TARGET...] [flags]", "sonde help COMMAND", "sonde help TOPIC"}},
		{Title: "Commands", Terms: list},
		{Title: "Topics", Terms: more},
		{Title: "Examples", Examples: []Example{
			{"sonde sweep 192.0.2.0/24", "who is there"},
			{"sonde tcp -p 22,80,443 192.0.2.7", "which of three ports are open"},
			{"sonde fp -T4 192.0.2.7", "what runs there"},
			{"sonde trace -p 443 192.0.2.7", "which way packets take"},
			{"sonde doctor 192.0.2.7", "what may be done here, and which way it would be"},
		}},
	}
	return append(parts, flagParts(root)...)
}
