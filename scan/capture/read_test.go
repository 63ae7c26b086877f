package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket/pcapgo"

	"sonde/probe/wire"
)

// pcapFile is a pcap file with the packets of this package's tests.
func pcapFile(order binary.ByteOrder, nano bool, link Link) []byte {
	magic, unit := uint32(pcapMicro), time.Microsecond
	if nano {
		magic, unit = pcapNano, time.Nanosecond
	}
	b := make([]byte, 24)
	order.PutUint32(b, magic)
	order.PutUint16(b[4:], 2)
	order.PutUint16(b[6:], 4)
	order.PutUint32(b[16:], 1<<18)
	order.PutUint32(b[20:], uint32(link))
	for _, x := range written(RawIP) {
		at := start.Add(x.at)
		head := make([]byte, 16)
		order.PutUint32(head, uint32(at.Unix()))
		order.PutUint32(head[4:], uint32(at.Nanosecond())/uint32(unit))
		order.PutUint32(head[8:], uint32(len(x.b)))
		order.PutUint32(head[12:], uint32(len(x.b)+7))
		b = append(append(b, head...), x.b...)
	}
	return b
}

// ngFile is a pcapng file with two sections of both byte orders, in each of which there
// are interfaces with clocks of their own, and with blocks that nobody knows.
func ngFile() []byte {
	var b []byte
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		block := func(kind uint32, body []byte) {
			for len(body)%4 != 0 {
				body = append(body, 0)
			}
			b = order.AppendUint32(order.AppendUint32(b, kind), uint32(len(body)+12))
			b = order.AppendUint32(append(b, body...), uint32(len(body)+12))
		}
		section := order.AppendUint16(order.AppendUint16(order.AppendUint32(nil, byteOrder), 1), 0)
		block(blockSection, order.AppendUint64(section, unknownLength))
		block(0x0bad, []byte("a block that nobody knows"))
		iface := func(link Link, options ...byte) {
			head := order.AppendUint32(order.AppendUint16(order.AppendUint16(nil, uint16(link)), 0), 0)
			block(blockInterface, append(head, options...))
		}
		code := func(code uint16, value ...byte) []byte {
			o := order.AppendUint16(order.AppendUint16(nil, code), uint16(len(value)))
			return appendPadded(o, value)
		}
		iface(RawIP)
		iface(RawIP, append(code(optionTimes, 9), code(optionTimeOffset, order.AppendUint64(nil, 1_000_000_000)...)...)...)
		iface(linkIPv6, code(optionTimes, 0x80|20)...)
		for i, x := range written(RawIP) {
			at := start.Add(x.at)
			ticks := uint64(at.UnixMicro())
			switch i % 3 {
			case 1:
				ticks = uint64(at.UnixNano() - 1e18)
			case 2:
				ticks = uint64(at.Unix())<<20 | uint64(at.Nanosecond())<<20/1e9
			}
			p := order.AppendUint32(order.AppendUint32(nil, uint32(i%3)), uint32(ticks>>32))
			p = order.AppendUint32(order.AppendUint32(p, uint32(ticks)), uint32(len(x.b)))
			block(blockPacket, append(order.AppendUint32(p, uint32(len(x.b)+7)), x.b...))
		}
	}
	return b
}

