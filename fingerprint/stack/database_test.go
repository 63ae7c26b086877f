package stack

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestBuiltinIsTold(t *testing.T) {
	for _, r := range Builtin().rows {
		if r.Unverified && strings.Contains(r.Source.Why, "measured") {
			t.Errorf("%s: measured, and not verified?", r.key)
		}
		if !r.Unverified && !strings.Contains(r.Source.Why, "measured") {
			t.Errorf("%s: not measured, so it is unverified", r.key)
		}
	}
	for i := range groups {
		for _, f := range groups[i].features {
			n := 0
			for _, r := range Builtin().rows {
				if r.weights[f.name] != nil {
					n++
				}
				for _, b := range r.Gen {
					if b.Features[f.name] != nil {
						n++
					}
				}
				for _, b := range r.Hint {
					if b.Features[f.name] != nil {
						n++
					}
				}
			}
			if n == 0 {
				t.Errorf("%s: no row has a word to say of it", f.name)
			}
		}
	}
}

func TestReadJSON(t *testing.T) {
	text, err := json.Marshal(file{Stack: map[string]*row{"toy": {Name: "Toy", Prior: 1, Syn: weights{SynOptions: {"MM": 1}}, IP: weights{IPTTL: {"32": 1}}, Source: source{"made for a test"}}}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := Read(text)
	if err != nil {
		t.Fatal(err)
	}
	v := d.Judge(Features{SynOptions: "MM", IPTTL: "32"})
	if v.Match == nil || v.Match.Name != "Toy" {
		t.Errorf("%s: %+v", text, v)
	}
}

func TestRead(t *testing.T) {
	const good = "[stack.x]\nname = 'X'\nprior = 1\nsource.why = 'a test'\nip.ttl = { 32 = 1 }\n"
	if d, err := Read([]byte(good)); err != nil || len(d.Families()) != 1 {
		t.Fatalf("%v", err)
	}
	for _, c := range []struct{ text, want string }{
		{"", "no stack in it"},
		{"{}", "no stack in it"},
		{"[stack.x", "expected"},
		{`{"stack":{"x":null}}`, "stack.x: empty"},
		{`{"stack":{"x":{"nome":"X"}}}`, "nome"},
		{strings.Replace(good, "name", "nome", 1), "stack.x.nome: no such key"},
		{strings.Replace(good, "prior = 1", "prior = 0", 1), "stack.x: prior"},
		{strings.Replace(good, "prior = 1", "prior = nan", 1), "stack.x: prior"},
		{strings.Replace(good, "a test", " ", 1), "stack.x: source.why"},
		{strings.Replace(good, "ip.ttl = { 32 = 1 }", "", 1), "stack.x: no features"},
		{strings.Replace(good, "ip.ttl", "ip.options", 1), "stack.x: ip.options: no such feature"},
		{strings.Replace(good, "32 = 1", "32 = 1.5", 1), "a weight is 0 to 1"},
		{strings.Replace(good, "32 = 1", "32 = 0.7, 64 = 0.7", 1), "add up to 1.4"},
		{good + "gen.y = { name = 'Y', prior = 1 }\n", "stack.x: gen.y: features"},
		{good + "hint.y = { prior = 1 }\n", "stack.x: hint.y: name"},
		{good + "gen.y = { name = 'Y', prior = 1, features.colour = { blue = 1 }, source.why = 'a test' }\n", "gen.y: colour: no such feature"},
		{good + "gen.y = { name = 'Y', prior = 1, features.ttl = { 32 = 1 } }\n", "gen.y: source.why"},
	} {
		if _, err := Read([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}

// FuzzRead: a file may hold anything; what is read can be judged by.
func FuzzRead(f *testing.F) {
	f.Add([]byte("[stack.x]\nname = 'X'\nprior = 1\nsource.why = 'a test'\nip.ttl = { 32 = 1 }\n"))
	f.Add([]byte(`{"stack":{"x":{"name":"X","prior":1,"ip":{"ttl":{"32":1}},"source":{"why":"a test"},"hint":{"h":{"name":"H","prior":1,"features":{"df":{"yes":1}},"source":{"why":"w"}}}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Read(text)
		if err != nil {
			return
		}
		if v := d.Judge(full()); !(v.Unknown >= 0 && v.Unknown <= 1) {
			t.Errorf("unknown %v", v.Unknown)
		}
	})
}
