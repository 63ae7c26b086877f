package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sonde/probe/wire"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
	"sonde/scan/report"
)

// middlebox is a NAT and a firewall of our own, since it is to do everything at once: it
// gives clients another address and other ports, randomises their sequence numbers, wipes
// the DSCP, lowers the MSS, and loses what is asked of some ports, or answered by others.
type middlebox struct {
	inside, outside netip.Addr
	lostThere       func(port uint16) bool
	lostBack        func(port uint16) bool

	mu    sync.Mutex
	port  map[uint16]uint16 // outside, by inside
	back  map[uint16]uint16
	shift map[uint16]uint32 // of sequence numbers, by inside
}

func newMiddlebox(inside, outside string, there, back func(port uint16) bool) *middlebox {
	return &middlebox{inside: netip.MustParseAddr(inside), outside: netip.MustParseAddr(outside), lostThere: there, lostBack: back,
		port: map[uint16]uint16{}, back: map[uint16]uint16{}, shift: map[uint16]uint32{}}
}

// transport returns what stands behind the IP header, and its protocol.
func transportOf(b []byte) (proto uint8, segment []byte) {
	if b[0]>>4 == 4 {
		return b[9], b[int(b[0]&15)*4:]
	}
	return b[6], b[40:]
}

// rename replaces an address at the place of the source, or of the destination.
func rename(b []byte, source bool, from, to netip.Addr) bool {
	at := 24
	switch {
	case b[0]>>4 == 4 && source:
		at = 12
	case b[0]>>4 == 4:
		at = 16
	case source:
		at = 8
	}
	if !bytes.Equal(b[at:at+len(from.AsSlice())], from.AsSlice()) {
		return false
	}
	copy(b[at:], to.AsSlice())
	return true
}

// there is what becomes of a packet of the client.
func (m *middlebox) there(b []byte) (on, back [][]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	proto, segment := transportOf(b)
	if len(segment) < 8 || !rename(b, true, m.inside, m.outside) {
		return [][]byte{b}, nil
	}
	port := func(at []byte) uint16 {
		inside := binary.BigEndian.Uint16(at)
		if m.port[inside] == 0 {
			m.port[inside] = uint16(2000 + len(m.port))
			m.back[m.port[inside]], m.shift[inside] = inside, uint32(len(m.port))*0x9e3779b9
		}
		binary.BigEndian.PutUint16(at, m.port[inside])
		return inside
	}
	switch proto {
	case wire.ProtoTCP:
		inside := port(segment)
		binary.BigEndian.PutUint32(segment[4:], binary.BigEndian.Uint32(segment[4:])+m.shift[inside])
		fallthrough
	case wire.ProtoUDP:
		if proto == wire.ProtoUDP {
			port(segment)
		}
		if m.lostThere(binary.BigEndian.Uint16(segment[2:])) {
			return nil, nil
		}
	case wire.ProtoICMP, wire.ProtoICMPv6:
		port(segment[4:])
	}
	lab.SetDSCP(b, 0)
	lab.SetMSS(b, 1200)
	lab.FixChecksums(b)
	return [][]byte{b}, nil
}

// again is what becomes of a packet of the server.
func (m *middlebox) again(b []byte) (on, back [][]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	proto, segment := transportOf(b)
	if len(segment) < 8 || !rename(b, false, m.outside, m.inside) {
		return [][]byte{b}, nil
	}
	at := segment[2:]
	switch proto {
	case wire.ProtoTCP, wire.ProtoUDP:
		if m.lostBack(binary.BigEndian.Uint16(segment)) {
			return nil, nil
		}
	default:
		at = segment[4:]
		if segment[0] == 3 || segment[0] == 1 { // an error: what it quotes is of the client, too
			return nil, nil
		}
	}
	inside := m.back[binary.BigEndian.Uint16(at)]
	binary.BigEndian.PutUint16(at, inside)
	if proto == wire.ProtoTCP {
		binary.BigEndian.PutUint32(segment[8:], binary.BigEndian.Uint32(segment[8:])-m.shift[inside])
	}
	lab.FixChecksums(b)
	return [][]byte{b}, nil
}

// dump runs tcpdump on a host until stop is called.
func dump(t *testing.T, h *lab.Host, file string, args ...string) (stop func()) {
	t.Helper()
	if _, err := exec.LookPath("tcpdump"); err != nil {
		if os.Getenv("PEERS") == "1" {
			t.Fatal(err)
		}
		t.Skip("no tcpdump: apt install tcpdump")
	}
	cmd := h.Command("tcpdump", append([]string{"-U", "-B", "16384", "-Z", "root", "-w", file}, args...)...)
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1<<12)
	text := ""
	for !strings.Contains(text, "listening on") {
		n, err := said.Read(b)
		if text += string(b[:n]); err != nil {
			t.Fatalf("tcpdump: %s%v", text, err)
		}
	}
	return func() {
		t.Helper()
		for size, still := int64(-1), 0; still < 10; time.Sleep(100 * time.Millisecond) { // tcpdump reads what the kernel has seen already
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if still++; info.Size() != size {
				size, still = info.Size(), 0
			}
		}
		cmd.Process.Signal(syscall.SIGINT)
		for err := error(nil); err == nil; {
			var n int
			n, err = said.Read(b)
			text += string(b[:n])
		}
		if err := cmd.Wait(); err != nil {
			t.Fatalf("tcpdump: %v", err)
		}
		if !strings.Contains(text, "\n0 packets dropped by kernel") {
			t.Fatalf("tcpdump lost something: %s", text)
		}
	}
}

