package protocol

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// MySQL and MariaDB begin with a packet: a length of three bytes, the sequence number
// 0, then the protocol version 10 and the server's version, or an error, which names
// the program where it refuses this host.
var _ = register(Protocol{
	Name:   "mysql",
	Source: "MySQL Internals: Protocol::HandshakeV10, ERR_Packet, SSLRequest",
	Ports:  []uint16{3306, 3307},
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if len(b) < 7 || b[3] != 0 || b[4] != 10 && b[4] != 0xff {
			return f, No
		}
		length := int(binary.LittleEndian.Uint32(b) & 0xffffff)
		if length < 7 || length > 1024 {
			return f, No
		}
		whole := len(b) >= 4+length
		f.Banner = "-" // it is no line
		if b[4] == 10 {
			version, _, ok := bytes.Cut(b[5:min(len(b), 5+maxField)], []byte{0})
			if !ok && whole || len(version) == 0 || !isDigit(version[0]) {
				return Facts{}, No
			}
			f.Key, f.Text, f.Version = "mysql.banners", string(version), string(version)
			// Thread, salt and a zero stand before the capabilities.
			at := 5 + len(version) + 1 + 4 + 8 + 1
			f.Clear = len(b) < at+2 || at+2 > 4+length || le.Uint16(b[at:])&0x800 == 0
			return f, when(whole)
		}
		text := string(b[7:min(len(b), 4+length)]) // behind the number of the error
		if !isPrintable([]byte(text)) {
			return Facts{}, No
		}
		if f.Info = Clip(text); strings.Contains(text, "is not allowed to connect") || strings.Contains(text, "is blocked because") {
			f.Info = "refuses this host"
		}
		for _, product := range []string{"MariaDB", "MySQL"} {
			if strings.Contains(text, "connect to this "+product+" server") {
				f.Product = product
			}
		}
		f.Clear = true
		f.Key, f.Text = "mysql.error", text
		return f, when(whole)
	},
	// SSLRequest is a login of which nothing but the capabilities is said: protocol 4.1, TLS,
	// long passwords. There is no answer to it but TLS itself.
	Upgrade: func(c Conn) bool {
		return len(c.Await("\x20\x00\x00\x01"+"\x01\x8a\x08\x00"+"\x00\x00\x00\x01"+"\x21"+strings.Repeat("\x00", 23), func([]byte) bool { return true })) == 0
	},
})
