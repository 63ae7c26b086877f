package protocol

import "strings"

// LDAP servers tell everybody about themselves in the entry without a name, rootDSE.
var _ = register(Protocol{
	Name:      "ldap",
	Source:    "RFC 4511 sections 4.1.1, 4.5 and 4.14.1, RFC 4512 section 5.1, RFC 3045",
	Ports:     []uint16{389, 3268},
	Secure:    []uint16{636, 3269},
	Inside:    "ldaps",
	Ask:       always(ldapSearch("objectClass", "vendorName", "vendorVersion", "dnsHostName", "supportedCapabilities")),
	Elsewhere: Any,
	Read:      func(said Said) (Facts, Match) { return readLDAP(said) },
	Upgrade: func(c Conn) bool {
		b := c.Say("\x30\x1d\x02\x01\x03\x77\x18\x80\x161.3.6.1.4.1.1466.20037", func(b []byte) bool { _, _, _, ok := element(b); return ok })
		message := inside(b, 0x30)
		_, _, message, _ = element(message)
		result := inside(inside(message, 0x78), 0x0a)
		return len(result) == 1 && result[0] == 0
	},
	Bye: "\x30\x05\x02\x01\x04\x42\x00",
})

// ldapSearch asks for these attributes of rootDSE.
func ldapSearch(attributes ...string) string {
	list := ""
	for _, a := range attributes {
		list += "\x04" + string(rune(len(a))) + a
	}
	wrap := func(tag byte, body string) string {
		if len(body) < 128 {
			return string([]byte{tag, byte(len(body))}) + body
		}
		return string([]byte{tag, 0x82, byte(len(body) >> 8), byte(len(body))}) + body
	}
	return wrap(0x30, "\x02\x01\x02"+wrap(0x63, "\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x01\x02\x01\x05\x01\x01\x00\x87\x0bobjectClass"+wrap(0x30, list)))
}

// readLDAP reads an entry (SearchResultEntry), or the end of a search.
func readLDAP(said Said) (f Facts, m Match) {
	b := said.Bytes
	if said.To == Unasked || len(b) < 7 || b[0] != 0x30 {
		return f, No
	}
	_, message, _, whole := element(b)
	if !whole {
		return f, No
	}
	tag, id, message, ok := element(message)
	kind, body, _, ok2 := element(message)
	if !ok || !ok2 || tag != 2 || len(id) == 0 || len(id) > 4 {
		return f, No
	}
	f.Banner = "-"
	switch kind {
	case 0x64: // SearchResultEntry
		_, name, rest, _ := element(body)
		if len(name) > 0 {
			return Facts{}, No
		}
		readRootDSE(&f, inside(rest, 0x30))
		f.Key, f.Text = "ldap.search_result", string(inside(rest, 0x30))
		return f, Whole
	case 0x65: // SearchResultDone
		return f, Whole
	case 0x78: // ExtendedResponse: a notice of disconnection
		if strings.Contains(string(body), "1.3.6.1.4.1.1466.20036") {
			return f, Whole
		}
	}
	return Facts{}, No
}

// readRootDSE names the program by what only it says.
func readRootDSE(f *Facts, attributes []byte) {
	for n := 0; len(attributes) > 0 && n < 100; n++ {
		var pair []byte
		_, pair, attributes, _ = element(attributes)
		_, name, rest, _ := element(pair)
		var values []string
		for set := inside(rest, 0x31); len(set) > 0 && len(values) < 100; {
			var value []byte
			_, value, set, _ = element(set)
			values = append(values, string(value))
		}
		if len(values) == 0 {
			continue
		}
		switch strings.ToLower(string(name)) {
		case "vendorname":
			f.Info = join(f.Info, "vendor "+Clip(values[0]))
		case "vendorversion":
			if product, version := splitVersion(Clip(values[0])); version != "" {
				f.Product, f.Version = product, version
			} else {
				f.Info = join(f.Info, Clip(values[0]))
			}
		case "dnshostname":
			f.Host = Clip(values[0])
		case "objectclass":
			for _, v := range values {
				if v == "OpenLDAProotDSE" {
					f.Product, f.CPE = "OpenLDAP", []string{"cpe:/a:openldap:openldap"}
				}
			}
		case "supportedcapabilities":
			for _, v := range values {
				if v == "1.2.840.113556.1.4.800" { // of Active Directory, which Samba has, too
					f.Info = join(f.Info, "Active Directory")
				}
			}
		}
	}
}
