package protocol

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"sonde/probe/payload"
)

// datagramExample is an answer on the wire, to the payload, or, from 1 on, to one of the
// questions beside it.
type datagramExample struct {
	payload  string
	question int
	said     string // hex, unless it is text
	want     string // product|version|info|os|host
}

// text is s as hexadecimal.
func text(s string) string { return hex.EncodeToString([]byte(s)) }

// ber is an element of BER with these contents, in hexadecimal.
func ber(tag byte, contents ...string) string {
	all := strings.Join(contents, "")
	return fmt.Sprintf("%02x%02x", tag, len(all)/2) + all
}

// snmpSays is a response of a version that holds sysDescr, snmpReport one of an engine.
func snmpSays(version byte, description string) string {
	return ber(0x30, ber(2, fmt.Sprintf("%02x", version)), ber(4, text("public")), ber(0xa2, ber(2, "44332211"), ber(2, "00"), ber(2, "00"),
		ber(0x30, ber(0x30, ber(6, "2b06010201010100"), ber(4, text(description))))))
}

var snmpReport = ber(0x30, ber(2, "03"), ber(0x30, ber(2, "44332211"), ber(2, "05dc"), ber(4, "00"), ber(2, "03")),
	ber(4, ber(0x30, ber(4, "80001f8880a1b2c3d4e5f60718"), ber(2, "03"), ber(2, "05dc"), ber(4), ber(4), ber(4))),
	ber(0x30, ber(4), ber(4), ber(0xa8, ber(2, "00"), ber(2, "00"), ber(2, "00"), ber(0x30))))