func packed(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

// all reads a capture to its end.
func all(b []byte) (list []Frame, err error) {
	r, err := NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	for {
		var f Frame
		if err := r.Next(&f); err != nil {
			if err == io.EOF {
				err = nil
			}
			return list, err
		}
		f.Data = bytes.Clone(f.Data)
		list = append(list, f)
	}
}

// TestRead: every packet comes back with its time, whatever the format.
func TestRead(t *testing.T) {
	want := written(RawIP)
	for name, tt := range map[string]struct {
		file  []byte
		times int           // the packets are there so often
		exact time.Duration // of the times
	}{
		"pcap":                        {pcapFile(binary.LittleEndian, false, RawIP), 1, time.Microsecond},
		"pcap, big-endian":            {pcapFile(binary.BigEndian, false, RawIP), 1, time.Microsecond},
		"pcap, nanoseconds":           {pcapFile(binary.LittleEndian, true, RawIP), 1, 1},
		"pcap, big-endian nanosecond": {pcapFile(binary.BigEndian, true, RawIP), 1, 1},
		"pcap, gzip":                  {packed(pcapFile(binary.BigEndian, true, RawIP)), 1, 1},
		"pcapng":                      {ngFile(), 2, time.Microsecond},
		"pcapng, gzip":                {packed(ngFile()), 2, time.Microsecond},
	} {
		list, err := all(tt.file)
		if err != nil || len(list) != tt.times*len(want) {
			t.Errorf("%s: %d packets, want %d times %d, %v", name, len(list), tt.times, len(want), err)
			continue
		}
		for i, f := range list {
			x := want[i%len(want)]
			late := start.Add(x.at).Sub(time.Unix(0, f.At))
			if late < 0 || late >= tt.exact || !f.Timed || !bytes.Equal(f.Data, x.b) || f.Length != len(x.b)+7 {
				t.Errorf("%s, packet %d: %v early, %+v", name, i, late, f)
			}
		}
	}
}

// TestReadOwn: what --pcap writes is read, and gopacket reads the same.
func TestReadOwn(t *testing.T) {
	for _, link := range []Link{Ethernet, RawIP} {
		var file bytes.Buffer
		write(t, &file, link)
		list, err := all(file.Bytes())
		if err != nil || len(list) != len(written(link)) {
			t.Fatalf("%d packets, %v", len(list), err)
		}
		r, err := pcapgo.NewNgReader(bytes.NewReader(file.Bytes()), pcapgo.DefaultNgReaderOptions)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range list {
			b, info, err := r.ReadPacketData()
			if err != nil || !bytes.Equal(b, f.Data) || info.Timestamp.UnixNano() != f.At || info.Length != f.Length || f.Link != link {
				t.Errorf("packet %d: %+v, gopacket: %v %v", i, f, info, err)
			}
			typ, packet, ok := Network(f.Link, f.Data)
			if x := written(link)[i]; !ok || typ != x.typ || !bytes.Equal(packet, x.b) {
				t.Errorf("packet %d is of type %#x, %v", i, typ, ok)
			}
		}
	}
}

// TestReadEditcap: what Wireshark's programs make of a capture is read.
func TestReadEditcap(t *testing.T) {
	if _, err := exec.LookPath("editcap"); err != nil {
		t.Skip("no editcap: apt install wireshark-common")
	}
	var file bytes.Buffer
	write(t, &file, Ethernet)
	want, err := all(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"pcap", "nsecpcap", "pcapng", "modpcap"} {
		out := filepath.Join(t.TempDir(), "file")
		cmd := exec.Command("editcap", "-F", format, "-", out)
		cmd.Stdin = bytes.NewReader(file.Bytes())
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %s", format, text)
		}
		b := readFile(t, out)
		list, err := all(b)
		if format == "modpcap" { // Kuznetzov's, which nothing writes any more
			if err == nil {
				t.Error("modpcap is read")
			}
			continue
		}
		if err != nil || len(list) != len(want) {
			t.Errorf("%s: %d packets, %v", format, len(list), err)
			continue
		}
		for i := range list {
			if !bytes.Equal(list[i].Data, want[i].Data) || want[i].At-list[i].At >= 1000 || want[i].At < list[i].At {
				t.Errorf("%s: %+v, want %+v", format, list[i], want[i])
			}
		}
	}
}

