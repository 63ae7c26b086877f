package payload

// tftp asks to read a file that does not exist. The server answers with an
// error, or gives away that it has no access control by sending data after all;
// then it repeats its block until it gives up, since we acknowledge nothing.
//
// The protocol has no transaction identifier but the ports, and the server
// chooses a new one for its answer (RFC 1350 §4). The identifier is therefore
// only in the file's name: it makes sure that there is no such file, and makes
// the UDP checksum unpredictable.
//
// Tried on atftpd 0.8.0 and dnsmasq 2.90; tftpd-hpa is unverified.
var tftp = register(Payload{
	Name:    "tftp",
	Ports:   []uint16{69},
	Source:  "RFC 1350 §4, §5",
	NewPort: true,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, 0, tftpReadRequest)    // 0: opcode
		b = append(b, "sonde-"...)           // 2: file name
		b = appendHex(b, id, 16)             // 8
		return append(b, "\x00octet\x00"...) // 24: end of name, and mode
	},
	Match: func(_ uint64, answer []byte) bool {
		if len(answer) < 4 || answer[0] != 0 {
			return false
		}
		switch answer[1] {
		case tftpData: // block number, and up to 512 bytes
			return answer[2] == 0 && answer[3] == 1 && len(answer) <= 4+512
		case tftpError: // error code, and a message that ends with a zero byte
			return len(answer) > 4 && answer[len(answer)-1] == 0
		}
		return false
	},
})

// Opcodes, RFC 1350 §5.
const (
	tftpReadRequest = 1
	tftpData        = 3
	tftpError       = 5
)
