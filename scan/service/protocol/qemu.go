package protocol

import (
	"encoding/json"
	"fmt"
	"strings"
)

// QEMU: its monitor for programs (QMP), that for people, and displays by SPICE.
var (
	_ = register(Protocol{
		Name:   "qmp",
		Source: "QEMU: QMP protocol specification section 2.2",
		Greets: true,
		Read: func(said Said) (f Facts, m Match) {
			line, whole := firstLine(said.Text())
			if !strings.HasPrefix(line, `{"QMP": {"version": {"qemu": `) {
				return f, No
			}
			if !whole {
				return f, Begun
			}
			var v struct {
				QMP struct {
					Version struct {
						Qemu struct{ Major, Minor, Micro int }
					}
				}
			}
			if json.Unmarshal([]byte(line), &v) != nil {
				return Facts{}, No
			}
			q := v.QMP.Version.Qemu
			f.Product, f.Version = "QEMU", fmt.Sprintf("%d.%d.%d", q.Major, q.Minor, q.Micro)
			f.CPE = []string{"cpe:/a:qemu:qemu:" + f.Version}
			return f, Whole
		},
	})
	_ = register(Protocol{
		Name:   "qemu-monitor",
		Source: "QEMU: human monitor",
		Greets: true,
		Read: func(said Said) (f Facts, m Match) {
			_, rest, ok := strings.Cut(string(said.Bytes[:min(len(said.Bytes), maxLine)]), "QEMU ")
			version, _, ok2 := strings.Cut(rest, " monitor - type 'help' for more information")
			if !ok || !ok2 || len(version) > 20 {
				return f, No
			}
			f.Banner, f.Product, f.Version, f.CPE = "-", "QEMU", version, []string{"cpe:/a:qemu:qemu:" + cpeValue(version)}
			return f, Some
		},
	})
	_ = register(Protocol{
		Name:      "spice",
		Source:    "spice-space.org: SPICE protocol, link message",
		Ports:     []uint16{5930},
		Ask:       always("REDQ\x02\x00\x00\x00\x02\x00\x00\x00\x12\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x12\x00\x00\x00"),
		Elsewhere: HungUp | Silent,
		Read: func(said Said) (f Facts, m Match) {
			if b := said.Bytes; len(b) < 16 || string(b[:4]) != "REDQ" || said.To == Unasked {
				return f, No
			}
			return Facts{Banner: "-"}, Whole
		},
	})
)
