package protocol

import (
	"encoding/json"
	"strings"
)

var _ = register(Protocol{
	Name:   "nats",
	Source: "docs.nats.io: client protocol, INFO",
	Ports:  []uint16{4222},
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		line, _, whole := CutLine(said.Text())
		if !strings.HasPrefix(line, "INFO {") {
			return f, No
		}
		f.Banner = Clip(line)
		if !whole {
			return f, Begun
		}
		var info struct {
			Server   string `json:"server_name"`
			Version  string `json:"version"`
			Auth     bool   `json:"auth_required"`
			TLS      bool   `json:"tls_required"`
			ServerID string `json:"server_id"`
		}
		if json.Unmarshal([]byte(line[5:]), &info) != nil || info.ServerID == "" {
			return Facts{}, No
		}
		f.Product, f.Version = "nats-server", info.Version
		f.CPE = []string{"cpe:/a:linuxfoundation:nats-server:" + cpeValue(info.Version)}
		if isHostName(info.Server) {
			f.Host = info.Server
		}
		if info.Auth {
			f.Info = "wants authentication"
		}
		if info.TLS {
			f.Info = join(f.Info, "wants TLS")
		}
		return f, Whole
	},
})
