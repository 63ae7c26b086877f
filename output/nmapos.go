package output

import (
	"strconv"

	"sonde/scan/report"
)

// This file writes systems with nmap's words. Where nmap has the share of points that
// match, there stands the probability.

// appendNmapOS writes what nmap prints of a system.
func appendNmapOS(b []byte, o *report.OS) []byte {
	if o == nil {
		return b
	}
	if len(o.Matches) == 0 {
		return append(b, "No OS matches for host\n"...)
	}
	m := &o.Matches[0]
	if m.Device != "" {
		b = append(AppendText(append(b, "Device type: "...), m.Device), '\n')
	}
	b = append(AppendText(append(b, "Running: "...), m.Family), '\n')
	if m.CPE != "" {
		b = append(AppendText(append(b, "OS CPE: "...), m.CPE), '\n')
	}
	if sure(m) && len(o.Matches) == 1 {
		b = append(AppendText(append(b, "OS details: "...), m.Name), '\n')
	} else {
		b = append(b, "Aggressive OS guesses: "...)
		for i := range o.Matches {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = strconv.AppendInt(append(AppendText(b, o.Matches[i].Name), " ("...), percent(o.Matches[i].Confidence), 10)
			b = append(b, "%)"...)
		}
		b = append(b, '\n')
	}
	if o.Hops > 0 {
		b = append(appendCount(append(b, "Network Distance: "...), uint64(o.Hops), "hop"), '\n')
	}
	return b
}

// sure tells whether a match is a detail, and no guess.
func sure(m *report.OSMatch) bool { return m.Confidence >= 0.95 && !m.Unverified }

// percent is a share in whole percents, never more than it is.
func percent(share float64) int64 { return int64(share*100 + 1e-6) }

// appendXMLOS writes the elements os and distance.
func appendXMLOS(b []byte, o *report.OS) []byte {
	if o == nil || len(o.Matches) == 0 {
		return b
	}
	b = append(b, "<os>"...)
	for i := range o.Matches {
		m := &o.Matches[i]
		b = attr(append(b, "<osmatch"...), "name", m.Name)
		b = numAttr(b, "accuracy", percent(m.Confidence))
		b = append(b, " line=\"0\"><osclass"...) // a line of nmap's own database
		b = someAttr(b, "type", m.Device)
		b = attr(b, "vendor", m.Family)
		b = attr(b, "osfamily", m.Family)
		b = someAttr(b, "osgen", m.Generation)
		b = append(numAttr(b, "accuracy", percent(m.InFamily)), '>')
		if m.CPE != "" {
			b = append(AppendXML(append(b, "<cpe>"...), m.CPE), "</cpe>"...)
		}
		b = append(b, "</osclass></osmatch>\n"...)
	}
	b = append(b, "</os>\n"...)
	if o.Hops > 0 {
		b = append(numAttr(append(b, "<distance"...), "value", int64(o.Hops)), "/>\n"...)
	}
	return b
}
