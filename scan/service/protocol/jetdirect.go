package protocol

// Printers print what they are sent, so nothing is said to them. Some greet.
var _ = register(Protocol{
	Name:   "jetdirect",
	Source: "none: what comes is printed",
	Ports:  []uint16{9100, 9101, 9102, 9103, 9104, 9105, 9106, 9107},
	Prints: true,
	Read:   func(Said) (Facts, Match) { return Facts{}, No },
})