// TestNetwork: what is in front of a packet is passed over, on every link.
func TestNetwork(t *testing.T) {
	p4, p6 := written(RawIP)[0].b, wire.AppendUDP(nil, &wire.IP{Src: us6, Dst: them6, TTL: 64}, &wire.UDP{Src: 1, Dst: 2}, nil)
	ether := func(typ uint16, rest ...byte) []byte {
		return append(wire.AppendEthernet(nil, theirMAC, ourMAC, typ), rest...)
	}
	sll, sll2 := make([]byte, 14), make([]byte, 20)
	binary.BigEndian.PutUint16(sll2, 0x86dd)
	for name, tt := range map[string]struct {
		link Link
		b    []byte
		want []byte
	}{
		"Ethernet":                {Ethernet, append(ether(0x0800), p4...), p4},
		"VLAN":                    {Ethernet, append(ether(0x8100, 0, 7, 8, 0), p4...), p4},
		"QinQ":                    {Ethernet, append(ether(0x88a8, 0, 7, 0x81, 0, 0, 9, 0x86, 0xdd), p6...), p6},
		"PPPoE":                   {Ethernet, append(ether(0x8864, 0x11, 0, 0, 1, 0, 40, 0, 0x57), p6...), p6},
		"SLL":                     {linkSLL, append(append(sll, 8, 0), p4...), p4},
		"SLL2":                    {linkSLL2, append(sll2, p6...), p6},
		"null, little-endian":     {linkNull, append([]byte{2, 0, 0, 0}, p4...), p4},
		"null, big-endian":        {linkNull, append([]byte{0, 0, 0, 30}, p6...), p6},
		"loop":                    {linkLoop, append([]byte{0, 0, 0, 24}, p6...), p6},
		"raw":                     {RawIP, p6, p6},
		"raw, another number":     {linkRawOld, p4, p4},
		"IPv4":                    {linkIPv4, p4, p4},
		"a link that is not ours": {147, p4, nil},
		"cut Ethernet":            {Ethernet, ether(0x0800)[:13], nil},
		"cut VLAN":                {Ethernet, ether(0x8100, 0, 7), nil},
		"too many tags":           {Ethernet, append(ether(0x8100, bytes.Repeat([]byte{0, 1, 0x81, 0}, 9)...), p4...), nil},
		"PPPoE without IP":        {Ethernet, ether(0x8864, 0x11, 0, 0, 1, 0, 40, 0xc0, 0x21, 1, 2), nil},
		"nothing":                 {RawIP, nil, nil},
		"version 5":               {RawIP, []byte{0x50}, nil},
	} {
		typ, got, ok := Network(tt.link, tt.b)
		if ok != (tt.want != nil) || ok && (!bytes.Equal(got, tt.want) || typ != map[byte]uint16{4: 0x0800, 6: 0x86dd}[got[0]>>4]) {
			t.Errorf("%s: type %#x, %d bytes, %v", name, typ, len(got), ok)
		}
	}
}

