package output

import "testing"

// BenchmarkRecord writes a record of a port in each format, as one of many of a
// host. Formats that hold records back show it at the end.
func BenchmarkRecord(b *testing.B) {
	s := scenarios()[0]
	port := s.records[0]
	for _, f := range Formats() {
		b.Run(f.Name, func(b *testing.B) {
			const many = 1000
			out, w := make([]byte, 0, 1<<20), Streamer(nil)
			b.ReportAllocs()
			for n := 0; n < b.N; n++ {
				if n%many == 0 {
					if w != nil {
						out = w.AppendRecord(out[:0], &s.end)
					}
					w = f.New(s.opts)
					out = w.AppendRecord(out[:0], &s.scan)
				}
				out = w.AppendRecord(out[:0], port)
			}
		})
	}
}

// BenchmarkDecode reads the line of a port.
func BenchmarkDecode(b *testing.B) {
	line := JSON{}.AppendRecord(nil, scenarios()[0].records[0])
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(line); err != nil {
			b.Fatal(err)
		}
	}
}

// TestFormatsDoNotAllocate: nothing for each record of a port; what is held back
// until a host is complete grows, but seldom.
func TestFormatsDoNotAllocate(t *testing.T) {
	s := scenarios()[0]
	for _, f := range Formats() {
		w := f.New(s.opts)
		out := w.AppendRecord(make([]byte, 0, 1<<16), &s.scan)
		if n := testing.AllocsPerRun(10_000, func() { out = w.AppendRecord(out[:0], s.records[0]) }); n > 0 {
			t.Errorf("%s: %v allocations for each record", f.Name, n)
		}
	}
}
