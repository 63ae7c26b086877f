package payload

// qotd asks for the quote of the day: text of no defined form, at most 512
// characters. The protocol has no identifier. A quote in another script than
// ASCII is an answer, but not one that RFC 865 recommends or Match accepts.
//
// Unverified.
var qotd = register(Payload{
	Name:   "qotd",
	Ports:  []uint16{17},
	Source: "RFC 865",
	Append: appendAnything,
	Match: func(_ uint64, answer []byte) bool {
		return len(answer) <= trivialLimit && isText(answer)
	},
})
