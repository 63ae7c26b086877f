package diff

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"sonde/output/read"
	"sonde/scan/report"
)

// FuzzPair: whatever two files say, they are compared without a panic; and no file is
// different from itself.
func FuzzPair(f *testing.F) {
	paths, err := filepath.Glob("../../output/testdata/*.[jx][sm][ol]*")
	if err != nil || len(paths) < 20 {
		f.Fatal(err, len(paths))
	}
	for i, path := range paths {
		a, err := os.ReadFile(path)
		b, err2 := os.ReadFile(paths[(i+1)%len(paths)])
		if err != nil || err2 != nil {
			f.Fatal(err, err2)
		}
		f.Add(a, b)
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		for i, texts := range [][2][]byte{{a, a}, {a, b}} {
			var p Pair
			read.Records(bytes.NewReader(texts[0]), p.Old().Put)
			read.Records(bytes.NewReader(texts[1]), p.New().Put)
			told := uint64(0)
			sum, err := p.Compare(func(d *report.Difference) {
				if told++; !d.Addr.IsValid() && d.What != report.AFinding {
					t.Errorf("%+v", *d)
				}
				if i == 0 {
					t.Errorf("a file is different from itself: %+v", *d)
				}
			})
			if err != nil {
				continue
			}
			for _, n := range sum.Strong {
				told -= n
			}
			for _, n := range sum.Weak {
				told -= n
			}
			if told != 0 {
				t.Errorf("%d differences more were told than counted", told)
			}
		}
	})
}
