package protocol

import "strings"

// PostgreSQL refuses a version of its protocol that does not exist by an error, whose
// fields tell where in the source it stands: pgBouncer and others have none of these.
var _ = register(Protocol{
	Name:      "postgresql",
	Source:    "PostgreSQL: message formats, StartupMessage, ErrorResponse and SSLRequest; error fields",
	Ports:     []uint16{5432, 5433, 6432},
	Ask:       always("\x00\x00\x00\x10\x7f\xff\x7f\xffuser\x00x\x00\x00"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if len(b) < 6 || b[0] != 'E' || said.To == Unasked {
			return f, No
		}
		f.Banner = "-"
		if text := cString(b[1:]); strings.HasPrefix(text, "FATAL:  ") { // as servers before 7.4 have it
			f.Info = Clip(strings.TrimSpace(text[8:]))
			return f, Some
		}
		size := int(be.Uint32(b[1:]))
		if size < 10 || size > maxText || b[5] != 'S' {
			return Facts{}, No
		}
		if len(b) < 1+size {
			return f, Begun
		}
		fields := map[byte]string{}
		for rest := b[5 : 1+size]; len(rest) > 1 && len(fields) < 30; {
			text := cString(rest[1:])
			fields[rest[0]] = text
			rest = rest[min(len(rest), 2+len(text)):]
		}
		if fields['S'] == "" || len(fields['C']) != 5 || fields['M'] == "" {
			return Facts{}, No
		}
		if file := fields['F']; fields['R'] == "ProcessStartupPacket" && (file == "postmaster.c" || file == "backend_startup.c") {
			f.Product = "PostgreSQL"
			f.CPE = []string{"cpe:/a:postgresql:postgresql"}
		}
		if fields['R'] == "" && strings.HasPrefix(fields['M'], "bad packet header: '") {
			f.Product, f.CPE = "PgBouncer", []string{"cpe:/a:pgbouncer:pgbouncer"}
		}
		if fields['R'] == "" && strings.Contains(fields['M'], "no more connections allowed") {
			f.Info = Clip(fields['M'])
		}
		return f, Whole
	},
	// SSLRequest stands in the place of a startup message; a letter answers it.
	Upgrade: func(c Conn) bool {
		return string(c.Say("\x00\x00\x00\x08\x04\xd2\x16\x2f", func(b []byte) bool { return len(b) > 0 })) == "S"
	},
	Anew: true,
})
