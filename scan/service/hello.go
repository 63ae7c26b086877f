package service

import (
	"crypto/tls"
	"encoding/binary"
	"net/netip"
	"slices"
	"sort"

	"sonde/scan/report"
)

// clientHello is one of our own, for servers that crypto/tls cannot finish a
// handshake with.
type clientHello struct {
	version uint16
	bare    bool // without extensions, which the oldest servers choke on
}

// hellos are sent one after the other, each on a connection of its own, until a
// server answers with one of its own.
var hellos = [...]clientHello{{tls.VersionTLS12, false}, {tls.VersionTLS10, true}, {versionSSL30, true}}

const versionSSL30 = 0x300

// Types of records and of handshake messages (RFC 5246 sections 6.2.1 and 7.4).
const (
	recordAlert     = 21
	recordHandshake = 22

	messageClientHello        = 1
	messageServerHello        = 2
	messageCertificate        = 11
	messageCertificateRequest = 13
	messageServerHelloDone    = 14
)

var be = binary.BigEndian

// append writes a record with a ClientHello (RFC 5246 section 7.4.1.2). It offers all
// cipher suites that report knows, those of crypto/tls first: what the server takes
// then tells what it has instead.
func (h clientHello) append(b []byte, random *[32]byte, name string) []byte {
	b = append(b, recordHandshake, 3, 0) // old servers want the lowest version here
	if h.version > tls.VersionTLS10 {
		b[len(b)-1] = 1
	}
	return withLength(b, 2, func(b []byte) []byte {
		return withLength(append(b, messageClientHello), 3, func(b []byte) []byte {
			b = append(be.AppendUint16(b, h.version), random[:]...)
			b = append(b, 0) // no session
			b = withLength(b, 2, func(b []byte) []byte {
				for _, suite := range suitesToOffer() {
					b = be.AppendUint16(b, suite)
				}
				return be.AppendUint16(b, 0xff) // renegotiation is understood (RFC 5746 section 3.3)
			})
			b = append(b, 1, 0) // no compression
			if h.bare {
				return b
			}
			return withLength(b, 2, func(b []byte) []byte { return appendExtensions(b, name) })
		})
	})
}

// suitesToOffer returns the cipher suites that crypto/tls has, then the others.
func suitesToOffer() []uint16 {
	ours := map[uint16]bool{}
	for _, c := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		ours[c.ID] = true
	}
	list := report.OlderCiphers()
	sort.SliceStable(list, func(i, j int) bool { return ours[list[i]] && !ours[list[j]] })
	return list
}

// appendExtensions writes the extensions that servers of TLS 1.2 need: the name, the
// groups and the signatures that we take (RFC 6066 section 3, RFC 8422 section 5.1,
// RFC 5246 section 7.4.1.4.1).
func appendExtensions(b []byte, name string) []byte {
	numbers := func(list ...uint16) func([]byte) []byte {
		return func(b []byte) []byte {
			return withLength(b, 2, func(b []byte) []byte {
				for _, n := range list {
					b = be.AppendUint16(b, n)
				}
				return b
			})
		}
	}
	if _, err := netip.ParseAddr(name); name != "" && err != nil {
		b = withLength(be.AppendUint16(b, 0), 2, func(b []byte) []byte {
			return withLength(b, 2, func(b []byte) []byte {
				return withLength(append(b, 0), 2, func(b []byte) []byte { return append(b, name...) })
			})
		})
	}
	// X25519, the curves of NIST down to P-192, of Koblitz and Brainpool, and the
	// groups of RFC 7919.
	b = withLength(be.AppendUint16(b, 10), 2, numbers(29, 23, 24, 25, 30, 22, 26, 27, 28, 21, 19, 20, 14, 13, 12, 11, 10, 9, 256, 257, 258))
	b = withLength(be.AppendUint16(b, 11), 2, func(b []byte) []byte { return append(b, 1, 0) })
	// ECDSA, EdDSA, RSA and DSA, with SHA-2, SHA-1 and MD5.
	return withLength(be.AppendUint16(b, 13), 2, numbers(0x403, 0x503, 0x603, 0x807, 0x808, 0x804, 0x805, 0x806, 0x809, 0x80a, 0x80b,
		0x401, 0x501, 0x601, 0x303, 0x301, 0x302, 0x402, 0x502, 0x602, 0x203, 0x201, 0x202, 0x101))
}

// withLength writes what body appends behind its length, in so many bytes.
func withLength(b []byte, bytes int, body func([]byte) []byte) []byte {
	start := len(b) + bytes
	b = body(append(b, make([]byte, bytes)...))
	for i, n := start-1, len(b)-start; i >= start-bytes; i, n = i-1, n>>8 {
		b[i] = byte(n)
	}
	return b
}
