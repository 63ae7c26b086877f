package output

import (
	"encoding/csv"
	"strings"
	"testing"
)

// FuzzCSV: whatever the network says is one cell of a row that is whole, does nothing to
// a terminal and is no formula; every byte comes back.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{hostile, "=1+1", "'=1", "@SUM(A1)", "-2", "\t=1", "a,b\"c\r\nd", "＝1", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w := format("csv").New(Options{}).(*Assembler).pager.(*csvWriter)
		line := string(w.appendRow(nil, &csvRow{kind: "port", product: s, vendor: "v"}))
		r := csv.NewReader(strings.NewReader(line))
		r.FieldsPerRecord = len(csvColumns)
		rows, err := r.ReadAll()
		if err != nil || len(rows) != 1 || strings.Count(line, "\n") != 1 {
			t.Fatalf("%q: %q, %v", s, line, err)
		}
		if bad := harmless(strings.ReplaceAll(line, "\ufffd", "")); bad != "" {
			t.Errorf("%q %s", s, bad)
		}
		got := rows[0][15]
		if got != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", firstRune(got)) {
			t.Errorf("%q is a formula", got)
		}
		if back := unescape(t, strings.TrimPrefix(got, "'")); back != s {
			t.Errorf("%q came back as %q", s, back)
		}
	})
}

// TestCSVTable: every row of every scenario has the columns of the head, which is there
// once.
func TestCSVTable(t *testing.T) {
	for _, s := range scenarios() {
		f := format("csv")
		if !f.Fits(s.scan.Command) {
			continue
		}
		r := csv.NewReader(strings.NewReader(s.render(f)))
		r.FieldsPerRecord = len(csvColumns)
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		heads := 0
		for _, row := range rows {
			if row[0] == "type" {
				heads++
			}
		}
		if heads != 1 {
			t.Errorf("%s: %d heads", s.name, heads)
		}
	}
}
