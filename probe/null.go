package probe

// Null sends a segment without any flag.
var Null = Register(Entry{Kind: mute{stray{
	name: "null", doc: "TCP without flags: closed answers RST, open is silent", asks: "segment without flags", flags: 0, salt: 'N',
}}, Scan: "N"})