// TestReadBroken: of what is broken the beginning is read, and then it is said how.
func TestReadBroken(t *testing.T) {
	whole, ng := pcapFile(binary.LittleEndian, false, RawIP), ngFile()
	change := func(b []byte, at int, to ...byte) []byte {
		b = bytes.Clone(b)
		copy(b[at:], to)
		return b
	}
	for name, tt := range map[string]struct {
		file []byte
		says string
	}{
		"empty":                    {nil, "is empty"},
		"empty, packed":            {packed(nil), "is empty"},
		"text":                     {[]byte("hello, world, this is no capture"), "is no pcap or pcapng file"},
		"short":                    {whole[:3], "is no pcap or pcapng file"},
		"zstd":                     {[]byte("\x28\xb5\x2f\xfd\x00\x00\x00\x00"), "is packed by zstd: unpack it first (gzip is read as it is)"},
		"cut in the header":        {whole[:20], ErrCut.Error()},
		"cut in a packet's header": {whole[:30], ErrCut.Error()},
		"cut in a packet":          {whole[:len(whole)-1], ErrCut.Error()},
		"cut gzip":                 {packed(whole)[:60], ErrCut.Error()},
		"damaged gzip":             {change(packed(whole), len(packed(whole))-8, 1, 2, 3, 4), "is damaged: gzip: invalid checksum"},
		"a packet of 4 GB":         {change(whole, 24+8, 0xff, 0xff, 0xff, 0xff), "is damaged: a packet of 4294967295 bytes"},
		"cut in a block":           {ng[:len(ng)-2], ErrCut.Error()},
		"a short block":            {change(ng, 28+4, 8), "is damaged: a block of 8 bytes"},
		"an odd block":             {change(ng, 28+4, 41), "is damaged: a block of 41 bytes"},
		"two lengths":              {change(ng, 24, 32), "is damaged: a block has another length at its end than at its beginning"},
		"no byte order":            {change(ng, 8, 0), "is damaged: a section without byte order"},
	} {
		list, err := all(tt.file)
		if err == nil || err.Error() != tt.says {
			t.Errorf("%s: %d packets, %v, want %s", name, len(list), err, tt.says)
		}
		if errors.Is(err, ErrDamaged) != strings.Contains(tt.says, "damaged") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReadDoesNotAllocate: whatever the length of a file, one packet is held.
func TestReadDoesNotAllocate(t *testing.T) {
	for name, file := range map[string][]byte{"pcap": pcapFile(binary.LittleEndian, false, RawIP), "pcapng": ngFile()} {
		r, err := NewReader(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		var f Frame
		if err := r.Next(&f); err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(3, func() { err = r.Next(&f) }); n > 0 || err != nil {
			t.Errorf("%s: %v allocations, %v", name, n, err)
		}
	}
}

// FuzzReader: no file makes it panic, hold much, or read other packets than gopacket
// where that reads any.
func FuzzReader(f *testing.F) {
	f.Add(pcapFile(binary.LittleEndian, false, RawIP))
	f.Add(pcapFile(binary.BigEndian, true, linkSLL2))
	f.Add(ngFile())
	f.Add(packed(ngFile()))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := all(b)
		for i := range list {
			if len(list[i].Data) > mostFrame || list[i].Length < len(list[i].Data) {
				t.Errorf("%+v", list[i])
			}
			Network(list[i].Link, list[i].Data)
		}
		if err != nil || len(b) >= 4 && (b[0] == 0x1f || binary.LittleEndian.Uint32(b) == blockSection) {
			return // of damaged pcapng files gopacket takes memory without end
		}
		r, err := pcapgo.NewReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		r.SetSnaplen(mostFrame)
		for i := range list {
			data, info, err := r.ReadPacketData()
			if err != nil {
				break // it is stricter about lengths
			}
			if !bytes.Equal(data, list[i].Data) { // its times overflow, and its lengths are not bounded
				t.Errorf("packet %d: %+v, gopacket: %v", i, list[i], info)
			}
		}
	})
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSpan: a file that says from when to when it was made is believed, and of others
// nothing is known.
func TestSpan(t *testing.T) {
	var whole bytes.Buffer
	write(t, &whole, RawIP)
	end := bytes.LastIndex(whole.Bytes(), []byte{blockCounts, 0, 0, 0})
	odd := bytes.Clone(whole.Bytes())
	odd[end+8] = 7 // an interface that there is not
	for name, tt := range map[string]struct {
		file []byte
		ok   bool
	}{
		"whole":              {whole.Bytes(), true},
		"without statistics": {whole.Bytes()[:end], false},
		"of no interface":    {odd, false},
		"two sections":       {append(bytes.Clone(whole.Bytes()), whole.Bytes()...), false},
	} {
		r, err := NewReader(bytes.NewReader(tt.file))
		if err != nil {
			t.Fatal(err)
		}
		packets := 0
		for f := new(Frame); ; packets++ {
			if err := r.Next(f); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		from, to, ok := r.Span()
		if ok != tt.ok || packets == 0 || ok && (from != start.UnixNano() || to != start.Add(time.Minute).UnixNano()) {
			t.Errorf("%s: %d to %d, %v, want %v; %d packets", name, from, to, ok, tt.ok, packets)
		}
	}
}
