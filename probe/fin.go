package probe

import "sonde/probe/wire"

// FIN ends a connection that there is not. It passes filters that only stop SYNs.
var FIN = Register(Entry{Kind: mute{stray{
	name: "fin", doc: "TCP FIN: closed answers RST, open is silent", asks: "FIN", flags: wire.FIN, salt: 'F',
}}, Scan: "F"})
