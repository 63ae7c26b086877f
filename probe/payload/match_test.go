package payload

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"testing"
)

// answer is a right answer to the datagram for testID, written by hand from the
// standard, with what a server may do otherwise, and what is none.
type answer struct {
	hex   string
	needs int // no shorter prefix of it matches; 0: all of it is needed
	also  []change
	none  []change
}

func (a answer) bytes(t testing.TB) []byte { return unhex(t, a.hex) }

// change makes another answer out of one: a copy that it may write to.
type change struct {
	what string
	make func(b []byte) []byte
}

// set replaces the bytes at an offset.
func set(what string, at int, with ...byte) change {
	return change{what, func(b []byte) []byte { copy(b[at:], with); return b }}
}

// become replaces everything.
func become(what, hexBytes string) change {
	return change{what, func([]byte) []byte {
		b, err := hex.DecodeString(hexBytes)
		if err != nil {
			panic(err)
		}
		return b
	}}
}

var longer = change{"a byte too long", func(b []byte) []byte { return append(b, 0) }}

var answers = merge(infrastructure, binaryServices, specialServices, textServices)

func merge(parts ...map[string]answer) map[string]answer {
	all := make(map[string]answer)
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

func TestMatch(t *testing.T) {
	for p := range All() {
		t.Run(p.Name, func(t *testing.T) {
			a, ok := answers[p.Name]
			if !ok {
				t.Fatal("no answer to try")
			}
			right := a.bytes(t)
			if !p.Match(testID, right) {
				t.Errorf("the right answer does not match: % x", right)
			}
			for _, c := range a.also {
				if b := c.make(bytes.Clone(right)); !p.Match(testID, b) {
					t.Errorf("%s does not match: % x", c.what, b)
				}
			}
			for _, c := range a.none {
				if b := c.make(bytes.Clone(right)); p.Match(testID, b) {
					t.Errorf("%s matches: % x", c.what, b)
				}
			}
			if p.Match(testID, nil) || p.Match(testID, []byte{}) {
				t.Error("an empty datagram matches")
			}
			needs := a.needs
			if needs == 0 {
				needs = len(right)
			}
			for n := range needs {
				if p.Match(testID, right[:n]) {
					t.Errorf("matches when cut to %d bytes", n)
				}
			}
		})
	}
}

// Every bit that a protocol repeats counts, and Bits says how many these are.
func TestMatchUsesIdentifier(t *testing.T) {
	for p := range All() {
		right := answers[p.Name].bytes(t)
		for bit := range 64 {
			got := p.Match(testID^1<<bit, right)
			if want := bit >= int(p.Bits); got != want {
				t.Errorf("%s: bit %d flipped: match %v, want %v", p.Name, bit, got, want)
			}
		}
	}
}

// What a service sends back unread, such as echo (RFC 862), is no answer of
// the protocol, and neither is the answer of another protocol.
//
// But echo is just that, and to services that send text of no form every text
// is an answer.
func TestMatchOthers(t *testing.T) {
	formless := []*Payload{systat, daytime, qotd, chargen}
	for p := range All() {
		if p != echo && p.Match(testID, p.Append(nil, testID)) {
			t.Errorf("%s: its own datagram, reflected, matches", p.Name)
		}
		for name, a := range answers {
			if slices.Contains(formless, p) && isText(a.bytes(t)) {
				continue
			}
			if name != p.Name && p.Match(testID, a.bytes(t)) {
				t.Errorf("%s: an answer of %s matches", p.Name, name)
			}
		}
	}
}

func FuzzMatch(f *testing.F) {
	for _, p := range all {
		right := answers[p.Name]
		f.Add(uint64(testID), right.bytes(f))
		f.Add(uint64(testID), p.Append(nil, testID))
		for _, c := range slices.Concat(right.also, right.none) {
			f.Add(uint64(testID), c.make(bytes.Clone(right.bytes(f))))
		}
	}
	f.Fuzz(func(t *testing.T, id uint64, answer []byte) {
		before := bytes.Clone(answer)
		for p := range All() {
			if !p.Match(id, answer) {
				continue
			}
			if p.Bits > 0 && p.Match(id^1, answer) {
				t.Errorf("%s: matches two identifiers", p.Name)
			}
			if p != echo && bytes.Equal(answer, p.Append(nil, id)) {
				t.Errorf("%s: our own datagram matches", p.Name)
			}
			if p.Bits == 64 && !bytes.Contains(answer, binary.BigEndian.AppendUint64(nil, id)) &&
				!bytes.Contains(answer, fmt.Appendf(nil, "%016x", id)) {
				t.Errorf("%s: matches without the identifier", p.Name)
			}
		}
		if !bytes.Equal(answer, before) {
			t.Error("Match wrote to the answer")
		}
	})
}
