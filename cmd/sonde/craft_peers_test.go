package main

import (
	"encoding/binary"
	"encoding/hex"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sonde/probe/wire"
)

// sameBytes are lines of other programs, and those of sonde that send the same packets, as
// README has them. HOST stands for the target, ADDRESS for our own.
var sameBytes = []struct{ theirs, ours string }{
	{"hping3 -c 1 -S -p 80 -w 1024 -o b8 -N 4660 -t 60 HOST", "tcp -PN -p 80 --tcp-options none --window 1024 --tos 0xb8 --ip-id 4660 --ttl 60 --no-df HOST"},
	{"hping3 -c 1 -S -p 80 -y --tcp-mss 1400 -w 64240 HOST", "tcp -PN -p 80 --tcp-options mss=1400 HOST"},
	{"hping3 -c 1 -S -X -Y -p 80 -w 512 -M 1000 HOST", "tcp -PN -p 80 --flags SEC --seq 1000 --window 512 --tcp-options none --no-df HOST"},
	{"hping3 -c 1 -F -P -U -p 81 -w 512 -d 8 -e signed!! HOST", "tcp -PN -p 81 --flags FPU --window 512 --data-string signed!! --no-df HOST"},
	{"hping3 -c 1 -A -p 81 -w 512 -L 77 HOST", "tcp -PN -p 81 --flags A --ack 77 --window 512 --no-df HOST"},
	{"hping3 -c 1 -2 -p 53 -d 8 -e signed!! HOST", "udp -PN -p 53 --data-string signed!! --no-df HOST"},
	{"nping -c 1 --tcp --flags syn,ece,cwr -p 80 --win 1024 --tos 184 --df --seq 1000 HOST", "tcp -PN -p 80 --flags SEC --window 1024 --tos 184 --seq 1000 --tcp-options none HOST"},
	{"nping -c 1 --tcp --flags psh,ack -p 81 --ack 77 --win 1024 --data 00ff HOST", "tcp -PN -p 81 --flags PA --ack 77 --window 1024 --data 00ff --no-df HOST"},
	{"nping -c 1 --udp -p 53 --data-string hello --ip-options \\x94\\x04\\x00\\x00 --df HOST", "udp -PN -p 53 --data-string hello --ip-options 94040000 HOST"},
	{"mausezahn eth0 -c 1 -A ADDRESS -B HOST -t tcp flags=syn,dp=80,win=1024,tos=b8", "tcp -PN -p 80 --tcp-options mss=1452,sackok,ts=422940867,nop,wscale=5 --window 1024 --tos 0xb8 --ttl 255 --no-df HOST"},
	{"mausezahn eth0 -c 1 -A ADDRESS -B HOST -t udp dp=53,p=68:65:6c:6c:6f", "udp -PN -p 53 --data-string hello --ttl 255 --no-df HOST"},
	{"hping3 -c 5 -i u200000 -S -p 80 -w 1024 HOST", "tcp -PN -p 80 -c 5 --interval 200ms --tcp-options none --window 1024 --no-df HOST"},
	{"nping -c 4 --delay 300ms --tcp --flags syn -p 80 --win 1024 HOST", "tcp -PN -p 80 -c 4 --interval 300ms --tcp-options none --window 1024 --no-df HOST"},
}

// TestSameBytesAsPeers runs each line of another program, and ours for it, and compares
// what leaves: all but what both draw at random, and checksums, which are right.
func TestSameBytesAsPeers(t *testing.T) {
	if os.Getenv("PEERS") != "1" {
		t.Skip("it runs hping3, nping and mausezahn: PEERS=1 runs it")
	}
	for _, name := range []string{"hping3", "nping", "mausezahn"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("PEERS=1, but %v (Debian packages hping3, nmap and netsniff-ng)", err)
		}
	}
	readme := strings.Join(strings.Fields(string(readPage(t, "README.md"))), " ")
	n := newOffice(t)
	n.server.TCP(80)
	host := families()[0].server
	first := func(run func()) (b []byte, sent int) {
		leaving := n.client.Capture("eth0")
		run()
		for _, p := range leaving.Packets().Out() {
			one := p.LinkLayer().LayerPayload()
			src, dst := addrsOf(one)
			var pkt wire.Packet
			if src != families()[0].client || dst != host || pkt.Parse(one, wire.TypeIPv4) && pkt.TCP.Flags&wire.RST != 0 { // the kernel's own
				continue
			}
			if sent++; sent == 1 {
				b = one
			}
		}
		if sent == 0 {
			t.Fatal("nothing leaves")
		}
		return b, sent
	}
	for _, pair := range sameBytes {
		for _, line := range []string{pair.theirs, "sonde " + pair.ours} {
			if !strings.Contains(readme, line) {
				t.Errorf("README has not %s", line)
			}
		}
		words := strings.Fields(strings.NewReplacer("HOST", host, "ADDRESS", families()[0].client).Replace(pair.theirs))
		theirs, m := first(func() {
			if words[0] == "hping3" && strings.Contains(pair.theirs, " -e ") {
				words = append(words, "-q")
			}
			finishWithin(t, 20*time.Second, n.client.Command(words[0], words[1:]...), words)
		})
		ours, k := first(func() { typed(t, n.client, strings.Fields(strings.ReplaceAll(pair.ours, "HOST", host))...) })
		if a, b := sameOf(t, theirs, pair.theirs), sameOf(t, ours, pair.theirs); a != b || m != k {
			t.Errorf("%s\n  sends %d, %s\n%s\n  sends %d, %s", pair.theirs, m, a, pair.ours, k, b)
		}
	}
}

// sameOf is a packet in hex without what was drawn at random: the IP ID, source port and
// numbers that the line does not name, and without checksums, once they are found right.
func sameOf(t *testing.T, b []byte, line string) string {
	t.Helper()
	var p wire.Packet
	if !p.Parse(b, wire.TypeIPv4) || wire.Checksum(b[:4*(b[0]&15)]) != 0 {
		t.Fatalf("not readable: %x", b)
	}
	b = append([]byte(nil), b[:p.IP.Len]...) // without padding
	header := 4 * int(b[0]&15)
	if wire.SegmentChecksum(p.IP.Src, p.IP.Dst, p.IP.Proto, b[header:]) != 0 {
		t.Errorf("%s: a wrong checksum: %x", line, b)
	}
	if at := wire.ChecksumOffset(b); at > 0 {
		binary.BigEndian.PutUint16(b[at:], 0)
	}
	random := func(at, size int, named ...string) {
		for _, flag := range named {
			if strings.Contains(line, " "+flag+" ") {
				return
			}
		}
		clear(b[at : at+size])
	}
	clear(b[10:12])
	random(4, 2, "-N", "--id")
	random(header, 2)
	if p.Layer == wire.LayerTCP {
		random(header+4, 4, "-M", "--seq")
		random(header+8, 4, "-L", "--ack")
	}
	return hex.EncodeToString(b)
}
