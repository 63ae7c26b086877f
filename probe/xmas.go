package probe

import "sonde/probe/wire"

// Xmas sends a segment that is lit up like a Christmas tree: FIN, PSH and URG.
var Xmas = Register(Entry{Kind: mute{stray{
	name: "xmas", doc: "TCP FIN, PSH and URG: closed answers RST, open is silent", asks: "FIN-PSH-URG", flags: wire.FIN | wire.PSH | wire.URG, salt: 'X',
}}, Scan: "X"})
