package lab_test

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

func TestCaptureIsExact(t *testing.T) {
	n := labtest.New(t)
	a, b := n.Host("a"), n.Host("b")
	n.Link(a, b, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	a.UDP(9, lab.Sink)
	b.UDP(9, lab.Sink)
	for _, addrs := range [][2]string{{"10.1.0.1:9", "10.1.0.2:9"}, {"[fd01::1]:9", "[fd01::2]:9"}} {
		send(t, a, addrs[1], 1) // neighbours are known after this
		send(t, b, addrs[0], 1)
		atA, atB := a.Capture("eth0"), b.Capture("eth0")
		start := time.Now()
		const there, back = 500, 300
		send(t, a, addrs[1], there)
		send(t, b, addrs[0], back)
		for _, side := range []struct {
			name string
			got  lab.Packets
			want int
		}{
			{"out of a", atA.Packets().Out(), there}, {"into b", atB.Packets().In(), there},
			{"out of b", atB.Packets().Out(), back}, {"into a", atA.Packets().In(), back},
		} {
			got := side.got.Probes()
			if len(got) != side.want {
				t.Errorf("%s, %s: %d packets, want %d", addrs, side.name, len(got), side.want)
			}
			for _, p := range got {
				if p.UDP() == nil || p.ErrorLayer() != nil || string(p.UDP().Payload) != "hello" {
					t.Fatalf("%s, %s: something else passed: %v", addrs, side.name, p)
				}
				if p.At.Before(start) || p.At.After(time.Now()) || p.Wire != len(p.Data()) {
					t.Fatalf("%s, %s: time or length is wrong: %v", addrs, side.name, p)
				}
			}
		}
	}
}

// TestOneSYN is the pattern for "exactly one SYN and nothing else": sent as a
// frame from an address that the kernel does not have, so that it says nothing.
func TestOneSYN(t *testing.T) {
	n := labtest.New(t)
	a, b := n.Host("a"), n.Host("b")
	n.Link(a, b, "10.1.0.1/24", "10.1.0.2/24")
	wire := b.Capture("eth0")
	f := append(append([]byte(b.MAC("eth0")), a.MAC("eth0")...), 0x08, 0x00)
	f = append(f,
		0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 42, 48, 1, 10, 1, 0, 2,
		0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0)
	err := a.Do(func() error {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Sendto(fd, f, 0, &unix.SockaddrLinklayer{Ifindex: a.Index("eth0")})
	})
	if err != nil {
		t.Fatal(err)
	}
	got := wire.Packets()
	if len(got) != 1 || got[0].Out || got[0].TCP() == nil || !got[0].TCP().SYN || !slices.Equal(got[0].Data(), f) {
		t.Errorf("want exactly one SYN, got\n%v", got)
	}
	wire.Forget()
	if got := wire.Packets(); len(got) != 0 {
		t.Errorf("after Forget:\n%v", got)
	}
}

// TestSilence: kernels of a new network say nothing by themselves.
func TestSilence(t *testing.T) {
	n := labtest.New(t)
	a, r, c := n.Host("a"), n.Router("r"), n.Host("c")
	n.Link(a, r, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	sw := n.Switch("lan")
	sw.Plug(r, "10.2.0.1/24", "fd02::1/64")
	wires := []*lab.Capture{a.Capture("eth0"), r.Capture("eth1")}
	sw.Plug(c, "10.2.0.2/24", "fd02::2/64")
	for _, w := range wires {
		if got := w.PacketsAfter(1500 * time.Millisecond); len(got) > 0 {
			t.Errorf("unasked:\n%v", got)
		}
	}
}

func TestChecksums(t *testing.T) {
	n := labtest.New(t)
	a, b := n.Host("a"), n.Host("b")
	n.Link(a, b, "10.1.0.1/24", "10.1.0.2/24")
	b.UDP(53, lab.Sink)
	for _, on := range []bool{false, true} {
		a.Offload("eth0", on)
		wire := b.Capture("eth0")
		send(t, a, "10.1.0.2:53", 1)
		p := wire.Await(patience, func(p *lab.Packet) bool { return p.UDP() != nil })
		if p == nil {
			t.Fatalf("offload %v: nothing arrived", on)
		}
		if got := checksumHolds(p); got == on {
			t.Errorf("offload %v: the checksum is complete: %v", on, got)
		}
	}
}

// checksumHolds tells whether an IPv4 packet's UDP checksum is right: pseudo
// header and datagram sum up to 0xffff (RFC 768).
func checksumHolds(p *lab.Packet) bool {
	ip, udp := p.IPv4(), p.UDP()
	b := slices.Concat(ip.SrcIP.To4(), ip.DstIP.To4(), []byte{0, 17, byte(udp.Length >> 8), byte(udp.Length)}, udp.Contents, udp.Payload)
	if len(b)%2 == 1 {
		b = append(b, 0)
	}
	sum := 0
	for i := 0; i < len(b); i += 2 {
		sum += int(b[i])<<8 | int(b[i+1])
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return sum == 0xffff
}
