package service

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"
)

// postgres refuses a startup message by an error, and answers SSLRequest by a letter, behind
// which it speaks TLS if that is S.
func postgres(t *testing.T, letter string) handler {
	secure := overTLS(t, &tls.Config{}, func(net.Conn) {})
	return func(c net.Conn) {
		b := make([]byte, 8)
		if _, err := io.ReadFull(c, b); err != nil {
			return
		}
		if string(b) != "\x00\x00\x00\x08\x04\xd2\x16\x2f" {
			io.WriteString(c, "E\x00\x00\x00\x8bSFATAL\x00VFATAL\x00C0A000\x00Munsupported frontend protocol 32767.32767: server supports 3.0 to 3.0\x00Fpostmaster.c\x00L2222\x00RProcessStartupPacket\x00\x00")
			return
		}
		if io.WriteString(c, letter); letter == "S" {
			secure(c)
		}
	}
}

// TestUpgradeAnew: a server that ends the connection of the question is asked for TLS on
// another one; what it said stands whether it has any or not.
func TestUpgradeAnew(t *testing.T) {
	for letter, want := range map[string]string{
		"S": "postgresql|PostgreSQL|||%s+starttls",
		"N": "postgresql|PostgreSQL|||%s",
		"":  "postgresql|PostgreSQL|||%s",
		"E": "postgresql|PostgreSQL|||%s",
	} {
		for port, how := range map[uint16]string{5432: "answer", 6543: "answer to GET"} {
			want := fmt.Sprintf(want, how)
			for _, alone := range []bool{false, true} {
				t.Run(fmt.Sprintf("%q/%d/%v", letter, port, alone), func(t *testing.T) {
					t.Parallel()
					a := serve(postgres(t, letter)).ask(t, port, Options{RTT: busy, Alone: alone, Name: "www.example"})
					if got := short(a); got != want || (a.TLS != nil) != (letter == "S") {
						t.Errorf("got %s, TLS %+v; want %s", got, a.TLS, want)
					}
				})
			}
		}
	}
}
