package protocol

import "testing"

// mariadbSays is how MariaDB 10.11 of Debian 12 greets, without a certificate.
const mariadbSays = "d\x00\x00\x00\n5.5.5-10.11.19-MariaDB-0+deb12u1\x00\r\x00\x00\x00V.!Y},_z\x00\xfe\xf7\x08\x02\x00\xff\x81\x15\x00\x00\x00\x00\x00\x00\x1d\x00\x00\x00j&xN[_K<'N3U\x00mysql_native_password\x00"

// TestMySQLOffersTLS: whether a server is asked for TLS, its capabilities decide.
func TestMySQLOffersTLS(t *testing.T) {
	for capabilities, want := range map[string]bool{"\xfe\xf7": true, "\xfe\xff": false} {
		said := []byte(mariadbSays)
		copy(said[4+1+len("5.5.5-10.11.19-MariaDB-0+deb12u1")+1+4+8+1:], capabilities)
		if r := Identify(Said{Bytes: said}); r.Protocol == nil || r.Protocol.Name != "mysql" || r.Facts.Clear != want {
			t.Errorf("%x: %+v", capabilities, r)
		}
	}
	if r := Identify(Said{Bytes: []byte(mariadbSays[:60])}); r.Protocol == nil || !r.Facts.Clear || r.Match != Begun {
		t.Errorf("a beginning: %+v", r)
	}
}
