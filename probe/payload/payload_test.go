package payload

import (
	"bytes"
	"encoding/asn1"
	"encoding/hex"
	"encoding/xml"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// testID has no two equal bytes, so that none can stand in another's place.
const testID = 0x8877665544332211

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAppend(t *testing.T) {
	for p := range All() {
		t.Run(p.Name, func(t *testing.T) {
			want, ok := golden[p.Name]
			if !ok {
				t.Fatal("no golden bytes")
			}
			got := p.Append([]byte("before"), testID)
			if !bytes.HasPrefix(got, []byte("before")) {
				t.Fatalf("Append overwrote what was in the buffer: % x", got)
			}
			if got = got[len("before"):]; !bytes.Equal(got, unhex(t, want)) {
				t.Errorf("Append wrote\n% x, want\n% x", got, unhex(t, want))
			}
			// A buffer that was used before must not shine through.
			dirty := bytes.Repeat([]byte{0xee}, 2000)
			if again := p.Append(dirty[:0], testID); !bytes.Equal(again, got) {
				t.Errorf("second Append wrote\n% x, want\n% x", again, got)
			}
		})
	}
}

// The UDP checksum that an ICMP error quotes is its proof, so it must depend on
// the identifier. A sum of 16-bit words loses much where the identifier is
// repeated at an odd offset, or complemented.
func TestChecksumDependsOnID(t *testing.T) {
	const ids = 4096 // of which about 3970 would have different random checksums
	for p := range All() {
		random := rand.New(rand.NewPCG(1, 2))
		sums := make(map[uint16]bool)
		for range ids {
			sums[onesComplementSum(p.Append(nil, random.Uint64()))] = true
		}
		want := 3300
		if p == tftp { // hexadecimal digits carry half as much
			want = 1500
		}
		if p.Guessable {
			if len(sums) > 256 {
				t.Errorf("%s: called guessable, but %d identifiers make %d checksums", p.Name, ids, len(sums))
			}
		} else if len(sums) < want {
			t.Errorf("%s: %d identifiers make only %d checksums, want at least %d", p.Name, ids, len(sums), want)
		}
	}
}

// onesComplementSum is the sum of RFC 1071 §1, before its last complement.
func onesComplementSum(b []byte) uint16 {
	var sum uint32
	for i, c := range b {
		sum += uint32(c) << (8 * (1 - i%2))
		sum = sum&0xffff + sum>>16
	}
	return uint16(sum)
}

func TestDNSMessage(t *testing.T) {
	for _, test := range []struct {
		payload   *Payload
		question  dnsmessage.Question
		recursion bool
	}{
		{dns, dnsmessage.Question{Name: dnsmessage.MustNewName("version.bind."),
			Type: dnsmessage.TypeTXT, Class: dnsmessage.ClassCHAOS}, true},
		{mdns, dnsmessage.Question{Name: dnsmessage.MustNewName("_services._dns-sd._udp.local."),
			Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET | 1<<15}, false},
	} {
		var got dnsmessage.Message
		if err := got.Unpack(test.payload.Append(nil, testID)); err != nil {
			t.Errorf("%s: %v", test.payload.Name, err)
			continue
		}
		wantHeader := dnsmessage.Header{ID: 0x2211, RecursionDesired: test.recursion}
		if got.Header != wantHeader {
			t.Errorf("%s: header %v, want %v", test.payload.Name, got.Header.GoString(), wantHeader.GoString())
		}
		if len(got.Questions) != 1 || got.Questions[0] != test.question {
			t.Errorf("%s: questions %v, want %v", test.payload.Name, got.Questions, test.question)
		}
		if n := len(got.Answers) + len(got.Authorities) + len(got.Additionals); n != 0 {
			t.Errorf("%s: %d records in a query", test.payload.Name, n)
		}
	}
}

// encoding/asn1 reads DER, which insists on shortest lengths and integers.
func TestSNMPMessage(t *testing.T) {
	type varBind struct {
		Name  asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	type pdu struct {
		RequestID, ErrorStatus, ErrorIndex int
		Bindings                           []varBind
	}
	type message struct {
		Version   int
		Community []byte
		PDU       asn1.RawValue
	}
	for _, id := range []uint64{0, 1, testID, 1<<64 - 1} {
		var m message
		if rest, err := asn1.Unmarshal(snmp.Append(nil, id), &m); err != nil || len(rest) != 0 {
			t.Fatalf("message: %v, %d bytes left", err, len(rest))
		}
		if m.Version != 0 || string(m.Community) != "public" || m.PDU.FullBytes[0] != 0xa0 {
			t.Errorf("version %d, community %q, PDU %#x", m.Version, m.Community, m.PDU.FullBytes[0])
		}
		var p pdu
		if rest, err := asn1.UnmarshalWithParams(m.PDU.FullBytes, &p, "tag:0"); err != nil || len(rest) != 0 {
			t.Fatalf("PDU: %v, %d bytes left", err, len(rest))
		}
		if want := int(id&(1<<30-1) | 1<<30); p.RequestID != want {
			t.Errorf("request-id %#x, want %#x", p.RequestID, want)
		}
		sysDescr := asn1.ObjectIdentifier{1, 3, 6, 1, 2, 1, 1, 1, 0}
		if len(p.Bindings) != 1 || !p.Bindings[0].Name.Equal(sysDescr) || p.Bindings[0].Value.Tag != asn1.TagNull {
			t.Errorf("bindings %v", p.Bindings)
		}
	}
}

func TestFor(t *testing.T) {
	names := make(map[string]bool)
	owner := make(map[uint16]string)
	last := uint16(0)
	for p := range All() {
		if p.Name == "" || p.Source == "" || len(p.Ports) == 0 || p.Bits > 64 {
			t.Errorf("incomplete: %+v", p)
		}
		if names[p.Name] {
			t.Errorf("two payloads are called %q", p.Name)
		}
		names[p.Name] = true
		for _, port := range p.Ports {
			if owner[port] != "" {
				t.Errorf("port %d is claimed by %s and %s", port, owner[port], p.Name)
			}
			owner[port] = p.Name
			if For(port) != p {
				t.Errorf("For(%d) is not %s", port, p.Name)
			}
			if SilentByDesign(port) {
				t.Errorf("port %d is asked %s but silent by design", port, p.Name)
			}
		}
		if p.Ports[0] <= last {
			t.Errorf("%s is not in order of its first port", p.Name)
		}
		last = p.Ports[0]
	}
	for port := range 1 << 16 {
		if p := For(uint16(port)); (p != nil) != (owner[uint16(port)] != "") {
			t.Errorf("For(%d) = %v", port, p)
		}
	}
	for name := range golden {
		if !names[name] {
			t.Errorf("golden bytes for %q, which is not in the list", name)
		}
	}
}

func TestSilentByDesign(t *testing.T) {
	var got []int
	for port := range 1 << 16 {
		if SilentByDesign(uint16(port)) {
			got = append(got, port)
		}
	}
	want := []int{9, 162, 514, 5004, 5005, 51820}
	if len(got) != len(want) {
		t.Fatalf("silent: %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("silent: %v, want %v", got, want)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	b := make([]byte, 0, 2048)
	for p := range All() {
		answer := answers[p.Name].bytes(t)
		id := uint64(testID)
		if n := testing.AllocsPerRun(100, func() {
			b = p.Append(b[:0], id)
			p.Match(id, b)
			p.Match(id, answer)
			For(p.Ports[0])
			id++
		}); n != 0 {
			t.Errorf("%s: %v allocations", p.Name, n)
		}
	}
}

// encoding/xml reads the probe, of which tshark sees no more than bytes.
func TestWSDMessage(t *testing.T) {
	var envelope struct {
		XMLName xml.Name                    `xml:"http://www.w3.org/2003/05/soap-envelope Envelope"`
		Action  string                      `xml:"Header>Action"`
		Message string                      `xml:"Header>MessageID"`
		Probe   *struct{ XMLName xml.Name } `xml:"Body>Probe"`
	}
	if err := xml.Unmarshal(wsd.Append(nil, testID), &envelope); err != nil {
		t.Fatal(err)
	}
	if envelope.Action != "http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe" ||
		envelope.Message != "urn:uuid:736f6e64-6500-4000-8000-665544332211" ||
		envelope.Probe == nil || envelope.Probe.XMLName.Space != "http://schemas.xmlsoap.org/ws/2005/04/discovery" {
		t.Errorf("%+v", envelope)
	}
}

// TestVerified: every protocol is answered by a real server, or listed as one that
// is not.
func TestVerified(t *testing.T) {
	answered := map[*Payload]bool{}
	for _, p := range peers {
		for _, port := range p.ports {
			answered[For(port)] = true
		}
	}
	for p := range All() {
		if listed := slices.Contains(unverified[:], p); listed == answered[p] {
			t.Errorf("%s: unverified %v, answered by a server %v", p.Name, listed, answered[p])
		}
	}
}
