package protocol

// Daytime has no form of its own, but that of asctime(3) is what everybody sends; the
// other one is of time servers of NIST.
var daytimeForms = grammar(`^(\w{3} \w{3} [ 0-3]\d \d\d:\d\d:\d\d (?:[A-Z]{3,4} )?(?:19|20)\d\d|[ 0-3]\d \w{3} \d{4} \d\d:\d\d:\d\d [A-Z]{3,4}|` +
	`\n?\d{5} \d\d-\d\d-\d\d \d\d:\d\d:\d\d [\d. ]+UTC\([A-Z]+\) \*?)\s*$`)

var _ = register(Protocol{
	Name:   "daytime",
	Source: "RFC 867",
	Ports:  []uint16{13},
	Greets: true,
	Read: func(said Said) (Facts, Match) {
		if b := said.Bytes; said.To != Unasked || len(b) < 20 || len(b) > 80 || !lineEnds(b) || !daytimeForms().Match(b) {
			return Facts{}, No
		}
		return Facts{}, Whole
	},
})
