package output

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestDecodeMutants: a line of which one value was changed or taken away is
// refused, or what is read of it satisfies the schema when it is written, and is
// read the same again.
func TestDecodeMutants(t *testing.T) {
	valid := validator(t)
	var lines []string
	for _, s := range scenarios() {
		for line := range strings.Lines(s.render(format("json"))) {
			lines = append(lines, line)
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 400 {
		lines = append(lines, string(JSON{Options{Verbose: true}}.AppendRecord(nil, randomRecord(r))))
	}
	seen := map[string]bool{} // what was changed, to what: once of each is enough
	for _, line := range lines {
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		var tree map[string]any
		if err := d.Decode(&tree); err != nil {
			t.Fatal(err)
		}
		kind, _ := tree["type"].(string)
		mutate(tree, kind, func(path, what string) {
			if seen[path+what] {
				return
			}
			seen[path+what] = true
			mutant, err := json.Marshal(tree)
			if err != nil {
				t.Fatal(err)
			}
			rec, err := Decode(bytes.ReplaceAll(mutant, []byte(`\u003c`), []byte("<")))
			if err != nil {
				return
			}
			t.Run(path+" "+what, func(t *testing.T) { roundTrip(t, valid, rec) })
		})
	}
	t.Logf("%d mutants", len(seen))
}

// mutate calls try with each value of a tree changed in each way, one at a time.
func mutate(tree any, path string, try func(path, what string)) {
	one := func(at any, put func(any), take func(), path string) {
		mutate(at, path, try)
		for what, v := range mutants(at) {
			put(v)
			try(path, what)
		}
		if take != nil {
			take()
			try(path, "taken away")
		}
		put(at)
	}
	switch tree := tree.(type) {
	case map[string]any:
		for key, at := range tree {
			one(at, func(v any) { tree[key] = v }, func() { delete(tree, key) }, path+"."+key)
		}
	case []any:
		for i, at := range tree {
			one(at, func(v any) { tree[i] = v }, nil, path+".*")
		}
	}
}

// mutants are other values of the same type.
func mutants(v any) map[string]any {
	switch v := v.(type) {
	case string:
		return map[string]any{"empty": "", "longer": v + "A", "with a comma": v + ",", "in capitals": strings.ToUpper(v), "twice": v + v,
			"with a control character": v + "\x1b", "without its end": v[:max(0, len(v)-1)], "with another digit": v + "0", "a number": "1A2", "with a zone": v + "%a", "with a space": " " + v}
	case json.Number:
		list := map[string]any{}
		for _, n := range []json.Number{"0", "1", "2", "65536", "4294967296", "18446744073709551615", "0.0000001", "1e3", "-1", "9223372036.854775"} {
			list[n.String()] = n
		}
		return list
	case bool:
		return map[string]any{"the contrary": !v}
	case []any:
		list := map[string]any{"empty": []any{}}
		if len(v) > 0 {
			list["with one twice"] = append([]any{v[0]}, v...)
		}
		return list
	case map[string]any:
		return map[string]any{"empty": map[string]any{}}
	}
	return nil
}
