package payload

import "bytes"

// ssdp asks for UPnP root devices, by unicast. Each of them answers with one
// datagram; asked for everything, it would send one for each of its services.
//
// Answers repeat nothing of the question. The identifier is in USER-AGENT, which
// devices may read but have no use for.
//
// Tried on MiniUPnPd 2.3.1; other devices are unverified.
var _ = register(Payload{
	Name:   "ssdp",
	Ports:  []uint16{1900},
	Source: "UPnP Device Architecture 1.1 §1.3.2, §1.3.3",
	Append: func(b []byte, id uint64) []byte {
		b = append(b, "M-SEARCH * HTTP/1.1\r\n"+
			"HOST: 239.255.255.250:1900\r\n"+
			"MAN: \"ssdp:discover\"\r\n"+
			"MX: 1\r\n"+ // devices of version 1.0 want it: the longest delay in seconds
			"ST: upnp:rootdevice\r\n"+
			"USER-AGENT: Linux/6 UPnP/1.1 sonde/"...)
		b = appendHex(b, id, 16)
		return append(b, "\r\n\r\n"...)
	},
	Match: func(_ uint64, b []byte) bool {
		return isStatusLine(b, "HTTP/1.1") && string(b[9:12]) == "200" &&
			bytes.HasSuffix(b, []byte("\r\n\r\n")) && hasHeader(b, "USN")
	},
})

// hasHeader tells whether one of the lines after the first begins with this
// name, in capitals or not, and a colon.
func hasHeader(b []byte, name string) bool {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return false
		}
		b = b[i+1:]
		if n := len(name); len(b) > n && b[n] == ':' && equalFold(b[:n], name) {
			return true
		}
	}
}

// equalFold compares b with upper, which is in capitals, whatever the case of b.
func equalFold(b []byte, upper string) bool {
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != upper[i] {
			return false
		}
	}
	return true
}
