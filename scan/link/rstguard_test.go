package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/google/nftables"
	"kernel.org/pub/linux/libs/security/libcap/cap"

	"sonde/probe/wire"
	"sonde/scan/lab"
	"sonde/scan/sandbox"
)

// guards lists the guards' tables on a host.
func guards(t *testing.T, h *lab.Host) (names []string) {
	t.Helper()
	on(t, h, func() error {
		tables, err := (&nftables.Conn{}).ListTables()
		for _, table := range tables {
			if strings.HasPrefix(table.Name, "sonde-") {
				flags := binary.NativeEndian.AppendUint32(nil, table.Flags) // as they came, in network byte order
				names = append(names, fmt.Sprintf("%s %d %d", table.Name, table.Family, binary.BigEndian.Uint32(flags)))
			}
		}
		return err
	})
	return names
}

// TestRSTGuard: of what a host's kernel answers, the guard keeps back RSTs without
// ACK from its ports, both ends included, until it is closed; nothing else.
func TestRSTGuard(t *testing.T) {
	p := newPair(t)
	seen := p.server.Capture("eth0")
	asked := uint16(sourcePort) // a port of its own for each question
	for i, ours := range p.ours {
		to := netip.MustParseAddr(ours)
		tab, l := openLink(t, p.server, RouteOptions{}, Needs{V4: true, V6: true, TCP: true}, start, ours)
		// kept tells whether the answer to a segment is kept back. The one to a
		// segment to port 9 behind it comes next.
		kept := func(port uint16, flags uint8) bool {
			t.Helper()
			asked += 2
			for i, dst := range []uint16{port, 9} {
				ip, packet := header(tab, to, wire.ProtoTCP)
				packet.B = wire.AppendTCP(nil, &ip, &wire.TCP{Src: asked + uint16(i), Dst: dst, Seq: 1, Ack: 2, Flags: flags, Window: 1024}, nil)
				if n, err := sendOne(l, packet); n != 1 || err != nil {
					t.Fatal(n, err)
				}
			}
			first := seen.Await(waits, func(x *lab.Packet) bool {
				return x.TCP() != nil && x.TCP().RST && (uint16(x.TCP().DstPort) == asked || uint16(x.TCP().DstPort) == asked+1)
			})
			if first == nil {
				t.Fatal("port 9 does not answer")
			}
			return uint16(first.TCP().DstPort) != asked
		}
		want := func(when string, held ...uint16) {
			t.Helper()
			for _, port := range []uint16{999, 1000, 1500, 1999, 2000} {
				for _, flags := range []uint8{wire.SYN | wire.ACK, wire.ACK, wire.SYN} {
					should := false
					for _, h := range held {
						should = should || port == h && flags != wire.SYN
					}
					if got := kept(port, flags); got != should {
						t.Errorf("%s, %s, port %d, flags %#x: kept back %v, want %v", ours, when, port, flags, got, should)
					}
				}
			}
		}
		want("without a guard")
		var g, one *RSTGuard
		on(t, p.client, func() (err error) {
			g, err = OpenRSTGuard(PortRange{1000, 1999})
			return err
		})
		want("guarded", 1000, 1500, 1999)
		on(t, p.client, func() (err error) {
			one, err = OpenRSTGuard(PortRange{2000, 2000})
			return err
		})
		if tables := guards(t, p.client); len(tables) != 2 || !strings.HasSuffix(tables[0], fmt.Sprintf(" %d %d", nftables.TableFamilyINet, tableOwner)) {
			t.Errorf("tables with name, family and flags: %v", tables)
		}
		if i == 0 { // as whoever it is: only the owner may
			on(t, p.client, func() error {
				conn := &nftables.Conn{}
				tables, err := conn.ListTables()
				if err != nil {
					return err
				}
				for _, table := range tables {
					if strings.HasPrefix(table.Name, "sonde-") {
						conn.DelTable(table)
					}
				}
				if err := conn.Flush(); !errors.Is(err, syscall.EPERM) {
					t.Errorf("somebody else deletes the table: %v", err)
				}
				return nil
			})
		}
		want("guarded twice", 1000, 1500, 1999, 2000)
		for _, guard := range []*RSTGuard{g, one} {
			if err := guard.Close(); err != nil {
				t.Error(err)
			}
		}
		if tables := guards(t, p.client); len(tables) > 0 {
			t.Errorf("tables are left: %v", tables)
		}
		want("guarded no more")
	}
	if tables := guards(t, p.server); len(tables) > 0 {
		t.Errorf("tables on another host: %v", tables)
	}
}

// TestRSTGuardNotPermitted: without CAP_NET_ADMIN there is no guard, and the error
// says what is missing.
func TestRSTGuardNotPermitted(t *testing.T) {
	inChild(t, "TestRSTGuardNotPermitted", func() {
		if _, err := sandbox.Enter(sandbox.Policy{Nobody: sandbox.StayUser, Keep: []cap.Value{cap.NET_RAW}}); err != nil {
			t.Fatal(err)
		}
		g, err := OpenRSTGuard(PortRange{1000, 1999})
		if !errors.Is(err, syscall.EPERM) || !strings.HasPrefix(err.Error(), "CAP_NET_ADMIN is missing: ") || g != nil {
			t.Errorf("%v, %v", g, err)
		}
	})
}
