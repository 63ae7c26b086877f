package field

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"sonde/probe"
	"sonde/probe/wire"
)

// This file has how the fields are written and read, in the order of the table.

// number reads a number from lowest to highest, decimal or with 0x, and keeps it at to.
func number[N ~uint8 | ~uint16 | ~uint32](to *N, text string, lowest, highest uint64) error {
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil || n < lowest || n > highest {
		return fmt.Errorf("a number from %d to %d", lowest, highest)
	}
	*to = N(n)
	return nil
}

// decimal is how numbers are read.
func decimal[N ~uint8 | ~uint16 | ~uint32](n N) string { return strconv.FormatUint(uint64(n), 10) }

// words of fields that are on or off.
const on, off = "on", "off"

func parseSwitch(text string) (bool, error) {
	if text != on && text != off {
		return false, errors.New("on or off")
	}
	return text == on, nil
}

func switched(is bool) string {
	if is {
		return on
	}
	return off
}

func parseTOS(c *probe.Craft, _ bool, text string) error { return number(&c.TOS, text, 0, 255) }

func readTOS(ip *wire.IP) (string, bool) { return fmt.Sprintf("%#02x", ip.TOS), true }

func parseDSCP(c *probe.Craft, _ bool, text string) error {
	d, err := wire.ParseDSCP(text)
	c.TOS = d<<2 | c.TOS&3
	return err
}

func readDSCP(ip *wire.IP) (string, bool) { return wire.DSCPName(ip.TOS >> 2), true }

func parseECN(c *probe.Craft, _ bool, text string) error {
	var ecn uint8
	err := number(&ecn, text, 0, 3)
	c.TOS = c.TOS&^3 | ecn
	return err
}

func readECN(ip *wire.IP) (string, bool) { return decimal(ip.TOS & 3), true }

func parseID(c *probe.Craft, _ bool, text string) error {
	c.Given |= probe.GivenID
	return number(&c.ID, text, 0, 1<<16-1)
}

// idFrames: for an ID of 0 the kernel fills in one of its own (raw(7)).
func idFrames(c *probe.Craft, _ bool) Frames {
	if c.Has(probe.GivenID) && c.ID == 0 {
		return Only
	}
	return Any
}

func readID(ip *wire.IP) (string, bool) { return decimal(ip.ID), ip.Src.Is4() }

func parseDF(c *probe.Craft, _ bool, text string) error {
	is, err := parseSwitch(text)
	c.Given |= probe.GivenDF
	c.NoDF = !is
	return err
}

func readDF(ip *wire.IP) (string, bool) { return switched(ip.DF), ip.Src.Is4() }

func parseNoDF(c *probe.Craft, _ bool, text string) error {
	is, err := parseSwitch(text)
	c.Given |= probe.GivenDF
	c.NoDF = is
	return err
}

func parseTTL(c *probe.Craft, _ bool, text string) error { return number(&c.TTL, text, 1, 255) }

func readTTL(ip *wire.IP) (string, bool) { return decimal(ip.TTL), true }

func parseFlowLabel(c *probe.Craft, _ bool, text string) error {
	c.Given |= probe.GivenFlowLabel
	return number(&c.FlowLabel, text, 0, 1<<20-1)
}

func readFlowLabel(ip *wire.IP) (string, bool) { return decimal(ip.Flow), !ip.Src.Is4() }

func parseIPOptions(c *probe.Craft, _ bool, text string) (err error) {
	c.IPOptions, err = wire.ParseIPOptions(text)
	return err
}

func parseFragment(c *probe.Craft, _ bool, text string) error {
	err := number(&c.Fragment, text, 8, 1<<16-1)
	c.Fragment &^= 7
	return err
}

// fragmentFrames: a firewall that follows connections puts fragments together. A socket of
// IPv4 can forbid that (IP_NODEFRAG, ip(7)), but then the firewall knows nothing of what was
// asked, and drops the answer; and one of IPv6 cannot.
func fragmentFrames(c *probe.Craft, _ bool) Frames {
	if c.Fragment > 0 {
		return Rather
	}
	return Any
}

