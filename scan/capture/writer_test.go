package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"sonde/probe/wire"
)

var start = time.Unix(1795397400, 123456789)

func write(t *testing.T, out io.Writer, link Link) {
	t.Helper()
	w, err := NewWriter(out, "sonde", link, start)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range packets() {
		x.write(w)
	}
	if err := w.Close(start.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
}

// written are the packets that a file of link has.
func written(link Link) (list []traced) {
	for _, x := range packets() {
		if link == Ethernet || x.typ != wire.TypeARP {
			list = append(list, x)
		}
	}
	return list
}

// TestReadBack: gopacket's reader, which by default takes no file with several link
// types, reads the packets and the addresses of their frames.
func TestReadBack(t *testing.T) {
	for _, link := range []Link{Ethernet, RawIP} {
		var file bytes.Buffer
		write(t, &file, link)
		r, err := pcapgo.NewNgReader(&file, pcapgo.DefaultNgReaderOptions)
		if err != nil {
			t.Fatal(err)
		}
		if r.LinkType() != layers.LinkType(link) || r.NInterfaces() != 1 {
			t.Errorf("link type %v, %d interfaces", r.LinkType(), r.NInterfaces())
		}
		for i, x := range written(link) {
			data, info, err := r.ReadPacketData()
			if err != nil {
				t.Fatalf("packet %d: %v", i, err)
			}
			if want := start.Add(x.at); !info.Timestamp.Equal(want) {
				t.Errorf("packet %d: at %v, want %v", i, info.Timestamp, want)
			}
			if info.Length != len(data) || info.CaptureLength != len(data) {
				t.Errorf("packet %d: %+v of %d bytes", i, info, len(data))
			}
			if link == Ethernet {
				from, to := x.ends()
				eth := gopacket.NewPacket(data, r.LinkType(), gopacket.Default).Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
				if !bytes.Equal(eth.SrcMAC, from[:]) || !bytes.Equal(eth.DstMAC, to[:]) || uint16(eth.EthernetType) != x.typ {
					t.Errorf("packet %d: %v", i, eth)
				}
				data = data[14:]
			}
			if !bytes.Equal(data, x.b) {
				t.Errorf("packet %d: %x, want %x", i, data, x.b)
			}
		}
		if _, _, err := r.ReadPacketData(); err != io.EOF {
			t.Errorf("behind the last packet: %v", err)
		}
	}
}

// tool looks up a program that reads captures. Where PEERS=1 promises that it is
// there, its absence is a failure.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("PEERS") == "1" {
			t.Fatal(err)
		}
		t.Skip("not compared with", name, err)
	}
	return path
}

// writeFile writes a capture for another program, and returns its path.
func writeFile(t *testing.T, link Link) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out.pcapng")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, f, link)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTcpdump: what is built on libpcap reads the files.
func TestTcpdump(t *testing.T) {
	tcpdump := tool(t, "tcpdump")
	for _, link := range []Link{Ethernet, RawIP} {
		var stderr bytes.Buffer
		cmd := exec.Command(tcpdump, "-nn", "-r", writeFile(t, link))
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("link type %d: %v: %s", link, err, stderr.String())
		}
		if n := strings.Count(string(out), "\n"); n < len(written(link)) || !strings.Contains(string(out), "10.0.0.1.61003 > 10.0.0.2.80: Flags [S]") {
			t.Errorf("link type %d: %d lines:\n%s", link, n, out)
		}
	}
}

// TestTshark: tshark sees the packets, their direction and their comments.
func TestTshark(t *testing.T) {
	tshark := tool(t, "tshark")
	for _, link := range []Link{Ethernet, RawIP} {
		cmd := exec.Command(tshark, "-n", "-r", writeFile(t, link), "-T", "fields", "-E", "separator=|", "-e", "frame.time_epoch",
			"-e", "frame.packet_flags_direction", "-e", "frame.comment", "-e", "frame.protocols")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %s", err, stderr.String())
		}
		lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		if len(lines) != len(written(link)) {
			t.Fatalf("%d lines:\n%s", len(lines), out)
		}
		for i, x := range written(link) {
			x.sameInTshark(t, i, strings.Split(lines[i], "|"))
		}
	}
}

