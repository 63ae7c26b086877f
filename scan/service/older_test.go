package service

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestHelloIsUnderstood: a server of crypto/tls understands our hello, and takes of
// the suites and extensions what is meant.
func TestHelloIsUnderstood(t *testing.T) {
	for _, h := range hellos[:2] {
		var got *tls.ClientHelloInfo
		config := &tls.Config{MinVersion: tls.VersionTLS10, GetConfigForClient: func(i *tls.ClientHelloInfo) (*tls.Config, error) {
			got = i
			return nil, nil
		}}
		config.Certificates = []tls.Certificate{certificate(t)}
		near, far := net.Pipe()
		far.SetDeadline(time.Now().Add(10 * time.Second))
		done := make(chan struct{})
		go func() {
			defer close(done)
			near.Write(h.append(nil, &[32]byte{}, "www.example"))
			near.Read(make([]byte, 4096)) // its hello
			near.Close()
		}()
		tls.Server(far, config).Handshake()
		far.Close()
		<-done
		if got == nil {
			t.Fatal("not understood")
		}
		if name := map[bool]string{false: "www.example", true: ""}[h.bare]; got.ServerName != name {
			t.Errorf("name %q", got.ServerName)
		}
		if !slices.Contains(got.CipherSuites, 0x9e) || !slices.Contains(got.CipherSuites, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256) || got.SupportedVersions[0] != h.version {
			t.Errorf("%+v", got)
		}
		if !h.bare && (!slices.Contains(got.SupportedCurves, tls.X25519) || !slices.Contains(got.SignatureSchemes, tls.PKCS1WithSHA1)) {
			t.Errorf("%+v", got)
		}
	}
}

// record is one of TLS.
func record(kind byte, version uint16, body []byte) []byte {
	return append([]byte{kind, byte(version >> 8), byte(version), byte(len(body) >> 8), byte(len(body))}, body...)
}

