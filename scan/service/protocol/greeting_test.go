package protocol

import (
	"fmt"
	"testing"
)

func TestIdentify(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", "|||false"},
		{"S", "|||false"},
		{"SSH-", "ssh|||false"},
		{"SSH-2.0-OpenSSH_9.2p1 x", "ssh|OpenSSH_9.2p1 x||false"},
		{"SSH-2.0-OpenSSH_9.2p1 x\r\n\x00\x00", "ssh|OpenSSH_9.2p1 x||true"},
		{"SSH-2.0-a-b\n", "ssh|a-b||true"},
		{"SSH-2.0\n", "ssh|||true"},
		{"one\ntwo\nSSH-1.5-x\n", "ssh|x||true"},
		{"220", "||220|false"},
		{"220 hello\r\n", "|hello|220|true"},
		{"220-hello\r\n", "|hello|220|false"},
		{"220-a FTP b\r\n220 c\r\n", "ftp|a FTP b\nc|220|true"},
		{"220-a\r\n 220 free text\r\n221 odd\r\n220 FTP\r\n", "ftp|a\n 220 free text\n221 odd\nFTP|220|true"},
		{"220 x ESMTP and FTP\r\n", "smtp|x ESMTP and FTP|220|true"},
		{"250-mx\r\n250-STARTTLS\r\n250 8BITMIME\r\n", "|mx\nSTARTTLS\n8BITMIME|250|true"},
		{"250-mx\r\n250-STARTTLS\r\n", "|mx\nSTARTTLS|250|false"},
		{"2200 x\r\n", "|||false"},
		{"920 x\r\n", "|||false"},
		{"200 news ready\r\n", "nntp|news ready|200|true"},
		{"200 fine\r\n", "|fine|200|true"},
		{"+OK\r\n", "pop3|||true"},
		{"+OKAY\r\n", "|||false"},
		{"* OK [CAPABILITY IMAP4rev1 [x] hi\r\n", "imap|hi||true"},
		{"* OK [broken hi\r\n", "imap|[broken hi||true"},
		{"* BYE too many\r\n", "imap|too many||true"},
		{"* NO\r\n", "|||false"},
		{"RFB 003.008\n", "vnc|003.008||true"},
		{"RFB nonsense\n", "|||false"},
		{"\xff\xfd\x18", "telnet|\xff\xfd\x18||false"},
		{"\xff\xff\xff", "|||false"},
		{"\x15\x03\x01\x00\x02\x02\x46", "tls|||true"},
		{"HTTP/1.1 400 x\r\n", "http|||false"},
		{"\x4a\x00\x00\x00\x0a8.0.36\x00", "mysql|8.0.36||false"},
		{"\x08\x00\x00\x00\x0a8.0.36\x00", "mysql|8.0.36||true"},
		{"\x45\x00\x00\x00\xffj\x04Host is not allowed", "mysql|Host is not allowed||false"},
		{"\xff\xff\xff\x00\x0a8.0.36\x00", "|||false"},
		{"\x08\x00\x00\x00\x0aabcdef\x00", "|||false"},
	} {
		r := Identify(Said{Bytes: []byte(tt.in)})
		name, text := "", r.Facts.Text
		if r.Protocol != nil {
			name = r.Protocol.Name
		} else if len(r.Unclear) > 0 {
			r.Facts, _ = r.Unclear[0].Read(Said{Bytes: []byte(tt.in)})
			text = r.Facts.Text
		}
		whole := r.Match == Whole || r.Match == Unclear
		if got := fmt.Sprintf("%s|%s|%s|%v", name, text, r.Facts.Code, whole); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestSplitVersion(t *testing.T) {
	for in, want := range map[string]string{
		"": "|", "Foo": "Foo|", "Foo-1.2": "Foo|1.2", "Foo Bar/2 (x)": "Foo Bar|2", "-1": "-1|", "x-": "x-|", "4-x": "4-x|",
	} {
		if product, version := splitVersion(in); product+"|"+version != want {
			t.Errorf("%q: %q %q", in, product, version)
		}
	}
}
