package lab_test

import (
	"net"
	"testing"
	"time"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

func TestSlowLink(t *testing.T) {
	n := labtest.New(t)
	a, b := n.Host("a"), n.Host("b")
	const oneWay = 30 * time.Millisecond
	n.SlowLink(a, b, oneWay, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	b.UDP(7, lab.Echo)
	for _, addr := range []string{"10.1.0.2:7", "[fd01::2]:7"} {
		wire := a.Capture("eth0")
		send(t, a, addr, 1) // neighbours are known after this
		wire.Await(patience, func(p *lab.Packet) bool { return !p.Out && p.UDP() != nil })
		wire.PacketsAfter(5 * oneWay)
		wire.Forget()
		send(t, a, addr, 1)
		wire.Await(patience, func(p *lab.Packet) bool { return !p.Out && p.UDP() != nil })
		udp := wire.PacketsAfter(5 * oneWay).Find(func(p *lab.Packet) bool { return p.UDP() != nil })
		if len(udp) != 2 {
			t.Fatalf("%s: want a datagram and its echo, got\n%v", addr, udp)
		}
		// A busy machine makes it later, never earlier.
		if rtt := udp[1].At.Sub(udp[0].At); rtt < 2*oneWay || rtt > 2*oneWay+patience {
			t.Errorf("%s: round trip of %v over a link of %v each way", addr, rtt, oneWay)
		}
	}
}

func TestSlowLinkCarriesAll(t *testing.T) {
	n := labtest.New(t)
	a, b := n.Host("a"), n.Host("b")
	n.SlowLink(a, b, 0, "10.1.0.1/24", "10.1.0.2/24")
	b.UDP(9, lab.Sink)
	f := b.Firewall(lab.Rule{Name: "arrived", Proto: "udp"})
	wire := b.Capture("eth0")
	send(t, a, "10.1.0.2:9", 1)
	wire.Packets() // the neighbour is known after this: frames that wait for it are few
	const frames, bytes = 100, 1400
	err := a.Do(func() error {
		c, err := net.Dial("udp", "10.1.0.2:9")
		if err != nil {
			return err
		}
		defer c.Close()
		for range frames {
			if _, err := c.Write(make([]byte, bytes)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wire.Packets()
	if got := f.Count("arrived"); got != frames+1 {
		t.Errorf("%d datagrams arrived, want %d", got, frames+1)
	}
}
