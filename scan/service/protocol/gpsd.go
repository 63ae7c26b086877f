package protocol

import (
	"encoding/json"
	"strings"
)

var _ = register(Protocol{
	Name:   "gpsd",
	Source: "gpsd_json(5): VERSION",
	Ports:  []uint16{2947},
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		if !strings.HasPrefix(line, "{\"class\":\"VERSION\",") {
			return f, No
		}
		if !whole {
			return f, Begun
		}
		var v struct {
			Release string `json:"release"`
		}
		if json.Unmarshal([]byte(line), &v) != nil || v.Release == "" {
			return Facts{}, No
		}
		f.Product, f.Version, f.CPE = "gpsd", Clip(v.Release), []string{"cpe:/a:gpsd_project:gpsd:" + cpeValue(Clip(v.Release))}
		return f, Whole
	},
})
