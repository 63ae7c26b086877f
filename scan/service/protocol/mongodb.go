package protocol

import "strings"

// MongoDB tells its version to everybody (buildInfo), in BSON, and answers a web browser
// by a sentence.
var _ = register(Protocol{
	Name:   "mongodb",
	Source: "MongoDB wire protocol: OP_MSG; BSON 1.1; buildInfo",
	Ports:  []uint16{27017, 27018, 27019},
	Ask: always("\x3c\x00\x00\x00sond\x00\x00\x00\x00\xdd\x07\x00\x00" + // 60 bytes, our number, OP_MSG
		"\x00\x00\x00\x00\x00" + // no flags, one body
		"\x27\x00\x00\x00" + "\x10buildInfo\x00\x01\x00\x00\x00" + "\x02$db\x00\x06\x00\x00\x00admin\x00" + "\x00"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		f.Banner = "-"
		if strings.HasPrefix(string(b), "HTTP/1.0 200 OK") && strings.Contains(string(b), "MongoDB over HTTP on the native driver port") {
			return f, Whole
		}
		if said.To != ToAsk || len(b) < 26 || string(b[8:12]) != "sond" || le.Uint32(b[12:]) != 2013 {
			return Facts{}, No
		}
		size := int(le.Uint32(b))
		if size < 26 || size > 1<<20 {
			return Facts{}, No
		}
		if len(b) < min(size, maxText) {
			return f, Begun
		}
		doc := string(b[20:])
		if f.Version = bsonString(doc, "version"); f.Version != "" && isDigit(f.Version[0]) {
			f.Product = "MongoDB"
			if strings.Contains(doc, "\x03ferretdb\x00") || strings.Contains(doc, "\x02ferretdbVersion\x00") || strings.Contains(doc, "DocumentDB") {
				f.Product, f.Version = "", ""
			}
		}
		return f, Whole
	},
})

// bsonString returns the value of the first field with a name.
func bsonString(doc, name string) string {
	_, rest, ok := strings.Cut(doc, "\x02"+name+"\x00")
	if !ok || len(rest) < 5 {
		return ""
	}
	size := int(le.Uint32([]byte(rest)))
	if size < 2 || size > min(len(rest)-4, maxField) {
		return ""
	}
	return rest[4 : 4+size-1]
}
