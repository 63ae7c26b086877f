package protocol

// iperf3 takes 37 bytes of a cookie and answers by one: exchange parameters. It goes back
// to wait as soon as the connection ends.
var _ = register(Protocol{
	Name:   "iperf3",
	Source: "iperf3: wire protocol, states",
	Ports:  []uint16{5201},
	Ask:    always("sondesondesondesondesondesondesondes\x00"),
	Read: func(said Said) (Facts, Match) {
		if b := said.Bytes; said.To == Unasked || len(b) != 1 || b[0] != 9 {
			return Facts{}, No
		}
		return Facts{Banner: "-"}, Some
	},
})