func message(kind byte, body []byte) []byte {
	return append([]byte{kind, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
}

// said is the first flight of an old server.
func said(version, cipher uint16, der []byte, asks bool) []byte {
	hello := append([]byte{byte(version >> 8), byte(version)}, make([]byte, 32)...)
	hello = append(hello, 2, 9, 9, byte(cipher>>8), byte(cipher), 0)
	b := message(messageServerHello, hello)
	if der != nil {
		length := []byte{byte(len(der) >> 16), byte(len(der) >> 8), byte(len(der))}
		list := slices.Concat([]byte{byte((len(der) + 3) >> 16), byte((len(der) + 3) >> 8), byte(len(der) + 3)}, length, der)
		b = append(b, message(messageCertificate, list)...)
	}
	if asks {
		b = append(b, message(messageCertificateRequest, []byte{1, 1, 0, 0})...)
	}
	b = append(b, message(messageServerHelloDone, nil)...)
	out := record(recordHandshake, version, b[:len(b)/2]) // messages go over records' ends
	return append(out, record(recordHandshake, version, b[len(b)/2:])...)
}

// oldTLS answers hellos that offer a cipher suite, of at most version, with said; all
// others with refusal, or where that is nil by hanging up.
func oldTLS(version, cipher uint16, der, refusal []byte, asks bool) handler {
	return func(c net.Conn) {
		b := make([]byte, 4096)
		n, _ := io.ReadAtLeast(c, b, 50)
		b = b[:n]
		offered := n > 45 && b[0] == recordHandshake && be.Uint16(b[9:]) <= version|0x3 && be.Uint16(b[9:]) >= version
		if offered && version == versionSSL30 {
			offered = be.Uint16(b[9:]) == version
		}
		if offered && bytes.Contains(b, []byte{byte(cipher >> 8), byte(cipher)}) && bytes.Contains(b, []byte{0, 0xff}) {
			c.Write(said(version, cipher, der, asks))
			io.Copy(io.Discard, c)
			return
		}
		c.Write(refusal)
	}
}

var refusesHandshake = record(recordAlert, 0x301, []byte{2, 40})

// TestOlderTLS: servers that crypto/tls has no common suite or version with are at
// least named, by what they say in clear.
func TestOlderTLS(t *testing.T) {
	der := certificate(t).Certificate[0]
	odd := plainCert()
	odd.serial = tlv(2)
	const plainNames = "www.example *.example 192.0.2.7"
	for _, tt := range []struct {
		name    string
		server  handler
		port    uint16
		version uint16
		cipher  uint16
		names   string
		err     string
		asks    bool
	}{
		{"DHE only", oldTLS(tls.VersionTLS12, 0x9e, der, refusesHandshake, false), 443, tls.VersionTLS12, 0x9e, plainNames,
			"sonde does not speak TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", false},
		{"DHE only, on any port", oldTLS(tls.VersionTLS12, 0x39, der, refusesHandshake, true), 6543, tls.VersionTLS12, 0x39, plainNames,
			"sonde does not speak TLS_DHE_RSA_WITH_AES_256_CBC_SHA", true},
		{"TLS 1.0 with DES", oldTLS(tls.VersionTLS10, 9, der, refusesHandshake, false), 443, tls.VersionTLS10, 9, plainNames,
			"sonde does not speak TLS_RSA_WITH_DES_CBC_SHA", false},
		{"SSL 3.0", oldTLS(versionSSL30, 5, der, refusesHandshake, false), 443, versionSSL30, 5, plainNames, "sonde does not speak SSL 3.0", false},
		{"SSL 3.0 that hangs up", oldTLS(versionSSL30, 10, der, nil, false), 443, versionSSL30, 10, plainNames, "sonde does not speak SSL 3.0", false},
		{"export", oldTLS(tls.VersionTLS10, 3, der, refusesHandshake, false), 443, tls.VersionTLS10, 3, plainNames,
			"sonde does not speak TLS_RSA_EXPORT_WITH_RC4_40_MD5", false},
		{"no certificate", oldTLS(tls.VersionTLS12, 0x34, nil, refusesHandshake, false), 443, tls.VersionTLS12, 0x34, "",
			"sonde does not speak TLS_DH_anon_WITH_AES_128_CBC_SHA", false},
		{"an odd certificate", oldTLS(tls.VersionTLS12, 0x9e, odd.der(), refusesHandshake, false), 443, tls.VersionTLS12, 0x9e, "odd.example 192.0.2.7",
			"certificate not understood: x509: ", false},
		{"an odd certificate, a suite of ours", oldTLS(tls.VersionTLS12, 0x9c, odd.der(), refusesHandshake, false), 443, tls.VersionTLS12, 0x9c, "odd.example 192.0.2.7",
			"certificate not understood: x509: ", false},
		{"refuses everything", func(c net.Conn) { c.Read(make([]byte, 4096)); c.Write(refusesHandshake) }, 443, 0, 0, "", "remote error: tls: handshake failure", false},
	} {
		for _, alone := range []bool{false, true} {
			a := serve(tt.server).ask(t, tt.port, Options{Alone: alone})
			if a.TLS == nil || a.Service != "tls" {
				t.Errorf("%s: %s", tt.name, short(a))
				continue
			}
			if a.TLS.Version != tt.version || a.TLS.Cipher != tt.cipher || strings.Join(a.TLS.Names, " ") != tt.names ||
				!strings.HasPrefix(a.TLS.Error, tt.err) || a.TLS.AsksClient != tt.asks {
				t.Errorf("%s: %+v", tt.name, *a.TLS)
			}
			if tt.names == plainNames && !a.TLS.SelfSigned {
				t.Errorf("%s: not self-signed", tt.name)
			}
		}
	}
}

// TestFlight: what is no flight of a server tells nothing, in whatever pieces it comes.
func TestFlight(t *testing.T) {
	whole := said(tls.VersionTLS12, 0x9e, plainCert().der(), true)
	for size := 1; size < 40; size++ {
		var f flight
		for piece := range slices.Chunk(whole, size) {
			f.add(piece)
		}
		if !f.done || f.version != tls.VersionTLS12 || f.cipher != 0x9e || !bytes.Equal(f.cert, plainCert().der()) || !f.asksClient {
			t.Fatalf("in pieces of %d: %+v", size, f)
		}
	}
	for name, b := range map[string][]byte{
		"an alert":                   refusesHandshake,
		"a certificate first":        record(22, 0x303, message(messageCertificate, make([]byte, 9))),
		"a hello that is short":      record(22, 0x303, message(messageServerHello, make([]byte, 34))),
		"a session longer than all":  record(22, 0x303, message(messageServerHello, append(append([]byte{3, 3}, make([]byte, 32)...), 200, 0, 0))),
		"a record that is too long":  {22, 3, 3, 0xff, 0xff},
		"a message that is too long": record(22, 0x303, []byte{2, 0xff, 0xff, 0xff}),
		"no TLS":                     []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"data":                       record(23, 0x303, []byte{1}),
	} {
		var f flight
		f.add(b)
		if f.version != 0 || !f.done {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func FuzzFlight(f *testing.F) {
	f.Add(said(tls.VersionTLS12, 0x9e, plainCert().der(), true), uint8(7))
	f.Add(refusesHandshake, uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		var one, pieces flight
		one.add(b)
		for piece := range slices.Chunk(b, int(n)+1) {
			pieces.add(piece)
		}
		if one.version != pieces.version || one.cipher != pieces.cipher || !bytes.Equal(one.cert, pieces.cert) || one.done != pieces.done {
			t.Errorf("%+v in one piece, %+v in several", one, pieces)
		}
		facts := &TLS{}
		one.tell(facts)
		if len(facts.Error) > maxField || len(facts.Names) > maxNames {
			t.Error("too much is kept")
		}
	})
}

// TestOddCertificateInAnyVersion: a certificate that crypto/x509 refuses is read from
// what was said already: in clear, or in TLS 1.3 with the key of that connection.
func TestOddCertificateInAnyVersion(t *testing.T) {
	odd := plainCert()
	odd.serial = tlv(2)
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS12, tls.VersionTLS13} {
		for _, curve := range []tls.CurveID{tls.X25519, tls.CurveP521} { // which are offered at once, and after a retry
			config := &tls.Config{MinVersion: version, MaxVersion: version, CurvePreferences: []tls.CurveID{curve}, ClientAuth: tls.RequestClientCert}
			h := overTLS(t, config, func(net.Conn) {})
			config.Certificates[0].Certificate[0] = odd.der()
			s := serve(h)
			a := s.ask(t, 443, Options{})
			if a.TLS == nil || a.TLS.Version != version || a.TLS.Subject != "CN=odd.example" || !strings.HasPrefix(a.TLS.Error, badCertificate) || a.Service != "tls" {
				t.Errorf("%#x: %s %+v", version, short(a), a.TLS)
			}
		}
	}
}

func FuzzTranscript(f *testing.F) {
	f.Add(said(tls.VersionTLS12, tls.TLS_AES_128_GCM_SHA256, plainCert().der(), true), "SERVER_HANDSHAKE_TRAFFIC_SECRET 00 0001")
	f.Add(append(said(0x303, tls.TLS_AES_256_GCM_SHA384, nil, false), record(recordProtected, 0x303, make([]byte, 40))...), "SERVER_HANDSHAKE_TRAFFIC_SECRET 00 "+strings.Repeat("0", 96))
	f.Fuzz(func(t *testing.T, heard []byte, keyLog string) {
		readTranscript(heard, keyLog)
		var f flight
		f.read13(heard)
	})
}
