package payload

import "bytes"

// wsd asks for all devices and services that WS-Discovery finds, by unicast. It
// is the version of 2005 that Windows, printers and cameras speak; that of OASIS
// has other namespaces.
//
// Tried on wsdd2 1.8.7; Windows, printers and cameras are unverified.
var wsd = register(Payload{
	Name:   "ws-discovery",
	Ports:  []uint16{3702},
	Source: "WS-Discovery (April 2005) §5, SOAP 1.2 §5",
	Bits:   48,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, wsdHead...)
		b = appendWSDMessage(b, id)
		return append(b, wsdTail...)
	},
	// The answer is a ProbeMatches that relates to our message.
	Match: func(id uint64, b []byte) bool {
		var buffer [len(wsdMessage) + wsdDigits]byte
		return bytes.Contains(b, []byte("ProbeMatches")) && bytes.Contains(b, []byte("RelatesTo")) &&
			bytes.Contains(b, appendWSDMessage(buffer[:0], id))
	},
})

// appendWSDMessage writes our message's identifier, a UUID.
func appendWSDMessage(b []byte, id uint64) []byte {
	return appendHex(append(b, wsdMessage...), id, wsdDigits)
}

const (
	wsdMessage = "urn:uuid:736f6e64-6500-4000-8000-" // of version 4, RFC 9562 §5.4
	wsdDigits  = 12

	// The prefixes are those of the standards, which some look for instead of
	// the namespaces behind them.
	wsdHead = `<?xml version="1.0" encoding="utf-8"?>` +
		`<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"` +
		` xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"` +
		` xmlns:wsd="http://schemas.xmlsoap.org/ws/2005/04/discovery">` +
		`<soap:Header>` +
		`<wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</wsa:Action>` +
		`<wsa:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</wsa:To>` +
		`<wsa:MessageID>`
	wsdTail = `</wsa:MessageID>` +
		`</soap:Header>` +
		`<soap:Body><wsd:Probe/></soap:Body>` + // of any type, in any scope
		`</soap:Envelope>`
)