func (x *traced) sameInTshark(t *testing.T, i int, field []string) {
	at := start.Add(x.at)
	if want := fmt.Sprintf("%d.%09d", at.Unix(), at.Nanosecond()); field[0] != want {
		t.Errorf("packet %d: at %s, want %s", i, field[0], want)
	}
	direction := map[Direction]string{Received: "0x00000001", Sent: "0x00000002"}[x.dir]
	if got := strings.TrimPrefix(field[1], "0x"); strings.TrimLeft(got, "0") != strings.TrimLeft(direction[2:], "0") {
		t.Errorf("packet %d: direction %q, want %s", i, field[1], direction)
	}
	if field[2] != x.comment {
		t.Errorf("packet %d: comment %q, want %q", i, field[2], x.comment)
	}
	if !strings.Contains(field[3], x.proto) {
		t.Errorf("packet %d: protocols %q, want %q", i, field[3], x.proto)
	}
}

// failing takes so many writes.
type failing int

func (f *failing) Write(b []byte) (int, error) {
	if *f--; *f < 0 {
		return 0, errors.New("full")
	}
	return len(b), nil
}

func TestWriterKeepsError(t *testing.T) {
	none := failing(0)
	if _, err := NewWriter(&none, "", Ethernet, start); err == nil {
		t.Error("no error for the head")
	}
	two := failing(2)
	w, err := NewWriter(&two, "", Ethernet, start)
	if err != nil {
		t.Fatal(err)
	}
	x := packets()[2]
	for range 5 {
		x.write(w)
	}
	if err := w.Close(start.Add(time.Minute)); err == nil || err.Error() != "full" {
		t.Error(err)
	}
	if two != -1 {
		t.Errorf("%d writes after the error", -1-two)
	}
}

func TestWriterIsSafeForConcurrentUse(t *testing.T) {
	var file bytes.Buffer
	w, err := NewWriter(&file, "", Ethernet, start)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, x := range packets() {
		wg.Go(func() {
			for range 50 {
				x.write(w)
			}
		})
	}
	wg.Wait()
	r, err := pcapgo.NewNgReader(&file, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; err == nil; n++ {
		_, _, err = r.ReadPacketData()
	}
	if err != io.EOF || n-1 != 50*len(packets()) {
		t.Errorf("%d packets, then %v", n-1, err)
	}
}

func TestWriterDoesNotAllocate(t *testing.T) {
	w, err := NewWriter(io.Discard, "", Ethernet, start)
	if err != nil {
		t.Fatal(err)
	}
	comment := []byte("tcp 80, try 1")
	for _, x := range packets() {
		from, to := x.ends()
		if n := testing.AllocsPerRun(10, func() { w.Packet(x.dir, x.at, x.typ, from, to, x.b, comment) }); n > 0 {
			t.Errorf("%v allocations for %s", n, x.line)
		}
	}
}

// What is no ARP message after all is written without a panic.
func TestShortARP(t *testing.T) {
	var file bytes.Buffer
	w, err := NewWriter(&file, "", Ethernet, start)
	if err != nil {
		t.Fatal(err)
	}
	w.Packet(Sent, 0, wire.TypeARP, ourMAC, theirMAC, []byte{1, 2, 3}, bytes.Repeat([]byte("c"), 1<<17))
	w.Packet(Received, 0, wire.TypeARP, theirMAC, ourMAC, nil, nil)
	r, err := pcapgo.NewNgReader(&file, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{17, 14} {
		if data, _, err := r.ReadPacketData(); err != nil || len(data) != want {
			t.Errorf("%d bytes, want %d: %v", len(data), want, err)
		}
	}
}
