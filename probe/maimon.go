package probe

import "sonde/probe/wire"

// Maimon sends FIN and ACK, which RFC 9293 §3.10.7 wants answered by RST whatever
// the port's state; some BSDs dropped it where the port was open, as Uriel Maimon
// described in Phrack 49 (1996).
var Maimon = Register(Entry{Kind: mute{stray{
	name: "maimon", doc: "TCP FIN and ACK: closed answers RST, open is silent on some systems", asks: "FIN-ACK", flags: wire.FIN | wire.ACK, salt: 'M',
}}, Scan: "M"})
