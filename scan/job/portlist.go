package job

import (
	"sonde/fingerprint"
	"sonde/scan/target"
)

// portList reads -p, --top and --exclude-ports for one protocol.
func portList(protocol, list string, top *int, exclude string, usual int) ([]uint16, error) {
	proto, name := target.TCP, "TCP"
	if protocol == "udp" {
		proto, name = target.UDP, "UDP"
	}
	var p target.Ports
	var err error
	switch {
	case top != nil && *top < 1:
		return nil, Usage("--top: at least 1")
	case list != "" && top != nil:
		return nil, Usage("-p and --top exclude each other")
	case list != "":
		if p, err = target.ParsePorts(list, proto, fingerprint.PortsOf); err != nil {
			return nil, Usage("-p %s: %w", list, err)
		}
	default:
		n := value(top, usual)
		if p, err = target.Top(n, proto, fingerprint.TopPorts); err != nil {
			return nil, Usage("--top %d: %w", n, err)
		}
	}
	if exclude != "" {
		ex, err := target.ParsePorts(exclude, proto, fingerprint.PortsOf)
		if err != nil {
			return nil, Usage("--exclude-ports %s: %w", exclude, err)
		}
		if len(ex.TCP) > 0 && proto != target.TCP || len(ex.UDP) > 0 && proto != target.UDP {
			return nil, Usage("--exclude-ports %s: ports of the other protocol are not asked anyway", exclude)
		}
		p = p.Without(ex)
	}
	mine, other := p.TCP, p.UDP
	if proto == target.UDP {
		mine, other = other, mine
	}
	if len(other) > 0 {
		return nil, Usage("-p %s: only %s ports are asked", list, name)
	}
	if len(mine) == 0 {
		return nil, Usage("no port is left to ask")
	}
	return mine, nil
}
