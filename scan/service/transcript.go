package service

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/hex"
	"hash"
	"strings"
)

// readTranscript reads what a server of TLS said on a connection whose handshake
// crypto/tls gave up: in clear up to TLS 1.2, and in TLS 1.3 by the secret that
// crypto/tls wrote to keyLog (RFC 8446 section 7).
func readTranscript(heard []byte, keyLog string) flight {
	var f flight
	f.add(heard)
	suite, ok := suites13[f.cipher]
	if !ok {
		return f
	}
	f.version = tls.VersionTLS13
	secret := secretIn(keyLog)
	if len(secret) == 0 {
		return f
	}
	open, iv, err := suite.keys(secret)
	if err != nil {
		return f
	}
	var messages []byte
	for seq := uint64(0); len(heard) >= 5 && len(heard) >= 5+int(be.Uint16(heard[3:])); {
		header, body := heard[:5], heard[5:5+int(be.Uint16(heard[3:]))]
		heard = heard[5+len(body):]
		if header[0] != recordProtected {
			continue
		}
		nonce := bytes.Clone(iv)
		be.PutUint64(nonce[4:], be.Uint64(nonce[4:])^seq)
		seq++
		plain, err := open.Open(nil, nonce, body, header)
		if err != nil {
			break
		}
		plain = bytes.TrimRight(plain, "\x00") // padding; before it the type
		if len(plain) > 0 && plain[len(plain)-1] == recordHandshake {
			messages = append(messages, plain[:len(plain)-1]...)
		}
	}
	f.read13(messages)
	return f
}

// recordProtected is the type of encrypted records.
const recordProtected = 23

// read13 takes the certificate and the request for one of the client (RFC 8446
// section 4.4.2), which begins with a context.
func (f *flight) read13(messages []byte) {
	for len(messages) >= 4 {
		length := int(be.Uint32(messages) & 0xffffff)
		if len(messages) < 4+length {
			return
		}
		kind, body := messages[0], messages[4:4+length]
		messages = messages[4+length:]
		switch {
		case kind == messageCertificateRequest:
			f.asksClient = true
		case kind == messageCertificate && len(body) > 0 && len(body) > int(body[0]):
			f.certificate(body[1+int(body[0]):])
		}
	}
}

// suite13 is a cipher suite of TLS 1.3.
type suite13 struct {
	key  int // bytes
	hash func() hash.Hash
}

// suites13 are those with AES, which crypto/tls prefers.
var suites13 = map[uint16]suite13{
	tls.TLS_AES_128_GCM_SHA256: {16, sha256.New},
	tls.TLS_AES_256_GCM_SHA384: {32, sha512.New384},
}

// keys derives what the server's records are encrypted with (RFC 8446 section 7.3).
func (s suite13) keys(secret []byte) (aead cipher.AEAD, iv []byte, err error) {
	expand := func(label string, n int) ([]byte, error) {
		info := append([]byte{byte(n >> 8), byte(n), byte(len("tls13 " + label))}, "tls13 "+label...)
		return hkdf.Expand(s.hash, secret, string(append(info, 0)), n)
	}
	key, err := expand("key", s.key)
	if err != nil {
		return nil, nil, err
	}
	if iv, err = expand("iv", 12); err != nil {
		return nil, nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, err
	}
	aead, err = cipher.NewGCM(block)
	return aead, iv, err
}

// secretIn finds the secret of the server's side of the handshake.
func secretIn(keyLog string) []byte {
	for line := range strings.Lines(keyLog) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == "SERVER_HANDSHAKE_TRAFFIC_SECRET" {
			secret, err := hex.DecodeString(words[2])
			if err == nil {
				return secret
			}
		}
	}
	return nil
}