var datagramExamples = []datagramExample{
	{"dns", 0, "22118580 0001 0001 0000 0000 0776657273696f6e0462696e6400 0010 0003 c00c 0010 0003 00000000 000d 0c" + text("dnsmasq-2.90"), "dnsmasq|2.90|||"},
	{"dns", 0, "22118105 0001 0000 0000 0000 0776657273696f6e0462696e6400 0010 0003", "||says refused||"},
	{"dns", 0, "22118580 0001 0001 0000 0000 0776657273696f6e0462696e6400 0010 0003 c00c 0010 0003 00000000 0007 06" + text("secret"), `||says "secret"||`},
	{"dns", 1, "22118400 0001 0001 0000 0000 0269640673657276657200 0010 0003 c00c 0010 0003 00000000 0004 03" + text("ns7"), "||||ns7"},
	{"dtls", 0, "16feff00000000000000000023030000170000000000000017feff1410db312c6cbe9cdcb10808bf93a932ae88c22992", "||asks for a cookie||"},
	{"dtls", 0, "16fefd 0000 000000000001 0049 0200003d000100000000003d fefd 387d8129a35deda802707fb97e23484a2615e997c701fd775fc67f4b4b01d7f1 00 c02c 00" +
		"0015ff01000100000b000403000102002300000017 0000", "||DTLS 1.2; TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384||"},
	{"ntp", 0, "24 0a 06 e9 00000000 00000000 7f7f0101" + strings.Repeat("00", 32), "||stratum 10, reference ID 127.127.1.1||"},
	{"ntp", 0, "24 01 06 e9 00000000 00000000" + text("GPS") + "00" + strings.Repeat("00", 32), "||stratum 1, reference GPS||"},
	{"ntp", 0, "e4 00 06 e9 00000000 00000000" + text("RATE") + strings.Repeat("00", 32), "||kiss-o'-death RATE||"},
	{"ntp", 0, "e4 10 06 e9 00000000 00000000 00000000" + strings.Repeat("00", 32), "||stratum 16, not synchronized||"},
	{"ntp", 1, "16 82 2211 0615 0000 0000 0100" + text(`version="ntpd 4.2.8p15@1.3728-o Wed Sep 23 11:46:38 UTC 2020 (1)", system="Linux/5.10.0-8-amd64"`),
		"ntpd|4.2.8p15||Linux 5.10.0-8-amd64|"},
	{"ntp", 1, "16 c2 2211 0300 0000 0000 0000", "||||"},
	{"snmp", 0, snmpSays(0, "Linux box 6.1.0-18 #1 SMP"), `||sysDescr "Linux box 6.1.0-18 #1 SMP"|Linux 6.1.0-18|box`},
	{"snmp", 0, snmpSays(0, "a test"), `||sysDescr "a test"||`},
	{"snmp", 1, snmpReport, "Net-SNMP||SNMPv3 engine of Net-SNMP, boots 3, up 25m0s||"},
	{"snmp", 2, snmpSays(1, "a test"), `||sysDescr "a test"||`},
	{"tftp", 0, "0005 0001" + text("File not found") + "00", `||says "File not found"||`},
	{"tftp", 0, "0003 0001 00", "||||"},
	{"ssdp", 0, text("HTTP/1.1 200 OK\r\nSERVER: Debian/12 UPnP/1.1 MiniUPnPd/2.3.1\r\nLOCATION: http://192.0.2.1:5000/root.xml\r\nUSN: uuid:1\r\n\r\n"),
		"MiniUPnPd|2.3.1|Debian/12 UPnP/1.1; http://192.0.2.1:5000/root.xml||"},
	{"mdns", 0, "2211 8400 0001 0001 0000 0000 095f7365727669636573075f646e732d7364045f756470056c6f63616c00 000c 8001 c00c 000c 0001 0000000a 000d 055f68747470045f746370 c023", "||services _http._tcp||"},
	{"mdns", 1, "2211 8400 0001 0001 0000 0000 0c5f776f726b73746174696f6e045f746370056c6f63616c00 000c 8001 c00c 000c 0001 0000000a 0009 06" + text("box [5") + "c00c", "||||box"},
	{"netbios-ns", 0, "2211 8400 0000 0001 0000 0000 20434b" + strings.Repeat("41", 30) + "00 0021 0001 00000000 0065 03" +
		text("BOX            ") + "00 0400" + text("BOX            ") + "20 0400" + text("HOME           ") + "00 8400" + "525400123456" + strings.Repeat("00", 40),
		"||workgroup HOME; hardware address 52:54:00:12:34:56||BOX"},
	{"ike", 0, "8877665544332211 0000000000000000 29 20 22 20 00000000 00000024 00000008 00000005", "||IKEv2||"},
	{"ike", 1, "8877665544332211 1122334455667788 0d 10 02 00 00000000 00000030 0000 0014 882fe56d6fd20dbc2251613b2ebe5beb", "strongSwan||IKEv1||"},
	{"ike-nat-t", 0, "00000000 8877665544332211 0000000000000000 29 20 22 20 00000000 00000024 00000008 00000005", "||IKEv2||"},
	{"ike-nat-t", 1, "00000000 8877665544332211 1122334455667788 0d 10 02 00 00000000 00000030 0000 0014 882fe56d6fd20dbc2251613b2ebe5beb", "strongSwan||IKEv1||"},
	{"radius", 0, "03 11 001a 00112233445566778899aabbccddeeff 1206" + text("nope"), `||rejects; says "nope"||`},
	{"radius", 0, "0b 11 0014 00112233445566778899aabbccddeeff", "||challenges||"},
	{"l2tp", 0, "c802 0034 a211 0000 0000 0001 8008 0000 0000 0002 8009 0000 0007" + text("lns") + "0013 0000 0008" + text("xelerance.com"), "xl2tpd||||lns"},
	{"l2tp", 0, "c802 0020 a211 0000 0000 0001 000c 0000 0008" + text("Vendor"), "||vendor Vendor||"},
	{"ipmi", 0, "06 00 ff 06 000011be 40 11 00 10 000011be 00000000 81 00 000000000000", "||speaks IPMI||"},
	{"ipmi", 1, "06 00 ff 07 00 00000000 00000000 10 81 1c 63 20 44 38 00 01 97 04 03 000000 00 00", "||IPMI 2.0, lets in without proof||"},
	{"coap", 0, "70 00 2211", "||||"},
	{"coap", 1, "68 45 2211 8877665544332211 c128 ff" + text("</>;title=\"General Info\",</time>;if=clock"), "||resources / /time||"},
	{"coap", 1, "68 84 2211 8877665544332211", "||||"},
	{"quic", 0, "e0 00000000 00 08 8877665544332211 00000001 6b3343cf ff00001d 2a3a4a5a", "||versions 1 2 draft-29||"},
	{"memcached", 0, "2211 0000 0001 0000" + text("VERSION 1.6.18\r\n"), "Memcached|1.6.18|||"},
	{"memcached", 0, "2211 0000 0001 0000" + text("ERROR\r\n"), "||||"},
	{"kerberos", 0, "7e27 3025 a003020105 a10302011e a603020106 a90d1b0b" + text("EXAMPLE.ORG") + "aa053003020101", "||realm EXAMPLE.ORG||"},
	{"portmap", 0, "44332211 00000001 00000000 00000000 00000000 00000002 00000002 00000004", "||versions 2 to 4||"},
	{"portmap", 1, "44332211 00000001 00000000 00000000 00000000 00000000 00000001 000186a0 00000002 00000011 0000006f 00000001 000186a3 00000004 00000006 00000801 00000000", "||nfs||"},
	{"stun", 0, "0101 0014 2112a442 000000008877665544332211 8022 000f" + text("Coturn-4.6.1 'G") + "00", "Coturn|4.6.1|||"},
	{"sip", 0, text("SIP/2.0 200 OK\r\nServer: kamailio (5.6.3 (x86_64/linux))\r\n\r\n"), "kamailio|5.6.3|x86_64/linux||"},
	{"sip", 0, text("SIP/2.0 405 Method Not Allowed\r\nUser-Agent: Asterisk PBX 18.10.0\r\n\r\n"), "Asterisk PBX|18.10.0|||"},
	{"xdmcp", 0, "0001 0005 000d 0000 0004 686f7374 0003 796573", `||says "yes"||host`},
	{"xdmcp", 0, "0001 0006 000b 0004 686f7374 0003 6e6f6e", `||says "non"||host`},
	{"mumble", 0, "00010304 8877665544332211 00000001 00000064 00011940", "||protocol 1.3.4, 1 of 100 users||"},
	{"daytime", 0, text("25 NOV 2026 14:39:20 UTC\r\n"), "||||"},
	{"qotd", 0, text("Who's there?\r\n"), "||||"},
	{"systat", 0, text("root tty1\r\n"), "||||"},
	{"nat-pmp", 0, "00 80 0000 00000e10 cb007101", "||external address 203.0.113.1||"},
	{"nat-pmp", 0, "02800001 00000000 00000e10 000000000000000000000000", "||||"},
	{"mssql-browser", 0, "05 0000" + text("ServerName;DB7;InstanceName;SQLEXPRESS;IsClustered;No;Version;15.0.2000.5;tcp;1433;;"), "Microsoft SQL Server|15.0.2000.5|instance SQLEXPRESS at port 1433||DB7"},
	{"a2s", 0, "ffffffff 49 11" + text("a server\x00de_dust2\x00cstrike\x00Counter-Strike\x00"), "||Counter-Strike on de_dust2||"},
	{"raknet", 0, "1c 8877665544332211 0000000000000001 00ffff00fefefefefdfdfdfd12345678 0021" + text("MCPE;a server;594;1.20.12;3;10;1;"), "Minecraft Bedrock server|1.20.12|3 of 10 players||"},
	{"rx", 0, "88776655 44332211 00000000 00000000 00000000 0d 00 00 00 0000 0000" + text(" OpenAFS 1.8.9-1-debian 2023") + "00", "OpenAFS|1.8.9-1-debian|||"},
	{"ethernet-ip", 0, "6300 2a00 00000000 00000000 0000665544332211 00000000 0100 0c00 2400 0100 0002af12c0000201 0000000000000000 0100 0e00 3600 1407 6000 c0ffee01 05" + text("1756-") + "03",
		"1756-|20.007|||"},
	{"ws-discovery", 0, text("<wsd:ProbeMatch><wsd:Types>wsdp:Device pub:Computer</wsd:Types>"), "||types wsdp:Device pub:Computer||"},
	{"bittorrent-dht", 0, text("d2:ip6:aaaaaa1:rd2:id20:aaaaaaaaaaaaaaaaaaaae1:t8:bbbbbbbb1:v4:TR\x00\x031:y1:re"), "Transmission||||"},
}

