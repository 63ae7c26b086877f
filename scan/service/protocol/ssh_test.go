package protocol

import (
	"strings"
	"testing"
)

// dropbearSays is what Dropbear 2022.83 of Debian 12 says unasked.
const dropbearSays = "SSH-2.0-dropbear_2022.83\r\n\x00\x00\x01\xfc\x07\x14+2\x19\x97\xcb\x88\x81w\xcaj\x8c\x0f\xa9\x83\x8dZ\x00\x00\x00\xd8curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-n" +
	"istp521,ecdh-sha2-nistp384,ecdh-sha2-nistp256,diffie-hellman-group14-sha256,diffie-hellman-group14-sha1,kexgue" +
	"ss2@matt.ucc.asn.au,kex-strict-s-v00@openssh.com\x00\x00\x00 ssh-ed25519,rsa-sha2-256,ssh-rsa\x00\x00\x003chacha20-poly1305@open" +
	"ssh.com,aes128-ctr,aes256-ctr\x00\x00\x003chacha20-poly1305@openssh.com,aes128-ctr,aes256-ctr\x00\x00\x00\x17hmac-sha1,hmac-sha2-25" +
	"6\x00\x00\x00\x17hmac-sha1,hmac-sha2-256\x00\x00\x00\x15zlib@openssh.com,none\x00\x00\x00\x15zlib@openssh.com,none\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00$\xf7\xfc\x87\x93\xa5\x1b"

// TestHASSH: the value is what md5sum makes of the lists of the same capture.
func TestHASSH(t *testing.T) {
	r := Identify(Said{Bytes: []byte(dropbearSays)})
	if r.Protocol == nil || r.Protocol.Name != "ssh" {
		t.Fatalf("%+v", r)
	}
	// All of it came with the greeting, and the server would say nothing more.
	f := r.Facts
	r.Protocol.Talk(&deaf{}, &f)
	const want = "HASSH e1a0b5f8d334ec70fe937b2d5ff8d0b6"
	if f.Info != want {
		t.Errorf("behind the greeting: %q, want %q", f.Info, want)
	}
	// The same, of which a part comes when we have said who we are.
	greeting, exchange, _ := strings.Cut(dropbearSays, "\n")
	for _, n := range []int{0, 1, 100, len(exchange) - 1} {
		r := Identify(Said{Bytes: []byte(greeting + "\n" + exchange[:n])})
		r.Protocol.Talk(&deaf{[]byte(exchange[n:])}, &r.Facts)
		if r.Facts.Info != want {
			t.Errorf("%d bytes of it with the greeting: %q", n, r.Facts.Info)
		}
	}
	for n := range len(exchange) { // what is not whole is no list
		if mark := hassh([]byte(exchange[:n])); mark != "" {
			t.Fatalf("%d bytes: %s", n, mark)
		}
	}
}

func FuzzHASSH(f *testing.F) {
	_, exchange, _ := strings.Cut(dropbearSays, "\n")
	f.Add([]byte(exchange))
	f.Fuzz(func(t *testing.T, b []byte) {
		if mark := hassh(b); mark != "" && len(mark) != 32 {
			t.Error(mark)
		}
	})
}
