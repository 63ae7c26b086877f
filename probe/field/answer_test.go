package field_test

import (
	"strings"
	"testing"

	"sonde/probe"
	"sonde/probe/field"
	"sonde/probe/wire"
)

// TestAnswered: what a SYN-ACK and an echo reply tell of what they answer, and what not.
func TestAnswered(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		c := linux(t, v6)
		c.Given, c.Flags = probe.GivenFlags, wire.SYN|wire.ECE|wire.CWR
		var setup, plain, echo, marked wire.Excerpt
		setup.Parse(packets(asked[0].kind, 80, v6, c)[0])
		plain.Parse(packets(asked[0].kind, 80, v6, linux(t, v6))[0])
		echo.Parse(packets(asked[3].kind, 0, v6, probe.Craft{})[0])
		marked.Parse(packets(asked[3].kind, 0, v6, probe.Craft{TOS: 46<<2 | 1})[0])
		for _, tt := range []struct {
			sent          *wire.Excerpt
			flags         uint8
			options       string
			tos           uint8
			came, missing string
		}{
			{&setup, wire.SYN | wire.ACK | wire.ECE, "mss=1460,sackok,ts=5:2673324684,nop,wscale=7", 0, "flags sackok wscale ts", ""},
			{&setup, wire.SYN | wire.ACK, "mss=1300,sackok,ts=5:7,nop,wscale=7", 0, "sackok wscale", "flags ts"},
			{&setup, wire.SYN | wire.ACK | wire.ECE | wire.CWR, "none", 0, "", "flags sackok wscale ts"},
			{&plain, wire.SYN | wire.ACK | wire.ECE, "wscale=7", 2, "wscale", "sackok ts"},
			{&plain, wire.RST | wire.ACK, "none", 0, "", ""},
			{&plain, wire.SYN, "none", 0, "", ""},
			{&echo, 0, "", 46 << 2, "", ""},
			{&marked, 0, "", 46 << 2, "dscp", ""},
			{&marked, 0, "", 1, "", "dscp"},
		} {
			var tcp wire.TCP
			if tt.options != "" {
				opts, _, err := wire.ParseOptions(strings.ReplaceAll(tt.options, "2673324684", tsOf(&plain)), v6)
				if err != nil {
					t.Fatal(err)
				}
				tcp.OptLen, tcp.Flags = uint8(copy(tcp.Opt[:], opts)), tt.flags
			}
			e := field.Answered(tt.sent, &wire.IP{TOS: tt.tos}, &tcp, &wire.ICMP{Msg: wire.EchoReply})
			if came, missing := strings.Join(e.Came, " "), strings.Join(e.Unanswered, " "); came != tt.came || missing != tt.missing {
				t.Errorf("%v with %s: came %q, not answered %q, want %q and %q", wire.FlagsText(tt.flags), tt.options, came, missing, tt.came, tt.missing)
			}
		}
	}
}

// tsOf is the timestamp value of a SYN.
func tsOf(x *wire.Excerpt) string {
	text := string(wire.AppendOptions(nil, x.TCP.Options()))
	_, text, _ = strings.Cut(text, "ts=")
	text, _, _ = strings.Cut(text, ":")
	return text
}
