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

func write(t *testing.T, out io.Writer) {
	t.Helper()
	w, err := NewWriter(out, "sonde", start)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range packets() {
		w.Packet(x.dir, x.at, x.typ, x.mac, x.b, []byte(x.comment))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestReadBack(t *testing.T) {
	var file bytes.Buffer
	write(t, &file)
	r, err := pcapgo.NewNgReader(&file, pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range packets() {
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
		iface, err := r.Interface(info.InterfaceIndex)
		if err != nil {
			t.Fatal(err)
		}
		if x.typ == wire.TypeARP {
			eth := gopacket.NewPacket(data, iface.LinkType, gopacket.Default).Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
			src, dst := x.mac, ourMAC
			if x.dir == Sent {
				src, dst = ourMAC, x.mac
			}
			if !bytes.Equal(eth.SrcMAC, src[:]) || !bytes.Equal(eth.DstMAC, dst[:]) || eth.EthernetType != layers.EthernetTypeARP {
				t.Errorf("packet %d: %v", i, eth)
			}
			data = data[14:]
		} else if iface.LinkType != layers.LinkTypeRaw {
			t.Errorf("packet %d: link type %v", i, iface.LinkType)
		}
		if !bytes.Equal(data, x.b) {
			t.Errorf("packet %d: %x, want %x", i, data, x.b)
		}
	}
	if _, _, err := r.ReadPacketData(); err != io.EOF {
		t.Errorf("behind the last packet: %v", err)
	}
}

// tshark must see the packets, their direction and their comments.
func TestTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		if os.Getenv("PEERS") == "1" {
			t.Fatal(err)
		}
		t.Skip("not compared with tshark:", err)
	}
	path := filepath.Join(t.TempDir(), "out.pcapng")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, f)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tshark, "-n", "-r", path, "-T", "fields", "-E", "separator=|", "-e", "frame.time_epoch",
		"-e", "frame.packet_flags_direction", "-e", "frame.comment", "-e", "frame.protocols")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != len(packets()) {
		t.Fatalf("%d lines:\n%s", len(lines), out)
	}
	for i, x := range packets() {
		field := strings.Split(lines[i], "|")
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
	if _, err := NewWriter(&none, "", start); err == nil {
		t.Error("no error for the head")
	}
	two := failing(2)
	w, err := NewWriter(&two, "", start)
	if err != nil {
		t.Fatal(err)
	}
	x := packets()[2]
	for range 5 {
		w.Packet(x.dir, x.at, x.typ, x.mac, x.b, nil)
	}
	if err := w.Close(); err == nil || err.Error() != "full" {
		t.Error(err)
	}
	if two != -1 {
		t.Errorf("%d writes after the error", -1-two)
	}
}

func TestWriterIsSafeForConcurrentUse(t *testing.T) {
	var file bytes.Buffer
	w, err := NewWriter(&file, "", start)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, x := range packets() {
		wg.Go(func() {
			for range 50 {
				w.Packet(x.dir, x.at, x.typ, x.mac, x.b, []byte(x.comment))
			}
		})
	}
	wg.Wait()
	r, err := pcapgo.NewNgReader(&file, pcapgo.NgReaderOptions{WantMixedLinkType: true})
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
	w, err := NewWriter(io.Discard, "", start)
	if err != nil {
		t.Fatal(err)
	}
	comment := []byte("tcp 80, try 1")
	for _, x := range packets() {
		if n := testing.AllocsPerRun(10, func() { w.Packet(x.dir, x.at, x.typ, x.mac, x.b, comment) }); n > 0 {
			t.Errorf("%v allocations for %s", n, x.line)
		}
	}
}

// What is no ARP message after all is written without a panic.
func TestShortARP(t *testing.T) {
	var file bytes.Buffer
	w, err := NewWriter(&file, "", start)
	if err != nil {
		t.Fatal(err)
	}
	w.Packet(Sent, 0, wire.TypeARP, theirMAC, []byte{1, 2, 3}, bytes.Repeat([]byte("c"), 1<<17))
	w.Packet(Received, 0, wire.TypeARP, theirMAC, nil, nil)
	r, err := pcapgo.NewNgReader(&file, pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{17, 14} {
		if data, _, err := r.ReadPacketData(); err != nil || len(data) != want {
			t.Errorf("%d bytes, want %d: %v", len(data), want, err)
		}
	}
}