// reads returns what reads the answers to one question.
func (e *datagramExample) reads(t testing.TB) func([]byte) Facts {
	t.Helper()
	d := ByPayload(e.payload)
	switch {
	case d == nil:
		t.Fatalf("nobody reads %s", e.payload)
	case e.question > 0:
		return d.More[e.question-1].Read
	}
	return d.Read
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return b
}

// TestDatagramExamples: of each reader there is an example, whose bytes say what they say;
// and nothing more is read in what is cut off.
func TestDatagramExamples(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range datagramExamples {
		b := unhex(t, e.said)
		f := e.reads(t)(b)
		if f.Info == "" && f.Product == "" {
			f.Info = f.Rest
		}
		if got := strings.Join([]string{f.Product, f.Version, f.Info, f.OS, f.Host}, "|"); got != e.want {
			t.Errorf("%s, question %d, %.60q: %s, want %s", e.payload, e.question, b, got, e.want)
		}
		for n := range b {
			e.reads(t)(b[:n])
		}
		seen[fmt.Sprint(e.payload, e.question)] = true
	}
	for _, d := range Datagrams() {
		if d.Read != nil && !seen[d.Payload+"0"] {
			t.Errorf("%s: an example is missing", d.Payload)
		}
		for i := range d.More {
			if !seen[fmt.Sprint(d.Payload, i+1)] {
				t.Errorf("%s, question %d: an example is missing", d.Payload, i+1)
			}
		}
	}
}

