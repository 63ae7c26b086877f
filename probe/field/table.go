package field

import (
	"sonde/probe"
	"sonde/probe/wire"
)

// everywhere is where the fields of an IP header are that both families have.
const everywhere = families | transports

// table has a row for each field, in the order of the headers. Where two set the same
// bits, what of it the first one sets stays as the second one has it. Those without a Doc
// cannot be chosen: they are what questions are made of, and only compared.
var table = []Field{
	{Name: "tos", Value: "N", Doc: "IP TOS byte `N`, traffic class on IPv6", Example: "0xb9", In: everywhere, Kernel: true,
		Parse: parseTOS, Read: inIP(readTOS), other: true},
	{Name: "dscp", Value: "DSCP", Doc: "`DSCP` by name or number: ef, af11, cs3, le, 46", Example: "af21", In: everywhere, Not: []string{"tos"},
		Kernel: true, Parse: parseDSCP, Read: inIP(readDSCP)},
	{Name: "ecn", Value: "N", Doc: "ECN bits `N` of the same byte, 0 to 3", Example: "2", In: everywhere, Not: []string{"tos"},
		Parse: parseECN, Read: inIP(readECN), compare: compareECN},
	{Name: "length", In: everywhere, compare: compareLength},
	{Name: "ip-id", Value: "N", Doc: "IP identification `N`", Example: "4660", In: IPv4 | transports, Parse: parseID,
		Frames: idFrames, Read: inIP(readID), compare: compareID},
	{Name: "df", Doc: "forbid fragments (the default, but for --fragment)", Example: "on", In: IPv4 | transports,
		Parse: parseDF, Read: inIP(readDF)},
	{Name: "no-df", Doc: "allow fragments", Example: "on", In: IPv4 | transports, Not: []string{"df"}, Parse: parseNoDF},
	{Name: "ttl", Value: "N", Doc: "IP time to live `N`, hop limit on IPv6", Example: "77", In: everywhere, Kernel: true,
		Parse: parseTTL, Read: inIP(readTTL)},
	{Name: "flow-label", Value: "N", Doc: "IPv6 flow label `N`", Example: "74565", In: IPv6 | transports,
		Parse: parseFlowLabel, Read: inIP(readFlowLabel)},
	{Name: "ip-options", Value: "HEX", Doc: "IPv4 options as `HEX`, padded to a multiple of 4 bytes", Example: "94040000", In: IPv4 | transports, Parse: parseIPOptions,
		compare: compareIPOptions},
	{Name: "src", In: everywhere, compare: compareSource},
	{Name: "dst", In: everywhere, compare: compareTarget},
	{Name: "extensions", In: IPv6 | transports, compare: compareExtensions},
	{Name: "fragment", Value: "BYTES", Doc: "leave in fragments of at most so many `BYTES` of payload, in steps of 8", Example: "16", In: everywhere,
		Parse: parseFragment, Frames: fragmentFrames},
	{Name: "source-port", Value: "PORT", Doc: "source `PORT` of every probe", Example: "4025", In: families | TCP | UDP, Kernel: true,
		Read: readSourcePort, ends: 2},
	{Name: "dport", In: families | TCP | UDP, Read: readTargetPort, ends: 4},
	{Name: "icmp-id", In: families | ICMP, Read: readICMPID, ends: 8},
	{Name: "icmp-seq", In: families | ICMP, Read: readICMPSeq, ends: 8},
	{Name: "flags", Value: "LIST", Doc: "TCP flags by their letters as a `LIST`: S, SEC, FPU, none", Example: "SEC", In: families | TCP,
		Parse: parseFlags, Read: inTCP(readFlags), ends: 14},
	{Name: "seq", Value: "N", Doc: "TCP sequence number `N`, of every probe", Example: "305419896", In: families | TCP,
		Parse: parseSeq, Read: inTCP(readSeq), ends: 8},
	{Name: "ack", Value: "N", Doc: "TCP acknowledgment number `N`, of every probe", Example: "2271560481", In: families | TCP,
		Parse: parseAck, Read: inTCP(readAck), ends: 12},
	{Name: "window", Value: "N", Doc: "TCP window `N`", Example: "1024", In: families | TCP,
		Parse: parseWindow, Read: inTCP(readWindow), ends: 16},
	{Name: "urg", Value: "N", Doc: "TCP urgent pointer `N`", Example: "513", In: families | TCP,
		Parse: parseUrgent, Read: inTCP(readUrgent), ends: 20},
	{Name: "checksum", In: everywhere, compare: compareSum},
	{Name: "mss", In: families | TCP, compare: option(wire.OptMSS)},
	{Name: "sackok", In: families | TCP, compare: option(wire.OptSackOK)},
	{Name: "wscale", In: families | TCP, compare: option(wire.OptWScale)},
	{Name: "ts", In: families | TCP, compare: option(wire.OptTimestamp)},
	{Name: "tcp-options", Value: "LIST", Doc: "TCP options of the SYN as a `LIST`, in this order, or none, linux, windows, macos, freebsd", Example: "mss=1200,nop,wscale=3",
		In: families | TCP, Only: func(t probe.Traits) bool { return t.Options }, Parse: parseOptions,
		Read: inTCP(readOptions), compare: compareOptions},
	{Name: "data", Value: "HEX", Doc: "payload as `HEX`, in the place of the probe's own", Example: "0102ff00aa", In: everywhere, Only: payload,
		Parse: parseData, Read: readData, compare: compareData},
	{Name: "data-string", Value: "TEXT", Doc: "payload as `TEXT`", Example: "hello", In: everywhere, Only: payload, Not: []string{"data"},
		Parse: parseDataString},
	{Name: "data-length", Value: "N", Doc: "payload of `N` bytes, the same again with the same --seed", Example: "24", In: everywhere, Only: payload,
		Not: []string{"data", "data-string"}, Parse: parseDataLength, Read: readDataLength, other: true},
	{Name: "badsum", Doc: "a wrong checksum of the TCP, UDP or ICMP header, on purpose", Example: "on", In: everywhere, Parse: parseBadSum},
}

// payload tells whether packets carry a payload of any choice.
func payload(t probe.Traits) bool { return t.Payload }

// inIP reads a field of the IP header of a packet.
func inIP(read func(*wire.IP) (string, bool)) func(*wire.Packet) (string, bool) {
	return func(p *wire.Packet) (string, bool) {
		if p.Layer == wire.LayerNone || p.Layer == wire.LayerARP {
			return "", false
		}
		return read(&p.IP)
	}
}

// inTCP reads a field of the TCP header of a packet.
func inTCP(read func(*wire.TCP) string) func(*wire.Packet) (string, bool) {
	return func(p *wire.Packet) (string, bool) {
		if p.Layer != wire.LayerTCP {
			return "", false
		}
		return read(&p.TCP), true
	}
}
