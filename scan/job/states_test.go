package job

import (
	"strings"
	"testing"

	"sonde/probe"
)

// TestStates: what no way of asking can find is refused, not waited for; and the ways
// find what README says.
func TestStates(t *testing.T) {
	finds := map[string]string{"S": "open closed filtered unknown", "T": "open closed filtered unknown", "A": "filtered unfiltered unknown",
		"W": "open closed filtered unknown", "F": "closed filtered open|filtered unknown", "N": "closed filtered open|filtered unknown",
		"X": "closed filtered open|filtered unknown", "M": "closed filtered open|filtered unknown", "U": "open closed filtered open|filtered unknown"}
	for _, e := range probe.Kinds() {
		letter := e.Scan
		if e.Kind == probe.UDP {
			letter = "U"
		}
		if letter == "" || finds[letter] == "" {
			if letter != "" {
				t.Errorf("-s%s is not in the table", letter)
			}
			continue
		}
		for _, state := range portStates {
			s := &Spec{Command: "tcp", Targets: Targets{Words: []string{"10.0.0.1"}}, Ask: Ask{Scan: []string{letter}, Ports: "80"}, Expect: state.String()}
			if letter == "U" {
				s.Command, s.Ask.Scan = "udp", nil
			}
			err := s.Check()
			if want := strings.Contains(" "+finds[letter]+" ", " "+state.String()+" "); (err == nil) != want {
				t.Errorf("-s%s --expect %v: %v", letter, state, err)
			}
		}
		s := &Spec{Command: "tcp", Targets: Targets{Words: []string{"10.0.0.1"}}, Ask: Ask{Scan: []string{letter}}, Show: Show{Open: true}}
		if letter == "U" {
			s.Command, s.Ask.Scan = "udp", nil
		}
		if err := s.Check(); (err == nil) != strings.Contains(finds[letter], "open") {
			t.Errorf("-s%s --open: %v", letter, err)
		}
	}
	s := &Spec{Command: "tcp", Targets: Targets{Words: []string{"10.0.0.1"}}, Ask: Ask{Scan: []string{"A"}}, Show: Show{Open: true}}
	if err, want := s.Check(), "--open: no port is found open by -sA, which tells: filtered unfiltered unknown"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