// TestComparePeers tells the three cases apart, of real kernels and live captures: of SYNs,
// datagrams and echo requests, through a NAT and firewall that changes all it may, with
// duplicates and packets out of order, in both families.
func TestComparePeers(t *testing.T) {
	labtest.NeedTUN(t)
	for _, tt := range []struct{ name, client, server, outside, mask string }{
		{"IPv4", "10.1.0.1", "10.1.0.10", "10.1.0.77", "/24"},
		{"IPv6", "fd01::1", "fd01::10", "fd01::77", "/64"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := labtest.New(t)
			client, server := n.Host("client"), n.Host("server")
			m := newMiddlebox(tt.client, tt.outside, func(port uint16) bool { return port%10 == 2 }, func(port uint16) bool { return port%10 == 3 })
			bad := lab.Impair{Seed: 7, Delay: 2 * time.Millisecond, Jitter: time.Millisecond, Duplicate: 0.05, Reorder: 0.05}
			there, back := bad, bad
			there.Hook, back.Hook = m.there, m.again
			n.Emulated(client, server, there, back, tt.client+tt.mask, tt.server+tt.mask)
			server.NoICMPLimit()
			server.Firewall(lab.Rule{Proto: "tcp", Dport: "1400-1499", Do: lab.Drop}, lab.Rule{Proto: "udp", Do: lab.Drop})
			server.TCP(1001)
			dir := t.TempDir()
			near, far, own := filepath.Join(dir, "near.pcap"), filepath.Join(dir, "far.pcap"), filepath.Join(dir, "own.pcapng")
			stopNear, stopFar := dump(t, client, near, "-i", "tun0"), dump(t, server, far, "-i", "any")
			ask(t, client, "sweep -PE "+tt.server) // both captures are being made, as far as they show
			ask(t, client, "tcp -PN -p 1000-1999 --dscp ef --pcap "+own+" "+tt.server)
			ask(t, client, "udp -PN -p 3000-3009 --max-retries 0 "+tt.server)
			ask(t, client, "sweep -PE "+tt.server)
			stopNear()
			stopFar()
			o := ask(t, client, "compare", near, far)
			o.wantExit(t, 0)
			wantFates(t, o, 3) // asked again when the answer was on its way, and came twice
			o.wantText(t, "QUESTION", "NEVER ARRIVED", "there mss", "there dscp", "there seq", "there sport", "ef", "cs0", "The far clock is", "cannot be told apart")
			o = ask(t, client, "compare", own, far)
			o.wantExit(t, 0)
			wantFates(t, o, 70) // sonde takes the time before it sends, which may be long before on a busy machine
			if o := typed(t, client, "compare", far, near); o.exit != 2 || !strings.Contains(o.stderr, "in the wrong order") || strings.Count(o.stderr, "\n") != 1 || o.text != "" {
				t.Errorf("swapped: exit %d, %s", o.exit, o.stderr)
			}
		})
	}
}

// wantFates holds the verdicts to what the middlebox and the server did; so many questions
// may be called unsure.
func wantFates(t *testing.T, o *outcome, unsure int) {
	t.Helper()
	wrong, n := map[string]int{}, map[report.Fate]int{}
	for _, p := range recordsOf[*report.Pair](o.records) {
		want := report.Answered
		switch port := p.Near.Dst.Port(); {
		case port >= 4000:
			continue // a port that nobody uses, whose answers sonde does not always wait for
		case p.Proto == "icmp":
		case port%10 == 2:
			want = report.LostThere
		case p.Proto == "udp" || port >= 1400 && port < 1500:
			want = report.Unanswered
		case port%10 == 3:
			want = report.LostBack
		}
		n[p.Verdict]++
		switch {
		case p.Verdict == want:
		case p.Verdict == report.Unsure && unsure > 0:
			unsure--
		default:
			wrong[fmt.Sprintf("%s %d: %v, want %v", p.Proto, p.Near.Dst.Port(), p.Verdict, want)]++
		}
	}
	// Of a hundred ports SYNs never arrive, of 90 answers are lost, 80 do not answer, and
	// each of these is asked twice at least.
	open := n[report.Unsure]
	if len(wrong) > 0 || n[report.LostThere] < 200-open || n[report.LostBack] < 180-open || n[report.Unanswered] < 160-open || n[report.Answered] < 720-open {
		t.Errorf("%v; wrong: %v", n, wrong)
	}
}
