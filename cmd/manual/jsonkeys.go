package manual

import (
	"encoding/json"
	"strings"

	"sonde/output"
)

// jsonKeys tells what the schema says of each record and its keys.
func jsonKeys() []Part {
	parts := []Part{{Text: `-o json writes an object a line. type says what it is: first scan, last end, and between
them what was found. Numbers are numbers; what is not known is absent. sonde schema prints
the JSON Schema, which says more.`}}
	var s schemaNode
	if err := json.Unmarshal([]byte(output.Schema()), &s); err != nil {
		return append(parts, Part{Text: "The schema cannot be read: " + err.Error()})
	}
	for _, one := range s.OneOf {
		name := strings.TrimPrefix(one.Ref, "#/$defs/")
		record := s.Defs[name]
		var terms []Term
		for _, key := range record.Properties.order {
			if key != "type" {
				terms = append(terms, Term{key, s.describe(record.Properties.of[key])})
			}
		}
		parts = append(parts, Part{Title: name, Text: record.Description, Terms: terms})
	}
	return parts
}

// schemaNode is as much of a JSON Schema as is told.
type schemaNode struct {
	Ref         string                `json:"$ref"`
	Description string                `json:"description"`
	OneOf       []schemaNode          `json:"oneOf"`
	Defs        map[string]schemaNode `json:"$defs"`
	Properties  properties            `json:"properties"`
}

// describe is what the schema says of a key, by what it refers to if not by itself.
func (s *schemaNode) describe(n schemaNode) string {
	if n.Description == "" && n.Ref != "" {
		return s.Defs[strings.TrimPrefix(n.Ref, "#/$defs/")].Description
	}
	return n.Description
}

// properties are the keys of a record in the order of the schema.
type properties struct {
	order []string
	of    map[string]schemaNode
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *properties) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &p.of); err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		p.order = append(p.order, key.(string))
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return err
		}
	}
	return nil
}
