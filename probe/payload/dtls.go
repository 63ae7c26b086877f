package payload

import "encoding/binary"

// dtls says hello in DTLS 1.2. A server first wants to see whether we get what it
// sends, keeps no state for that, and answers with a cookie (HelloVerifyRequest);
// one that does not care answers with its own hello, or an alert if it does not
// like ours. None of them repeats anything of it.
//
// Tried on OpenSSL 3.0; GnuTLS, mbedTLS and wolfSSL are unverified.
var _ = register(Payload{
	Name: "dtls",
	Ports: []uint16{
		4433,  // what OpenSSL's and other test servers listen on
		5349,  // TURN and STUN over DTLS, RFC 7350 §3
		5684,  // CoAP over DTLS, RFC 7252 §12.8
		6514,  // syslog over DTLS, RFC 6012 §8
		10161, // SNMP over DTLS, RFC 6353 §9
	},
	Source: "RFC 6347 §4.1, §4.2, RFC 5246 §7.4.1",
	Append: func(b []byte, id uint64) []byte {
		b = append(b, dtlsHead...)
		for range 4 {
			b = binary.BigEndian.AppendUint64(b, id) // 27: random, 32 bytes
			id++                                     // lest each sum of four equal words be a multiple of four
		}
		return append(b, dtlsTail...)
	},
	Match: func(_ uint64, b []byte) bool {
		const header = 13
		if len(b) < header || b[1] != 0xfe || b[2] != 0xff && b[2] != 0xfd || // DTLS 1.0, 1.2
			b[3] != 0 || b[4] != 0 { // epoch: not encrypted
			return false
		}
		length := int(binary.BigEndian.Uint16(b[11:]))
		if length == 0 || length > len(b)-header { // other records may follow
			return false
		}
		record := b[header : header+length]
		switch b[0] {
		case dtlsAlert:
			return length == 2 && (record[0] == 1 || record[0] == 2) // warning or fatal
		case dtlsHandshake:
			return length > 12 && (record[0] == dtlsServerHello || record[0] == dtlsHelloVerifyRequest)
		}
		return false
	},
})

const (
	dtlsAlert              = 21
	dtlsHandshake          = 22
	dtlsServerHello        = 2
	dtlsHelloVerifyRequest = 3

	dtlsHead = "\x16\xfe\xff" + //  0: handshake, in a record of version 1.0, which everybody reads
		"\x00\x00\x00\x00\x00\x00\x00\x00" + //  3: epoch and sequence number
		"\x00\x64" + // 11: length
		"\x01\x00\x00\x58" + // 13: ClientHello, length
		"\x00\x00" + // 17: message_seq
		"\x00\x00\x00\x00\x00\x58" + // 19: all of it is in this fragment
		"\xfe\xfd" // 25: client_version: DTLS 1.2
	dtlsTail = "\x00" + // 59: session_id: none
		"\x00" + // 60: cookie: none yet
		"\x00\x10" + // 61: cipher_suites
		"\xc0\x2b\xc0\x2f\xc0\x2c\xc0\x30" + // 63: ECDHE with ECDSA or RSA, AES-GCM
		"\xc0\xae" + // 71: ECDHE-ECDSA-AES128-CCM-8, RFC 7252 §9.1.3.2
		"\xc0\xa8" + // 73: PSK-AES128-CCM-8, RFC 7252 §9.1.3.1
		"\x00\x9c\x00\x2f" + // 75: RSA, AES-GCM and AES-CBC
		"\x01\x00" + // 79: compression_methods: none
		"\x00\x1e" + // 81: extensions
		"\x00\x0a\x00\x06\x00\x04\x00\x1d\x00\x17" + // 83: supported_groups: x25519, secp256r1
		"\x00\x0b\x00\x02\x01\x00" + // 93: ec_point_formats: uncompressed
		"\x00\x0d\x00\x06\x00\x04\x04\x03\x04\x01" + // 99: signature_algorithms: ECDSA and RSA with SHA-256
		"\x00\x17\x00\x00" // 109: extended_master_secret
)
