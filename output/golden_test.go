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
		for _, name := range Formats().Names() {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				f, err := Formats().New(name)
				if err != nil {
					t.Fatal(err)
				}
				got := s.render(f)
				if bad := harmless(got); bad != "" {
					t.Error(bad)
				}
				path := filepath.Join("testdata", s.name+"."+name)
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
	if diff := cmp.Diff(want, s.render(new(Text))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
