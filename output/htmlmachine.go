package output

import (
	"strings"

	"sonde/output/page"
	"sonde/scan/report"
)

// AppendMachine writes what is about this machine.
func (f *htmlWriter) AppendMachine(b []byte, m *Machine) []byte {
	b = f.closeTables(b)
	f.words.machine = true
	if len(m.Privileges) > 0 {
		c := privilegeTable(m.Privileges)
		b = appendColumns(b, "Privileges", &c)
		b = page.Element(b, "p", "", strings.Join(splitLines(f.words.appendConsequence(nil, m.Privileges)), " "))
		for i := range m.Privileges {
			if line := fix(&m.Privileges[i]); line != "" {
				b = page.Element(b, "p", "", fixWords(&m.Privileges[i]))
				b = append(page.Text(append(b, "<p class=\"command\"><code>"...), Escape(line)), "</code></p>\n"...)
			}
		}
	}
	if len(m.Interfaces) > 0 {
		c, routes := interfaceTable(m.Interfaces), routeTable(m.Routes)
		c.withAddresses(m.Interfaces)
		b = appendColumns(b, "Interfaces", &c)
		b = appendColumns(b, "Default routes", &routes)
	}
	if len(m.Limits) > 0 {
		c := limitTable(m.Limits)
		b = appendColumns(b, "Limits", &c)
	}
	if list := f.words.scan.Defaults; len(list) > 0 {
		c := defaultTable(list)
		b = appendColumns(b, "Defaults", &c)
	}
	for _, l := range together(m.Ways) {
		b = page.Element(b, "h2", "", strings.Join(l.targets, ", "))
		if l.trouble != "" {
			b = page.Element(b, "p", "warning", l.trouble)
		}
		b = appendPre(b, []byte(l.body))
		if l.known > 0 {
			b = page.Element(b, "p", "", string(append(appendCount(nil, uint64(l.known), "MAC"), " on the link known"...)))
		}
	}
	return b
}

// withAddresses adds a column to a table of interfaces, which text has in lines between
// the rows.
func (c *columns) withAddresses(list []report.Interface) {
	rows := c.rows
	*c = columns{}
	for i, row := range rows {
		cell := "ADDRESSES"
		if i > 0 {
			cell = strings.Join(addrWords(&list[i-1]), ", ")
		}
		c.row(append(row, cell)...)
	}
}
