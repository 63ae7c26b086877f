package output

import "testing"

// BenchmarkRecord writes a record of a port in each format, as one of many of a
// host. Formats that hold records back show it at the end.
func BenchmarkRecord(b *testing.B) {
	s := scenarios()[0]
	port := &s.records[0]
	for _, name := range Formats().Names() {
		b.Run(name, func(b *testing.B) {
			const many = 1000
			out, f := make([]byte, 0, 1<<20), Format(nil)
			b.ReportAllocs()
			for n := 0; n < b.N; n++ {
				if n%many == 0 {
					if f != nil {
						out = f.AppendEnd(out[:0], &s.end)
					}
					f, _ = Formats().New(name)
					out = f.AppendBegin(out[:0], &s.meta)
				}
				out = f.AppendRecord(out[:0], port)
			}
		})
	}
}

// TestFormatsDoNotAllocate: nothing for each record of a port; what is held back
// until a host is complete grows, but seldom.
func TestFormatsDoNotAllocate(t *testing.T) {
	s := scenarios()[0]
	for _, name := range Formats().Names() {
		f, _ := Formats().New(name)
		out := f.AppendBegin(make([]byte, 0, 1<<16), &s.meta)
		if n := testing.AllocsPerRun(10_000, func() { out = f.AppendRecord(out[:0], &s.records[0]) }); n > 0 {
			t.Errorf("%s: %v allocations for each record", name, n)
		}
	}
}
