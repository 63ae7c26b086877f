package payload

import (
	"encoding/hex"
	"strings"
)

// golden holds each datagram for testID, in hex; spaces are for people.
var golden = map[string]string{
	"dns": "2211 0100 0001 0000 0000 0000" +
		"07 76657273696f6e 04 62696e64 00 0010 0003",
	"tftp": "0001 736f6e64652d38383737363635353434333332323131 00 6f63746574 00",
	"ntp": "23 00 00 00 00000000 00000000 00000000" +
		"0000000000000000 0000000000000000 0000000000000000 8877665544332211",
	"snmp": "3029 020100 0406 7075626c6963 a01c 0204 44332211 020100 020100" +
		"300e 300c 0608 2b06010201010100 0500",
	"quic": "c0 1a2a3a4a 08 8877665544332211 00 00 449e" + strings.Repeat("00", 1200-18),
	"ike":  "8877665544332211 0000000000000000 00 50 22 08 00000000 0000001c",
	"ike-nat-t": "00000000" +
		"8877665544332211 0000000000000000 00 50 22 08 00000000 0000001c",
	"stun": "0001 0000 2112a442 00000000 8877665544332211",
	"mdns": "2211 0000 0001 0000 0000 0000" +
		"09 5f7365727669636573 07 5f646e732d7364 04 5f756470 05 6c6f63616c 00 000c 8001",
	"echo":    "8877665544332211",
	"systat":  "0000 8877665544332211",
	"daytime": "0000 8877665544332211",
	"qotd":    "0000 8877665544332211",
	"chargen": "0000 8877665544332211",
	"time":    "0000 8877665544332211",
	"kerberos": "6a8185 308182 a103 020105 a203 02010a a476 3074" +
		"a007 0305 00 00000000" + // kdc-options
		"a112 3010 a003 020101 a109 3007 1b05 736f6e6465" + // cname
		"a20f 1b0d" + text("SONDE.INVALID") +
		"a322 3020 a003 020102 a119 3017 1b06 6b7262746774 1b0d" + text("SONDE.INVALID") +
		"a511 180f" + text("19700101000000Z") +
		"a706 0204 44332211 a805 3003 020112",
	"portmap": "44332211 00000000 00000002 000186a0 00000068 00000000 00000000 00000000 00000000 00000000",
	"netbios-ns": "2211 0000 0001 0000 0000 0000" +
		"20" + text("CK") + strings.Repeat("41", 30) + "00 0021 0001",
	"xdmcp": "0001 0002 0001 00",
	"cldap": "303e 0204 44332211 6336 0400 0a0100 0a0100 020101 020101 010100" +
		"870b" + text("objectClass") + "3016 0414" + text("supportedLDAPVersion"),
	"slp":           "02 09 00001d 0000 000000 2211 0002 656e 0000 ffff 0007" + text("DEFAULT"),
	"rip":           "01 02 0000 0002 0000 44332211 ffffffff 00000000 00000010",
	"ipmi":          "06 00 ff 06 000011be 80 11 00 00",
	"openvpn":       "38 8877665544332211 00 00000000",
	"mssql-browser": "03",
	"l2tp": "c802 0039 0000 0000 0000 0000" +
		"8008 0000 0000 0001" + "8008 0000 0002 0100" + "800a 0000 0003 00000003" +
		"8008 0000 0009 a211" + "800b 0000 0007" + text("sonde"),
	"h323-ras": "1800 2211 01 00 00000000 0000",
	"radius": "01 11 0034 8877665544332211 0000000000000000" +
		"0107" + text("sonde") + "0212" + strings.Repeat("00", 16) + "2007" + text("sonde"),
	"ssdp": text("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n" +
		"ST: upnp:rootdevice\r\nUSER-AGENT: Linux/6 UPnP/1.1 sonde/8877665544332211\r\n\r\n"),
	"gtp": "32 01 0004 00000000 2211 00 00",
	// 0x04332211 is 70459921.
	"mgcp": text("AUEP 170459921 sonde-8877665544332211@sonde.invalid MGCP 1.0\r\n"),
	"ws-discovery": text(`<?xml version="1.0" encoding="utf-8"?>` +
		`<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"` +
		` xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"` +
		` xmlns:wsd="http://schemas.xmlsoap.org/ws/2005/04/discovery"><soap:Header>` +
		`<wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</wsa:Action>` +
		`<wsa:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</wsa:To>` +
		`<wsa:MessageID>urn:uuid:736f6e64-6500-4000-8000-665544332211</wsa:MessageID>` +
		`</soap:Header><soap:Body><wsd:Probe/></soap:Body></soap:Envelope>`),
	"dtls": "16 feff 0000 000000000000 0064 01 000058 0000 000000 000058 fefd" +
		"8877665544332211 8877665544332212 8877665544332213 8877665544332214" +
		"00 00 0010 c02b c02f c02c c030 c0ae c0a8 009c 002f 0100 001e" +
		"000a 0006 0004 001d 0017" + "000b 0002 0100" + "000d 0006 0004 0403 0401" + "0017 0000",
	"sip": text("OPTIONS sip:sonde.invalid SIP/2.0\r\n" +
		"Via: SIP/2.0/UDP sonde.invalid;branch=z9hG4bK8877665544332211;rport\r\nMax-Forwards: 0\r\n" +
		"From: <sip:sonde@sonde.invalid>;tag=44332211\r\nTo: <sip:sonde.invalid>\r\n" +
		"Call-ID: 8877665544332211\r\nCSeq: 1 OPTIONS\r\nAccept: application/sdp\r\nContent-Length: 0\r\n\r\n"),
	"nat-pmp": "00 00",
	"coap":    "40 00 2211",
	"bittorrent-dht": text("d1:ad2:id20:sonde-------") + "8877665544332211" +
		text("e1:q4:ping2:roi1e1:t8:") + "8877665544332211" + text("1:y1:qe"),
	"rx":   "88776655 44332211 00000000 00000000 00000000 0d 01 00 00 0000 0000",
	"pfcp": "20 01 000c 332211 00 0060 0004 e1b65f80",
	"teamspeak3": text("TS3INIT1") + "0065 0000 88" +
		"063bece9 00 88776655 44332211 0000000000000000",
	"memcached":   "2211 0000 0001 0000" + text("version\r\n"),
	"raknet":      "01 8877665544332211 00ffff00 fefefefe fdfdfdfd 12345678 88776655443322ee",
	"a2s":         "ffffffff" + text("TSource Engine Query") + "00",
	"quake3":      "ffffffff" + text("getinfo 8877665544332211\x00"),
	"ethernet-ip": "6300 0000 00000000 00000000 0000665544332211 00000000",
	"bacnet":      "81 0a 0011 01 04 00 05 11 0c 0c 023fffff 19 4b",
	"mumble":      "00000000 8877665544332211",
}

// text writes text in hex.
func text(s string) string { return hex.EncodeToString([]byte(s)) }