// TestDatagramsHavePayloads: what is read is asked, by one protocol each, and every payload
// is read or named.
func TestDatagramsHavePayloads(t *testing.T) {
	asked := map[string]bool{}
	for p := range payload.All() {
		asked[p.Name] = true
		if ByPayload(p.Name) == nil {
			t.Errorf("%s: nobody says what service it is", p.Name)
		}
	}
	seen := map[string]bool{}
	for _, d := range Datagrams() {
		if !asked[d.Payload] || seen[d.Payload] || d.Name == "" || d.Source == "" {
			t.Errorf("%+v: asked %v, twice %v", d, asked[d.Payload], seen[d.Payload])
		}
		seen[d.Payload] = true
	}
}

// TestDatagramQuestions: an answer to another number, a question come back and what is cut
// off are no answers; the question is as it was for the same number.
func TestDatagramQuestions(t *testing.T) {
	const id = 0x8877665544332211
	for _, d := range Datagrams() {
		for i, q := range d.More {
			ask := q.Append([]byte("before"), id)
			if again := q.Append([]byte("before"), id); string(ask[:6]) != "before" || string(again) != string(ask) {
				t.Errorf("%s, question %d: %x", d.Payload, i+1, ask)
			}
			if q.Match(id, ask[6:]) {
				t.Errorf("%s, question %d: is its own answer", d.Payload, i+1)
			}
			var b []byte
			for _, e := range datagramExamples {
				if e.payload == d.Payload && e.question == i+1 && b == nil {
					b = unhex(t, e.said)
				}
			}
			if !q.Match(id, b) {
				t.Errorf("%s, question %d: %x is no answer", d.Payload, i+1, b)
			}
			if q.Match(id^0x1511, b) {
				t.Errorf("%s, question %d: %x answers another question", d.Payload, i+1, b)
			}
		}
	}
}

// TestFactsPlus: where two answers say something, the first is right.
func TestFactsPlus(t *testing.T) {
	a, b := Facts{Product: "a", Info: "one", Host: "h"}, Facts{Product: "a", Version: "2", Info: "two", Host: "g", OS: "o"}
	if f := a.Plus(b); f.Product != "a" || f.Version != "2" || f.Info != "one; two" || f.Host != "h" || f.OS != "o" {
		t.Errorf("%+v", f)
	}
	b.Product = "b"
	if f := a.Plus(b); f.Version != "" {
		t.Errorf("%+v: the version is of another program", f)
	}
}

// FuzzDatagrams: every reader takes any bytes, and what it keeps is bounded.
func FuzzDatagrams(f *testing.F) {
	for _, e := range datagramExamples {
		f.Add(unhex(f, e.said))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		check := func(read func([]byte) Facts) {
			if read == nil {
				return
			}
			before := string(b)
			facts := read(b)
			if string(b) != before {
				t.Error("the bytes are not as they were")
			}
			if n := max(len(facts.Product), len(facts.Version), len(facts.Host), len(facts.OS)); n > 2*maxField || len(facts.Info) > 16*maxField {
				t.Errorf("%d bytes are kept of %d", n, len(b))
			}
		}
		for _, d := range Datagrams() {
			check(d.Read)
			for _, q := range d.More {
				check(q.Read)
				q.Match(0x8877665544332211, b)
			}
		}
	})
}
