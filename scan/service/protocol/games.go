package protocol

import (
	"fmt"
	"strings"
)

// Servers of games say what is played, and in which version.
var (
	_ = registerDatagram(Datagram{Name: "a2s", Payload: "a2s", Source: "Valve, Server queries, A2S_INFO", Read: a2sFacts})
	_ = registerDatagram(Datagram{Name: "raknet", Payload: "raknet", Source: "RakNet, ID_UNCONNECTED_PONG", Read: raknetFacts})
)

// a2sFacts reads name, map, folder and game, each of which a zero byte ends.
func a2sFacts(b []byte) (f Facts) {
	if len(b) < 6 || b[4] != 'I' {
		return f
	}
	words := strings.SplitN(string(b[6:min(len(b), maxText)]), "\x00", 5)
	if len(words) == 5 {
		f.Info = fmt.Sprintf("%s on %s", Clip(words[3]), Clip(words[1]))
	}
	return f
}

// raknetFacts reads the text of Minecraft's Bedrock edition: "MCPE;name;protocol;version;…".
func raknetFacts(b []byte) (f Facts) {
	if len(b) < 35 {
		return f
	}
	words := strings.Split(string(b[35:min(len(b), maxText)]), ";")
	if len(words) >= 6 && (words[0] == "MCPE" || words[0] == "MCEE") && allDigits(words[2]) {
		f.Product, f.Version, f.Info = "Minecraft Bedrock server", Clip(words[3]), fmt.Sprintf("%s of %s players", Clip(words[4]), Clip(words[5]))
	}
	return f
}
