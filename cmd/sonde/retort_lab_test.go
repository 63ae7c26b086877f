package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"testing"

	"sonde/probe/probetest"
	"sonde/probe/wire"
	"sonde/scan/lab"
)

// retort is what a device that is no Linux says to a probe: some packets, one
// after the other. nil of them is silence.
type retort struct {
	what string // as the table of differences names it
	says []saying
}

// saying makes one packet of the one that was received, which came to target;
// gate is the device's own address. nil says nothing to such a packet.
type saying func(got *wire.Packet, raw []byte, gate netip.Addr) []byte

// device answers on a host's interface for addresses of which the host's kernel
// knows nothing.
type device struct {
	frames       *os.File
	gate4, gate6 netip.Addr
	at           func(v6 bool, port uint16) retort
	pings        bool // echo requests are answered, too, as port 0
}

// startDevice starts a device on the first interface of a host that forwards
// nothing and has these addresses. at says what a port says. It stops when the
// test ends.
func startDevice(t *testing.T, h *lab.Host, gate4, gate6 string, at func(v6 bool, port uint16) retort) {
	t.Helper()
	(&device{gate4: netip.MustParseAddr(gate4), gate6: netip.MustParseAddr(gate6), at: at}).start(t, h)
}

func (d *device) start(t *testing.T, h *lab.Host) {
	t.Helper()
	d.frames = h.Frames("eth0")
	done := make(chan struct{})
	go func() { defer close(done); d.serve() }()
	t.Cleanup(func() { d.frames.Close(); <-done })
}

// serve answers until the frames end.
func (d *device) serve() {
	const ethernet = 14
	b := make([]byte, 2048)
	for {
		n, err := d.frames.Read(b)
		if err != nil {
			return
		}
		if n < ethernet {
			continue
		}
		raw := bytes.Clone(b[ethernet:n])
		var got wire.Packet
		if !got.Parse(raw, binary.BigEndian.Uint16(b[ethernet-2:])) {
			continue
		}
		v6, gate := got.IP.Dst.Is6(), d.gate4
		if v6 {
			gate = d.gate6
		}
		var port uint16
		switch {
		case got.Layer == wire.LayerTCP:
			port = got.TCP.Dst
		case got.Layer == wire.LayerUDP:
			port = got.UDP.Dst
		case d.pings && got.ICMP.Msg == wire.EchoRequest:
		default: // ARP and ND are the kernel's
			continue
		}
		header := slices.Concat(b[6:12], b[:6], b[12:14])
		for _, say := range d.at(v6, port).says {
			if packet := say(&got, raw, gate); packet != nil {
				d.frames.Write(slices.Concat(header, packet)) // once closed, nobody listens
			}
		}
	}
}

// fromTarget and fromGate say an ICMP error of this type and code that quotes
// all of the packet.
func fromTarget(typ, code uint8) saying {
	return func(got *wire.Packet, raw []byte, _ netip.Addr) []byte {
		return complain(got, raw, got.IP.Dst, typ, code)
	}
}

func fromGate(typ, code uint8) saying {
	return func(got *wire.Packet, raw []byte, gate netip.Addr) []byte {
		return complain(got, raw, gate, typ, code)
	}
}

func complain(got *wire.Packet, raw []byte, from netip.Addr, typ, code uint8) []byte {
	ip := wire.IP{Src: from, Dst: got.IP.Src, TTL: 64, Proto: wire.ProtoICMP}
	m := wire.ICMP{Type: typ, Code: code}
	if wire.MessageOf(from.Is6(), typ, code) == wire.PacketTooBig {
		m.Info = 1280 // RFC 8200 §5: IPv6 knows nothing smaller
	}
	return wire.AppendICMP(nil, &ip, &m, raw)
}

// answers says what a host says itself, by the name that probetest gives it, if
// there is such an answer to the packet.
func answers(name string) saying {
	return func(got *wire.Packet, raw []byte, _ netip.Addr) []byte {
		typ := uint16(wire.TypeIPv4)
		if got.IP.Dst.Is6() {
			typ = wire.TypeIPv6
		}
		for _, r := range probetest.Replies(raw, typ) {
			if r.Name == name {
				return r.B
			}
		}
		return nil
	}
}

// windowed is the RST of a system that leaves the socket's window in it.
func windowed(got *wire.Packet, raw []byte, gate netip.Addr) []byte {
	if got.Layer != wire.LayerTCP || got.TCP.Flags&wire.ACK == 0 {
		return answers("RST")(got, raw, gate)
	}
	ip := wire.IP{Src: got.IP.Dst, Dst: got.IP.Src, TTL: 64, Proto: wire.ProtoTCP}
	return wire.AppendTCP(nil, &ip, &wire.TCP{Src: got.TCP.Dst, Dst: got.TCP.Src, Seq: got.TCP.Ack, Flags: wire.RST, Window: 4096}, nil)
}

// retorts lists all that devices say in the tests, for a family.
func retorts(v6 bool) []retort {
	list := []retort{
		{"silence", nil},
		{"lone SYN", []saying{answers("lone SYN")}},
		{"RST with a window", []saying{windowed}},
		{"UDP answer", []saying{answers("answer")}},
		{"error, then the port", []saying{fromGate(3, 1), answers("SYN-ACK"), answers("answer")}},
		{"error, then RST", []saying{fromGate(3, 1), answers("RST")}},
	}
	errors := []struct{ typ, first, last uint8 }{{3, 4, 8}, {3, 11, 12}, {3, 14, 16}, {4, 0, 0}, {11, 0, 1}, {12, 0, 0}}
	if v6 {
		list[4].says[0], list[5].says[0] = fromGate(1, 0), fromGate(1, 0)
		errors = []struct{ typ, first, last uint8 }{{1, 5, 7}, {2, 0, 0}, {3, 0, 1}, {4, 0, 2}}
	}
	for _, e := range errors {
		for code := e.first; code <= e.last; code++ {
			name := fmt.Sprintf("%d/%d", e.typ, code)
			list = append(list, retort{name + " from the target", []saying{fromTarget(e.typ, code)}},
				retort{name + " from the way", []saying{fromGate(e.typ, code)}})
		}
	}
	return list
}
