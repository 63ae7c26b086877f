package protocol

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// SMB 2 and 3 agree on a dialect, say whether they want signatures, and tell by NTLM, which
// begins a login that never comes, how they are called.
var _ = register(Protocol{
	Name:      "microsoft-ds",
	Source:    "[MS-SMB2] sections 2.1, 2.2.1.2, 2.2.3, 2.2.4, 2.2.5, [MS-NLMP] section 2.2.1.2",
	Ports:     []uint16{445, 139},
	Ask:       always(smbNegotiate()),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 4+64+8 || b[0] != 0 || string(b[4:8]) != "\xfeSMB" || be.Uint16(b[16:]) != 0 {
			return f, No
		}
		f.Banner = "-"
		if len(b) < 4+int(be.Uint32(b)&0xffffff) {
			return f, Begun
		}
		body := b[68:]
		if le.Uint16(body) != 65 {
			return f, Whole // it refuses
		}
		f.Info = "SMB " + smbDialects[le.Uint16(body[4:])]
		switch {
		case body[2]&2 != 0:
			f.Info = join(f.Info, "signing required")
		case body[2]&1 != 0:
			f.Info = join(f.Info, "signing not required")
		}
		return f, Whole
	},
	Talk: func(c Conn, f *Facts) {
		b := c.Say(smbSession(), func(b []byte) bool { return len(b) >= 4 && len(b) >= 4+int(be.Uint32(b)&0xffffff) })
		if at := strings.Index(string(b), "NTLMSSP\x00\x02\x00\x00\x00"); at >= 0 {
			readNTLM(f, b[at:])
		}
	},
})

var smbDialects = map[uint16]string{0x202: "2.0.2", 0x210: "2.1", 0x2ff: "2", 0x300: "3.0", 0x302: "3.0.2", 0x311: "3.1.1"}

// smbHeader is that of a request, behind the length of a session message.
func smbHeader(command byte, number byte, body string) string {
	packet := "\xfeSMB\x40\x00\x00\x00\x00\x00\x00\x00" + string([]byte{command}) + "\x00\x1f\x00" + zeros(8) + string([]byte{number}) + zeros(7) + zeros(8) + zeros(8) + zeros(16)
	packet += body
	return string([]byte{0, 0, byte(len(packet) >> 8), byte(len(packet))}) + packet
}

// smbNegotiate offers all dialects.
func smbNegotiate() string {
	const contexts = "\x01\x00\x26\x00\x00\x00\x00\x00\x01\x00\x20\x00\x01\x00" // integrity: SHA-512, 32 bytes of salt
	body := "\x24\x00\x05\x00\x01\x00\x00\x00\x7f\x00\x00\x00" + "sonde-asks-smb-2" + "\x70\x00\x00\x00\x01\x00\x00\x00" +
		"\x02\x02\x10\x02\x00\x03\x02\x03\x11\x03" + "\x00\x00" + contexts + "sonde-asks-by-salt-of-32-bytes!!"
	return smbHeader(0, 0, body)
}

// smbSession begins a login by NTLM, wrapped as RFC 4178 has it.
func smbSession() string {
	ntlm := "NTLMSSP\x00\x01\x00\x00\x00\x05\x02\x88\xa2" + zeros(16) // Unicode, target name, NTLM, version
	token := "\xa2" + string([]byte{byte(len(ntlm) + 2)}) + "\x04" + string([]byte{byte(len(ntlm))}) + ntlm
	mechs := "\xa0\x0e\x30\x0c\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"
	inner := mechs + token
	inner = "\x30" + string([]byte{byte(len(inner))}) + inner
	inner = "\xa0" + string([]byte{byte(len(inner))}) + inner
	inner = "\x06\x06\x2b\x06\x01\x05\x05\x02" + inner
	blob := "\x60" + string([]byte{byte(len(inner))}) + inner
	return smbHeader(1, 1, "\x19\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x58\x00"+string([]byte{byte(len(blob)), 0})+zeros(8)+blob)
}

// readNTLM reads a challenge: the version of the system, and names.
func readNTLM(f *Facts, b []byte) {
	if len(b) < 56 {
		return
	}
	f.How = "+ntlm"
	names := map[uint16]string{}
	at, size := int(le.Uint32(b[44:])), int(le.Uint16(b[40:]))
	if at > len(b) || size > len(b)-at {
		return
	}
	for info := b[at : at+size]; len(info) >= 4; {
		id, n := le.Uint16(info), int(le.Uint16(info[2:]))
		if id == 0 || len(info) < 4+n {
			break
		}
		units := make([]uint16, min(n/2, maxField))
		for i := range units {
			units[i] = le.Uint16(info[4+2*i:])
		}
		names[id] = string(utf16.Decode(units))
		info = info[4+n:]
	}
	f.Host = names[3] // by DNS
	if f.Host == "" {
		f.Host = names[1]
	}
	f.Info = join(f.Info, prefixed("domain ", names[2]))
	if major, build := b[48], le.Uint16(b[50:]); major != 0 && build != 0 {
		f.Info = join(f.Info, fmt.Sprintf("build %d.%d.%d", major, b[49], build))
	}
}
