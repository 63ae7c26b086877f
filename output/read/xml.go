package read

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// maxDepth is how deep elements may be inside each other; the DTD of nmap has fewer.
const maxDepth = 32

// bounded ends what reads it where a piece of XML is too long: the decoder holds each.
type bounded struct {
	io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("a piece of it is longer than %d MiB", maxLine>>20)
	}
	n, err := b.Reader.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// document is a file of XML under way.
type document struct {
	put   func(report.Record) error
	depth int
	runs  int          // nmaprun elements that were begun
	scan  *report.Scan // of this one; nil: it was put, or there is none
	begun bool         // it was put
	over  bool         // it has its end
	tally report.Tally
	ports map[string][]uint16 // that were asked, by protocol
	host  host
}

func readXML(r io.Reader, put func(report.Record) error) error {
	in := &bounded{r, maxLine}
	d := xml.NewDecoder(in)
	d.Strict = true
	d.CharsetReader = func(label string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("its encoding is %q, and only UTF-8 is read", label)
	}
	doc := &document{put: put}
	for {
		in.left = maxLine
		token, err := d.Token()
		switch {
		case err == io.EOF && doc.runs > 0, cut(err) && doc.runs > 0:
			return doc.finish()
		case err == io.EOF:
			return errors.New("it has no run: there is no element nmaprun")
		case err != nil:
			line, _ := d.InputPos()
			return fmt.Errorf("line %d: %w", line, err)
		}
		if err := doc.token(token); err != nil {
			line, _ := d.InputPos()
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// cut tells whether err says that XML ends in the middle.
func cut(err error) bool {
	var syntax *xml.SyntaxError
	return errors.As(err, &syntax) && syntax.Msg == "unexpected EOF"
}

func (d *document) token(token xml.Token) error {
	switch e := token.(type) {
	case xml.StartElement:
		if d.depth++; d.depth > maxDepth {
			return fmt.Errorf("elements are more than %d deep", maxDepth)
		}
		if d.runs == 0 && e.Name.Local != "nmaprun" {
			return fmt.Errorf("it begins with an element %.40q, and not with nmaprun: no XML of a run", e.Name.Local)
		}
		return d.start(e.Name.Local, attributes(e.Attr))
	case xml.EndElement:
		d.depth--
		switch e.Name.Local {
		case "host":
			return d.endHost()
		case "nmaprun":
			return d.finish()
		}
	}
	return nil
}

// attributes are those of an element.
type attributes []xml.Attr

func (a attributes) get(name string) string {
	for i := range a {
		if a[i].Name.Local == name {
			return a[i].Value
		}
	}
	return ""
}

// number is an attribute that is a number from 0 on; what is none is an error where it is there.
func (a attributes) number(name string, bits int) (uint64, error) {
	text := a.get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, bits)
	if err != nil {
		return 0, fmt.Errorf("%s=%.40q is no number of %d bits", name, text, bits)
	}
	return n, nil
}

func (d *document) start(name string, a attributes) error {
	switch name {
	case "nmaprun":
		if err := d.finish(); err != nil { // that before it, if it was cut
			return err
		}
		seconds, err := a.number("start", 40)
		d.runs++
		d.begun, d.over, d.tally, d.ports = false, false, report.Tally{}, map[string][]uint16{}
		d.scan = &report.Scan{Version: a.get("version"), Command: "sweep", Args: strings.Fields(a.get("args")), Time: time.Unix(int64(seconds), 0).UTC()}
		return err
	case "scaninfo":
		return d.scaninfo(a)
	case "host":
		d.host = host{addr: netip.Addr{}}
		return d.begin()
	case "finished":
		return d.finished(a)
	}
	return d.inHost(name, a)
}

// scaninfo takes which ports were asked, and how.
func (d *document) scaninfo(a attributes) error {
	if d.scan == nil || d.begun {
		return nil
	}
	proto := a.get("protocol")
	ports, err := portList(a.get("services"))
	if err != nil {
		return err
	}
	d.ports[proto] = append(d.ports[proto], ports...)
	d.scan.Ports += uint32(len(ports))
	d.scan.Command = proto
	if d.scan.Asked == nil {
		d.scan.Asked = &report.Asked{Kind: a.get("type"), Proto: proto, Ports: report.PortRanges(ports)}
	} else if d.scan.AlsoAsked == nil {
		d.scan.AlsoAsked = &report.Asked{Kind: a.get("type"), Proto: proto, Ports: report.PortRanges(ports)}
	}
	return nil
}

// begin puts the Scan, once all that is known of it is.
func (d *document) begin() error {
	if d.scan == nil || d.begun {
		return nil
	}
	d.begun = true
	return d.emit(d.scan)
}

func (d *document) emit(r report.Record) error {
	d.tally.Add(r)
	return d.put(r)
}

func (d *document) finished(a attributes) error {
	if err := d.begin(); err != nil {
		return err
	}
	seconds, err := strconv.ParseFloat(a.get("elapsed"), 64)
	if err != nil || !(seconds >= 0 && seconds < 1e9) {
		seconds = 0 // which nothing depends on
	}
	if d.over {
		return nil
	}
	d.over = true
	whole := a.get("exit") != "error"
	return d.emit(&report.End{Complete: whole, Elapsed: time.Duration(seconds * float64(time.Second)).Round(time.Millisecond), Loss: -1, ExpectedMissed: -1, Tally: d.tally})
}

// finish ends a run; one without an end was cut.
func (d *document) finish() error {
	if d.scan == nil {
		return nil
	}
	if err := d.begin(); err != nil {
		return err
	}
	d.scan = nil
	return nil
}

// portList reads "22,80-90". Numbers that are no ports are of protocols of IP (-sO).
func portList(text string) (ports []uint16, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		first, last, ranged := strings.Cut(part, "-")
		if !ranged {
			last = first
		}
		from, err := strconv.ParseUint(first, 10, 16)
		to, err2 := strconv.ParseUint(last, 10, 16)
		if err != nil || err2 != nil || from > to || len(ports) > 1<<17 {
			return nil, fmt.Errorf("%.40q are no ports", part)
		}
		for p := from; p <= to; p++ {
			ports = append(ports, uint16(p))
		}
	}
	return ports, nil
}

// parseReason reads a word of nmap's; false: it is one that sonde has not.
func parseReason(word string) (probe.Reason, bool) {
	if ours, ok := ourReasons[word]; ok {
		return ours, true
	}
	for i, name := range probe.Reasons() {
		if name == word {
			return probe.Reason(i), true
		}
	}
	return probe.NoResponse, false
}

// ourReasons are words of nmap's for what has another name here.
var ourReasons = map[string]probe.Reason{
	"arp-response": probe.ARPReply, "nd-response": probe.NDReply, "addressmask-reply": probe.MaskReply, "no-responses": probe.NoResponse,
	"resets": probe.Reset, "conn-refuseds": probe.ConnRefused, "port-unreaches": probe.PortUnreach, "tcp-response": probe.Syn,
}

// parseMAC reads a hardware address; zero if it is none.
func parseMAC(text string) (m wire.MAC) {
	parts := strings.Split(text, ":")
	if len(parts) != len(m) {
		return m
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 16, 8)
		if err != nil {
			return wire.MAC{}
		}
		m[i] = byte(n)
	}
	return m
}
