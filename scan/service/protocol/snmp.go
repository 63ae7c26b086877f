package protocol

import (
	"fmt"
	"strings"
	"time"
)

// SNMP tells in version 3 who made the engine, without any community, and what it is
// (sysDescr) to who names the community: it is asked with "public" in versions 1 and 2c.
var _ = registerDatagram(Datagram{
	Name:      "snmp",
	Payload:   "snmp",
	Source:    "RFC 1157 section 4, RFC 3412 section 6, RFC 3414 section 4, RFC 3411 section 5 (SnmpEngineID)",
	Elsewhere: true,
	Read:      snmpDescription,
	More:      []Question{snmpEngine, snmpVersion2},
})

// snmpID makes of id a number that takes four bytes (X.690 section 8.3.2).
func snmpID(id uint64) uint32 { return uint32(id)&(1<<30-1) | 1<<30 }

var snmpEngine = Question{
	Append: func(b []byte, id uint64) []byte {
		b = append(b, "\x30\x3b\x02\x01\x03"+ // version 3
			"\x30\x10\x02\x04"...)
		b = be.AppendUint32(b, snmpID(id))                           // msgID
		return append(b, "\x02\x02\x05\xdc\x04\x01\x04\x02\x01\x03"+ // size 1500, reportable, the user-based model
			"\x04\x10\x30\x0e\x04\x00\x02\x01\x00\x02\x01\x00\x04\x00\x04\x00\x04\x00"+ // no engine, no user
			"\x30\x12\x04\x00\x04\x00\xa0\x0c\x02\x02\x73\x6f\x02\x01\x00\x02\x01\x00\x30\x00"...) // nothing is asked for
	},
	Match: func(id uint64, b []byte) bool {
		_, rest, ok := snmpHeader(b, 3)
		_, n, header, _ := element(inside(rest, 0x30))
		_, _, header, _ = element(header) // size
		flags := inside(header, 4)
		return ok && len(n) == 4 && be.Uint32(n) == snmpID(id) && len(flags) == 1 && flags[0]&4 == 0 // a report wants none
	},
	Read: func(b []byte) (f Facts) {
		_, rest, ok := snmpHeader(b, 3)
		if !ok {
			return f
		}
		_, _, rest, _ = element(rest) // the header
		parameters := inside(inside(rest, 4), 0x30)
		engine := inside(parameters, 4)
		_, _, parameters, _ = element(parameters)
		_, boots, parameters, _ := element(parameters)
		_, up, _, _ := element(parameters)
		if len(engine) < 5 {
			return f
		}
		vendor := be.Uint32(engine) & 0x7fffffff
		f.Info = fmt.Sprintf("SNMPv3 engine of enterprise %d", vendor)
		if name := enterprises[vendor]; name != "" {
			f.Info = "SNMPv3 engine of " + name
		}
		if vendor == 8072 {
			f.Product = "Net-SNMP"
		}
		if n := number(boots); n > 0 {
			f.Info += fmt.Sprintf(", boots %d, up %v", n, time.Duration(number(up))*time.Second)
		}
		return f
	},
}

var snmpVersion2 = Question{
	Append: func(b []byte, id uint64) []byte {
		b = append(b, "\x30\x29\x02\x01\x01\x04\x06public\xa0\x1c\x02\x04"...)
		return append(be.AppendUint32(b, snmpID(id)), "\x02\x01\x00\x02\x01\x00\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x01\x00\x05\x00"...)
	},
	Match: func(id uint64, b []byte) bool {
		_, rest, ok := snmpHeader(b, 1)
		_, _, rest, _ = element(rest)
		n := inside(inside(rest, 0xa2), 2)
		return ok && len(n) == 4 && be.Uint32(n) == snmpID(id)
	},
	Read: snmpDescription,
}

// snmpHeader reads the version of a message, and returns what follows it.
func snmpHeader(b []byte, version byte) (tag byte, rest []byte, ok bool) {
	tag, n, rest, ok := element(inside(b, 0x30))
	return tag, rest, ok && tag == 2 && len(n) == 1 && n[0] == version
}

// number reads an integer that is not negative and has at most 4 bytes; else 0.
func number(b []byte) (n uint32) {
	if len(b) == 0 || len(b) > 4 || b[0]&0x80 != 0 {
		return 0
	}
	for _, c := range b {
		n = n<<8 | uint32(c)
	}
	return n
}

// snmpDescription reads sysDescr in a GetResponse of version 1 or 2c.
func snmpDescription(b []byte) (f Facts) {
	_, _, rest, _ := element(inside(b, 0x30)) // version
	_, _, rest, _ = element(rest)             // community
	pdu := inside(rest, 0xa2)
	for range 3 { // request ID, status, index
		_, _, pdu, _ = element(pdu)
	}
	binding := inside(inside(pdu, 0x30), 0x30)
	_, _, value, _ := element(binding)
	text := strings.TrimSpace(string(inside(value, 4)))
	if text == "" {
		return f
	}
	f.Key, f.Text = "snmp.sys_description", text
	f.Rest = "sysDescr \"" + Clip(text) + "\""
	// uname -a, as Net-SNMP has it: "Linux box 6.1.0-18-amd64 #1 SMP …".
	if w := strings.Fields(text); len(w) >= 4 && (w[0] == "Linux" || strings.HasSuffix(w[0], "BSD") || w[0] == "Darwin" || w[0] == "SunOS") && isDigit(w[2][0]) {
		f.OS, f.Host = w[0]+" "+w[2], w[1]
	}
	return f
}

// enterprises are makers of SNMP engines by their numbers in IANA's registry.
var enterprises = map[uint32]string{2: "IBM", 9: "Cisco", 11: "Hewlett-Packard", 42: "Sun", 43: "3Com", 63: "Apple", 94: "Nokia", 111: "Oracle", 171: "D-Link", 207: "Allied Telesis", 311: "Microsoft",
	318: "APC", 343: "Intel", 534: "Eaton", 637: "Alcatel-Lucent", 674: "Dell", 1588: "Brocade", 1916: "Extreme Networks", 1991: "Foundry", 2011: "Huawei", 2021: "UCD-SNMP", 2435: "Brother", 2636: "Juniper",
	2620: "Check Point", 3375: "F5", 3902: "ZTE", 4526: "NETGEAR", 5624: "Enterasys", 6486: "Alcatel", 6574: "Synology", 6876: "VMware", 8072: "Net-SNMP", 8744: "Colubris", 10002: "Ubiquiti", 11863: "TP-Link", 12356: "Fortinet",
	14179: "Airespace", 14823: "Aruba", 14988: "MikroTik", 24681: "QNAP", 25461: "Palo Alto Networks", 30065: "Arista", 41112: "Ubiquiti"}
