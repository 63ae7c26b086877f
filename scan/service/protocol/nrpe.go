package protocol

import (
	"bytes"
	"hash/crc32"
	"strings"
)

// NRPE is asked for its version, by a packet of fixed length with a checksum; mostly in
// TLS, for which it has no port of its own.
var _ = register(Protocol{
	Name:      "nrpe",
	Source:    "NRPE: PROTOCOL notes in its sources' documentation, packet version 2",
	Ports:     []uint16{},
	Secure:    []uint16{5666},
	Ask:       always(nrpeQuery()),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 12 || be.Uint16(b) != 2 || be.Uint16(b[2:]) != 2 {
			return f, No
		}
		f.Banner = "-"
		if len(b) < 1036 {
			return f, Begun
		}
		text := cString(b[10:1034])
		if !isPrintable([]byte(text)) {
			return Facts{}, No
		}
		if version, ok := strings.CutPrefix(text, "NRPE v"); ok {
			f.Product, f.Version = "NRPE", Clip(version)
			f.CPE = []string{"cpe:/a:nagios:remote_plugin_executor:" + cpeValue(f.Version)}
		} else {
			f.Info = Clip(text)
		}
		return f, Whole
	},
})

// nrpeQuery asks for _NRPE_CHECK, which is answered without any command.
func nrpeQuery() string {
	var b bytes.Buffer
	b.WriteString("\x00\x02\x00\x01\x00\x00\x00\x00\x00\x00_NRPE_CHECK")
	b.WriteString(zeros(1036 - b.Len()))
	be.PutUint32(b.Bytes()[4:], crc32.ChecksumIEEE(b.Bytes()))
	return b.String()
}
