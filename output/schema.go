package output

import _ "embed"

//go:embed schema.json
var schema string

// Schema returns the JSON Schema (draft 2020-12) that every line of the json
// format satisfies.
func Schema() string { return schema }