func readSourcePort(p *wire.Packet) (string, bool) {
	switch p.Layer {
	case wire.LayerTCP:
		return decimal(p.TCP.Src), true
	case wire.LayerUDP:
		return decimal(p.UDP.Src), true
	}
	return "", false
}

func readTargetPort(p *wire.Packet) (string, bool) {
	switch p.Layer {
	case wire.LayerTCP:
		return decimal(p.TCP.Dst), true
	case wire.LayerUDP:
		return decimal(p.UDP.Dst), true
	}
	return "", false
}

func readICMPID(p *wire.Packet) (string, bool) {
	return decimal(p.ICMP.ID), p.Layer == wire.LayerICMP
}

func readICMPSeq(p *wire.Packet) (string, bool) {
	return decimal(p.ICMP.Seq), p.Layer == wire.LayerICMP
}

func parseFlags(c *probe.Craft, _ bool, text string) error {
	c.Given |= probe.GivenFlags
	c.Flags = 0
	if text == "none" {
		return nil
	}
	for _, letter := range text {
		bit := strings.IndexRune(wire.FlagLetters, letter)
		if bit < 0 || text == "" {
			return errors.New("letters of " + wire.FlagLetters + ", or none")
		}
		c.Flags |= 1 << bit
	}
	return nil
}

func readFlags(t *wire.TCP) string { return wire.FlagsText(t.Flags) }

func parseSeq(c *probe.Craft, _ bool, text string) error {
	c.Given |= probe.GivenSeq
	return number(&c.Seq, text, 0, 1<<32-1)
}

func readSeq(t *wire.TCP) string { return decimal(t.Seq) }

func parseAck(c *probe.Craft, _ bool, text string) error {
	c.Given |= probe.GivenAck
	return number(&c.Ack, text, 0, 1<<32-1)
}

func readAck(t *wire.TCP) string { return decimal(t.Ack) }

func parseWindow(c *probe.Craft, _ bool, text string) error {
	return number(&c.Window, text, 0, 1<<16-1)
}

func readWindow(t *wire.TCP) string { return decimal(t.Window) }

func parseUrgent(c *probe.Craft, _ bool, text string) error {
	return number(&c.Urgent, text, 0, 1<<16-1)
}

func readUrgent(t *wire.TCP) string { return decimal(t.Urgent) }

func parseOptions(c *probe.Craft, v6 bool, text string) (err error) {
	c.TCPOptions, c.Timestamp, err = wire.ParseOptions(text, v6)
	return err
}

func readOptions(t *wire.TCP) string { return string(wire.AppendOptions(nil, t.Options())) }

// mostData is how long a payload can be: a packet has 65,535 bytes, and the largest headers
// are of 120.
const mostData = 65535 - 120

func setData(c *probe.Craft, data []byte) error {
	if len(data) > mostData {
		return fmt.Errorf("%d bytes, and a packet has room for %d", len(data), mostData)
	}
	c.Given |= probe.GivenData
	c.Data = data
	return nil
}

func parseData(c *probe.Craft, _ bool, text string) error {
	data, err := hex.DecodeString(text)
	if err != nil {
		return errors.New("hex digits, two for each byte")
	}
	return setData(c, data)
}

// payloadOf is the payload of a packet of TCP, UDP or ICMP.
func payloadOf(p *wire.Packet) ([]byte, bool) {
	return p.Payload, p.Layer == wire.LayerTCP || p.Layer == wire.LayerUDP || p.Layer == wire.LayerICMP
}

func readData(p *wire.Packet) (string, bool) {
	data, ok := payloadOf(p)
	return hex.EncodeToString(data), ok
}

func parseDataString(c *probe.Craft, _ bool, text string) error { return setData(c, []byte(text)) }

func parseDataLength(c *probe.Craft, _ bool, text string) error {
	var n uint16
	err := number(&n, text, 0, mostData)
	if err != nil {
		return err
	}
	return setData(c, make([]byte, n))
}

func readDataLength(p *wire.Packet) (string, bool) {
	data, ok := payloadOf(p)
	return strconv.Itoa(len(data)), ok
}

func parseBadSum(c *probe.Craft, _ bool, text string) (err error) {
	c.BadSum, err = parseSwitch(text)
	return err
}
