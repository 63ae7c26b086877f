package lab

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"golang.org/x/sys/unix"
)

// quiet is how long nothing may happen on an interface before Packets believes
// that all has happened.
const quiet = 50 * time.Millisecond

// Capture records every frame that passes an interface, in both directions. The
// kernel writes the frames into memory shared with this process, so that none is
// missed while the process does something else.
type Capture struct {
	host  *Host
	iface string
	ring  *ring
	ether bool
	got   Packets
}

// Capture starts recording; every frame from its return on is seen. It sees what
// comes in before any firewall but Ingress of the same host does, and what goes
// out after every firewall.
func (h *Host) Capture(iface string) *Capture {
	h.net.t.Helper()
	l := h.link(iface)
	c := &Capture{host: h, iface: iface, ether: len(l.Attrs().HardwareAddr) > 0}
	h.do("capture on "+iface, func() (err error) {
		c.ring, err = openRing(l.Attrs().Index, wholeFrames)
		return err
	})
	h.net.own(c.ring)
	return c
}

// Packets waits until nothing has passed for 50 ms and returns all packets since
// the capture began, or since Forget. Frames that the kernel could not keep are
// fatal: what is returned is everything.
func (c *Capture) Packets() Packets {
	c.host.net.t.Helper()
	return c.PacketsAfter(quiet)
}

// PacketsAfter is Packets with another time of quiet, for a network whose next
// packet may come later. After 30 s of packets without quiet it is fatal.
func (c *Capture) PacketsAfter(quiet time.Duration) Packets {
	c.host.net.t.Helper()
	end := time.Now().Add(30 * time.Second)
	for c.wait(quiet) {
		if time.Now().After(end) {
			c.host.fail("%s is never quiet for %v", c.iface, quiet)
		}
	}
	return c.got
}

// Await waits at most so long for a packet that match accepts, among those
// already there too, and returns nil if there is none.
func (c *Capture) Await(most time.Duration, match func(*Packet) bool) *Packet {
	c.host.net.t.Helper()
	end := time.Now().Add(most)
	for seen := 0; ; {
		for ; seen < len(c.got); seen++ {
			if match(c.got[seen]) {
				return c.got[seen]
			}
		}
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		c.wait(left)
	}
}

// Forget drops what was recorded so far, after waiting for quiet.
func (c *Capture) Forget() {
	c.host.net.t.Helper()
	c.Packets()
	c.got = nil
}

// wait takes over what the ring holds, waiting at most so long for something; it
// returns whether there was anything.
func (c *Capture) wait(most time.Duration) bool {
	c.host.net.t.Helper()
	if err := c.ring.wait(most); err != nil {
		c.host.fail("capture on %s: %v", c.iface, err)
	}
	before := len(c.got)
	c.ring.drain(func(f frame) { c.got = append(c.got, c.decode(f)) })
	drops, err := c.ring.drops()
	if err != nil || drops > 0 {
		c.host.fail("capture on %s: %d frames lost, %v", c.iface, drops, err)
	}
	return len(c.got) > before
}

func (c *Capture) decode(f frame) *Packet {
	first := layers.LayerTypeEthernet
	if !c.ether {
		first = layers.LayerTypeIPv4
		if len(f.data) > 0 && f.data[0]>>4 == 6 {
			first = layers.LayerTypeIPv6
		}
	}
	// NewPacket recovers from its decoders' panics; the layers by themselves
	// do not.
	return &Packet{
		Packet: gopacket.NewPacket(f.data, first, gopacket.Default),
		At:     f.at, Out: f.out, Wire: f.wire,
	}
}

// frame is one record of the ring. data is a copy.
type frame struct {
	at   time.Time
	out  bool
	wire int
	data []byte
}

// The layout of one record in a ring of version 2 (linux/if_packet.h): struct
// tpacket2_hdr, aligned to 16, then struct sockaddr_ll.
const (
	hdrStatus  = 0
	hdrLen     = 4
	hdrSnaplen = 8
	hdrMAC     = 12
	hdrSec     = 16
	hdrNsec    = 20
	sllPkttype = 32 + 10
)

func parseFrame(b []byte) (frame, error) {
	u32 := func(i int) int { return int(binary.NativeEndian.Uint32(b[i:])) }
	start, snap := int(binary.NativeEndian.Uint16(b[hdrMAC:])), u32(hdrSnaplen)
	if start+snap > len(b) {
		return frame{}, fmt.Errorf("record of %d bytes at %d in %d", snap, start, len(b))
	}
	return frame{
		at:   time.Unix(int64(u32(hdrSec)), int64(u32(hdrNsec))),
		out:  b[sllPkttype] == unix.PACKET_OUTGOING,
		wire: u32(hdrLen),
		data: append([]byte(nil), b[start:start+snap]...),
	}, nil
}
