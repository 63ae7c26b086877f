package protocol

import (
	"crypto/tls"
	"fmt"
)

// A server of DTLS answers by a hello of its own, which tells the version and the cipher that
// it chose, by a cookie before that, or by an alert.
var _ = registerDatagram(Datagram{
	Name:      "dtls",
	Payload:   "dtls",
	Source:    "RFC 6347 sections 4.1 and 4.2, RFC 5246 sections 7.2 and 7.4.1.3",
	Elsewhere: true,
	Read: func(b []byte) (f Facts) {
		const record, handshake = 13, 12
		if len(b) < record+2 {
			return f
		}
		switch {
		case b[0] == 21:
			f.Info = fmt.Sprintf("refuses our hello (alert %d)", b[record+1])
		case b[0] != 22 || len(b) < record+handshake+2:
		case b[record] == 3: // HelloVerifyRequest, whose version is none that was chosen (RFC 6347 section 4.2.1)
			f.Info = "asks for a cookie"
		case b[record] == 2:
			hello := b[record+handshake:]
			f.Info = dtlsVersions[be.Uint16(hello)]
			if len(hello) < 35 || len(hello) < 35+int(hello[34])+2 { // behind version and random, the session
				return f
			}
			f.Info = join(f.Info, tls.CipherSuiteName(be.Uint16(hello[35+int(hello[34]):])))
		}
		return f
	},
})

var dtlsVersions = map[uint16]string{0xfeff: "DTLS 1.0", 0xfefd: "DTLS 1.2"}
