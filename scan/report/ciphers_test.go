package report

import (
	"crypto/tls"
	"testing"
)

// TestCipherNames: every number has a name that leads back to it.
func TestCipherNames(t *testing.T) {
	for id := range 1 << 16 {
		if n, ok := CipherNumber(CipherName(uint16(id))); !ok || int(n) != id {
			t.Fatalf("%#x is %s, which is %#x", id, CipherName(uint16(id)), n)
		}
	}
	if name := CipherName(tls.TLS_AES_128_GCM_SHA256); name != "TLS_AES_128_GCM_SHA256" {
		t.Error(name)
	}
}
