package output

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	for _, s := range scenarios() {
		for _, f := range Formats() {
			if !f.Fits(s.scan.Command) {
				continue
			}
			t.Run(s.name+"/"+f.Name, func(t *testing.T) {
				got := elided(f, s.render(f))
				if bad := harmless(untabbed(f, got)); bad != "" {
					t.Error(bad)
				}
				path := filepath.Join("testdata", s.name+"."+f.Name)
				if *update {
					if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		}
	}
}

// What users rely on looks exactly like this.
func TestTextAsPromised(t *testing.T) {
	const want = `12.92.96.37  not tested (-PN), nothing answered

PORT       STATE     SERVICE       REASON
445/tcp    filtered  microsoft-ds  no reply to 3 SYNs
28080/tcp  filtered  -             no reply to 3 SYNs
28443/tcp  filtered  -             no reply to 3 SYNs

3 ports: 3 filtered. 9 packets sent, 0 answers, 2.0 s
`
	s := scenarios()[0]
	if diff := cmp.Diff(want, s.render(format("text"))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
