package output

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"sonde/probe"
	"sonde/scan/report"
)

// validator checks lines against the schema that users get.
func validator(t testing.TB) func(line string) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(line string) error {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			return err
		}
		return s.Validate(v)
	}
}

func TestSchemaRefuses(t *testing.T) {
	valid := validator(t)
	const port = `{"type":"port","addr":"10.0.0.1","proto":"tcp","port":80,"state":"open","reason":"syn-ack","tries":1}`
	if err := valid(port); err != nil {
		t.Fatal(err)
	}
	for old, bad := range map[string]string{
		`"tries":1`:         `"tries":1,"new":1`,
		`"port":80`:         `"port":65536`,
		`"state":"open"`:    `"state":"up"`,
		`"syn-ack"`:         `"because"`,
		`"type":"port"`:     `"type":"host"`,
		`"addr":"10.0.0.1"`: `"addr":"web"`,
		`,"tries":1`:        ``,
	} {
		if valid(strings.Replace(port, old, bad, 1)) == nil {
			t.Errorf("%s in the place of %s is accepted", bad, old)
		}
	}
}

func TestSchemaRefusesHopAndService(t *testing.T) {
	valid := validator(t)
	for _, test := range []struct {
		line string
		bad  map[string]string // by what it replaces
	}{
		{
			`{"type":"hop","addr":"10.0.0.1","ttl":2,"sent":3,"received":1,"changes":[{"field":"dscp","sent":"ef","seen":"cs0"}],"dscp":"cs0","ecn":0}`,
			map[string]string{
				`"ttl":2`: `"ttl":256`, `,"ttl":2`: ``, `,"received":1`: ``, `"dscp":"cs0"`: `"dscp":0`, `,"ecn":0`: ``, `"ecn":0`: `"ecn":4`,
				`,"seen":"cs0"`: ``, `"sent":3`: `"sent":3,"new":1`, `"field":"dscp"`: `"field":"dscp","new":1`, `"type":"hop"`: `"type":"service"`,
			},
		},
		{
			`{"type":"service","addr":"10.0.0.1","proto":"tcp","port":443,"service":"https","cpe":["a"],"tls":{"version":"TLS 1.3"},"http":{"status":200}}`,
			map[string]string{
				`"port":443`: `"port":65536`, `,"proto":"tcp"`: ``, `["a"]`: `"a"`, `"status":200`: `"status":"200"`, `{"status":200}`: `{"new":1}`,
				`"version":"TLS 1.3"`: `"self_signed":true`, `"type":"service"`: `"type":"port"`, `"service":"https"`: `"service":null`,
			},
		},
	} {
		if err := valid(test.line); err != nil {
			t.Error(err)
		}
		for old, bad := range test.bad {
			line := strings.Replace(test.line, old, bad, 1)
			if line == test.line || valid(line) == nil {
				t.Errorf("%s in the place of %s is accepted", bad, old)
			}
		}
	}
}

// The schema's lists are the program's, whatever is added to these.
func TestSchemaEnums(t *testing.T) {
	var doc struct {
		Defs map[string]struct{ Enum []string } `json:"$defs"`
	}
	if err := json.Unmarshal([]byte(Schema()), &doc); err != nil {
		t.Fatal(err)
	}
	if got := doc.Defs["reason"].Enum; !slices.Equal(got, probe.Reasons()) {
		t.Errorf("reasons: schema %q, program %q", got, probe.Reasons())
	}
	states := append(slices.Clone(doc.Defs["hostState"].Enum), doc.Defs["portState"].Enum...)
	slices.Sort(states)
	want := slices.Clone(probe.States())
	slices.Sort(want)
	if got := slices.Compact(states); !slices.Equal(got, want) {
		t.Errorf("states: schema %q, program %q", got, want)
	}
	if report.States != len(probe.States()) {
		t.Errorf("Tally has %d states, the program %d", report.States, len(probe.States()))
	}
}

// node is a part of the schema.
type node struct {
	Ref         string `json:"$ref"`
	Description string
	Const       any
	Properties  map[string]*node
	Items       *node
	OneOf       []*node
	Extra       any              `json:"additionalProperties"`
	Defs        map[string]*node `json:"$defs"`
}

// Every key of every type of record is in the schema, with a description, and every
// key of the schema is written for some record.
func TestSchemaKeys(t *testing.T) {
	var doc node
	if err := json.Unmarshal([]byte(Schema()), &doc); err != nil {
		t.Fatal(err)
	}
	at := func(n *node) *node {
		for n.Ref != "" {
			n = doc.Defs[strings.TrimPrefix(n.Ref, "#/$defs/")]
		}
		return n
	}
	written := map[*node]bool{}
	var walk func(path string, n *node, v any)
	walk = func(path string, n *node, v any) {
		n = at(n)
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(path+"[]", n.Items, item)
			}
		case map[string]any:
			for _, one := range n.OneOf {
				if one.Properties != nil {
					n = one
				}
			}
			if n.Properties == nil && n.Extra != nil && n.Extra != false {
				return // by states, or paths
			}
			for key, member := range v {
				p := n.Properties[key]
				if p == nil {
					t.Errorf("%s.%s is not in the schema", path, key)
					continue
				}
				if p.Description == "" && at(p).Description == "" && key != "type" {
					t.Errorf("%s.%s has no description", path, key)
				}
				written[p] = true
				walk(path+"."+key, p, member)
			}
		}
	}
	r := rand.New(rand.NewPCG(7, 9))
	stamped := JSON{Options{Verbose: true, Now: time.Now, Run: "f"}}
	for range 10_000 {
		rec := randomRecord(r)
		var v map[string]any
		if err := json.Unmarshal(stamped.AppendRecord(nil, rec), &v); err != nil {
			t.Fatal(err)
		}
		kind := v["type"].(string)
		if v["about"] == aboutEffect {
			kind = "effect" // a finding of another shape
		}
		walk(kind, doc.Defs[kind], v)
	}
	for name, def := range doc.Defs {
		for key, p := range def.Properties {
			if !written[p] && name+"."+key != "hop.source" { // which readers of the schema know
				t.Errorf("%s: nobody writes %q", name, key)
			}
		}
	}
}
