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
		return f, when(whole)
	},
})
