package checkpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"net/netip"
	"slices"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/files"
)

// magic begins every checkpoint. The number changes when the form does.
const magic = "sonde checkpoint 2\n"

// A frame is a head and entries. The head is the entries' length in bytes, their CRC
// and its own CRC, so that a frame that was cut short is not taken for one whose
// length has changed. An entry is a letter for what it
// tells of, its length and its body; numbers are varints. The body of an entry of
// a part begins with the part's number.
const (
	ofJob      = 'j' // facts: the first frame has nothing else
	ofHost     = 'u'
	ofCounts   = 'c' // all of it
	ofFound    = 'f'
	ofDecided  = 'd' // units, as differences
	ofHoles    = 'h'
	ofAll      = 'D' // units, as a set
	ofAllHoles = 'H'
	ofStanding = 's'
	ofWritten  = 'w' // of all files, after each other; void with the next frame
)

// entry is one of a part.
type entry struct {
	what byte
	body []byte
}

// frames collects entries.
type frames struct{ payload []byte }

func (f *frames) entry(what byte, body []byte) {
	f.payload = append(f.payload, what)
	f.payload = binary.AppendUvarint(f.payload, uint64(len(body)))
	f.payload = append(f.payload, body...)
}

// append closes the frame behind out; an empty one is none.
func (f *frames) append(out []byte) []byte {
	if len(f.payload) == 0 {
		return out
	}
	start := len(out)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(f.payload)))
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(f.payload))
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start:]))
	return append(out, f.payload...)
}

const headSize = 8 + 4 + 4

// Take returns a frame with all that is new since the last call, nil if nothing is.
func (c *Checkpoint) Take() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	var f frames
	c.takeJob(&f)
	for _, p := range c.parts {
		if len(p.fresh) > 0 {
			f.entry(ofDecided, p.numbers(p.fresh))
			p.fresh = p.fresh[:0]
		}
		p.takeStanding(&f)
	}
	c.fresh = 0
	if len(f.payload) > 0 {
		c.takeWritten(&f)
	}
	return f.append(nil)
}

// Snapshot returns all there is to know. What Take has not returned yet is in it,
// and is not returned again.
func (c *Checkpoint) Snapshot() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	var header frames
	var body []byte
	for _, fact := range c.facts {
		body = appendString(appendString(body, fact.Name), fact.Value)
	}
	header.entry(ofJob, body)
	out := header.append([]byte(magic))
	var f frames
	c.taken, c.told, c.ticked = 0, false, c.counts != Counts{}
	c.takeJob(&f)
	for _, n := range slices.Sorted(maps.Keys(c.loaded)) { // no plan was made for it yet
		for _, e := range c.loaded[n] {
			f.entry(e.what, e.body)
		}
	}
	for _, p := range c.parts {
		p.settle()
		f.entry(ofAll, p.decided.append(p.begin()))
		f.entry(ofAllHoles, p.holes.append(p.begin()))
		p.moved = p.stand.PerPass > 0
		p.takeStanding(&f)
		p.fresh = p.fresh[:0]
	}
	c.fresh = 0
	c.takeWritten(&f)
	return f.append(out)
}

// takeJob writes what is of no part. c.mu is held, here and in what follows.
func (c *Checkpoint) takeJob(f *frames) {
	for ; c.taken < len(c.hosts); c.taken++ {
		f.entry(ofHost, appendHost(nil, &c.hosts[c.taken]))
	}
	if c.ticked {
		c.ticked = false
		var body []byte
		for _, n := range c.counts {
			body = binary.AppendUvarint(body, n)
		}
		f.entry(ofCounts, body)
	}
	if c.found && !c.told {
		c.told = true
		f.entry(ofFound, nil)
	}
}

// takeStanding writes where the part stands, and what is to be asked again before.
func (p *Part) takeStanding(f *frames) {
	if holes := p.settle(); len(holes) > 0 {
		f.entry(ofHoles, p.numbers(holes))
	}
	if !p.moved {
		return
	}
	p.moved = false
	s := &p.stand
	body := binary.AppendUvarint(p.begin(), uint64(s.Pass))
	body = binary.AppendUvarint(body, s.Base)
	body = binary.AppendUvarint(body, uint64(s.PerPass))
	body = binary.AppendUvarint(body, uint64(s.Tries))
	body = binary.AppendUvarint(body, uint64(s.Used))
	over := uint64(0)
	if s.Over {
		over = 1
	}
	body = binary.AppendUvarint(body, s.Looked)
	body = binary.AppendUvarint(body, over)
	for i := 0; i < len(s.Losses); { // mostly zeros: one, and how many follow
		body = binary.AppendUvarint(body, uint64(s.Losses[i]))
		from := i
		for i++; s.Losses[from] == 0 && i < len(s.Losses) && s.Losses[i] == 0; i++ {
		}
		if s.Losses[from] == 0 {
			body = binary.AppendUvarint(body, uint64(i-from-1))
		}
	}
	f.entry(ofStanding, body)
}

// begin begins the body of an entry.
func (p *Part) begin() []byte { return binary.AppendUvarint(nil, p.number) }

// numbers writes a list, each number as its difference to the one before.
func (p *Part) numbers(list []uint64) []byte {
	body, last := p.begin(), uint64(0)
	for _, n := range list {
		body = binary.AppendVarint(body, int64(n-last))
		last = n
	}
	return body
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendHost(b []byte, h *Host) []byte {
	from := ""
	if h.From.IsValid() {
		from = h.From.String()
	}
	b = appendString(appendString(b, h.Addr.String()), from)
	b = appendString(b, h.Reason.String())
	b = append(b, h.MAC[:]...)
	b = append(b, h.Tries)
	return binary.AppendVarint(b, int64(h.RTT))
}

// reader takes a body apart. After the first thing that is not there it is bad.
type reader struct {
	in  []byte
	bad bool
}

func (r *reader) bytes(n uint64) []byte {
	if r.bad || n > uint64(len(r.in)) {
		r.bad = true
		return nil
	}
	b := r.in[:n]
	r.in = r.in[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.bytes(1); !r.bad {
		return b[0]
	}
	return 0
}

func (r *reader) uint(most uint64) uint64 {
	n, used := binary.Uvarint(r.in)
	if r.bad || used <= 0 || n > most {
		r.bad = true
		return 0
	}
	r.in = r.in[used:]
	return n
}

func (r *reader) int() int64 {
	n, used := binary.Varint(r.in)
	if r.bad || used <= 0 {
		r.bad = true
		return 0
	}
	r.in = r.in[used:]
	return n
}

func (r *reader) string() string { return string(r.bytes(r.uint(math.MaxUint64))) }

// addr reads an address; the zero one is empty.
func (r *reader) addr() netip.Addr {
	text := r.string()
	if text == "" {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(text)
	r.bad = r.bad || err != nil
	return a
}

// Read reads a checkpoint. A frame that ends with the file before it is whole is
// left out: its writer was stopped. Anything else that is not as it was written is
// an ErrDamaged.
func Read(b []byte) (*Checkpoint, error) {
	rest, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok {
		return nil, ErrDamaged
	}
	var c *Checkpoint
	for first := true; ; first = false {
		payload, after, err := cutFrame(rest)
		switch {
		case err != nil:
			return nil, err
		case first && payload == nil:
			return nil, ErrDamaged // the header was written with the name
		case payload == nil:
			return c, nil
		}
		if c, err = c.take(payload); err != nil {
			return nil, fmt.Errorf("%w: in the frame at byte %d", ErrDamaged, len(b)-len(rest))
		}
		rest = after
	}
}

// cutFrame returns the first frame's payload, nil if it is not whole: the rest may
// be zeros too, where the machine stopped and not only the program.
func cutFrame(b []byte) (payload, rest []byte, err error) {
	if len(bytes.TrimLeft(b, "\x00")) == 0 || len(b) < headSize {
		return nil, nil, nil
	}
	head, b := b[:headSize], b[headSize:]
	n := binary.LittleEndian.Uint64(head)
	switch {
	case crc32.ChecksumIEEE(head[:12]) != binary.LittleEndian.Uint32(head[12:]) || n == 0:
		return nil, nil, ErrDamaged
	case n > uint64(len(b)):
		return nil, nil, nil
	case crc32.ChecksumIEEE(b[:n]) != binary.LittleEndian.Uint32(head[8:]):
		return nil, nil, ErrDamaged
	}
	return b[:n], b[n:], nil
}

// take takes in one frame. The first makes the checkpoint.
func (c *Checkpoint) take(payload []byte) (*Checkpoint, error) {
	r := reader{in: payload}
	if c != nil {
		c.written = nil
	}
	for len(r.in) > 0 && !r.bad {
		what := r.byte()
		body := reader{in: r.bytes(r.uint(math.MaxUint64))}
		if (c == nil) != (what == ofJob) || r.bad {
			return nil, ErrDamaged
		}
		switch what {
		case ofJob:
			c = New(nil)
			for len(body.in) > 0 && !body.bad {
				c.facts = append(c.facts, Fact{body.string(), body.string()})
			}
		case ofHost:
			h := Host{Addr: body.addr(), From: body.addr()}
			reason := slices.Index(probe.Reasons(), body.string())
			copy(h.MAC[:], body.bytes(uint64(len(h.MAC))))
			h.Reason, h.Tries, h.RTT = probe.Reason(max(reason, 0)), body.byte(), time.Duration(body.int())
			if reason < 0 || !h.Addr.IsValid() {
				return nil, ErrDamaged
			}
			c.AddHost(h)
		case ofCounts:
			for i := range c.counts {
				c.counts[i] = body.uint(math.MaxUint64)
			}
		case ofFound:
			c.found = true
		case ofWritten:
			for len(body.in) > 0 && !body.bad {
				c.written = append(c.written, files.Written{Path: body.string(), Inode: body.uint(math.MaxUint64), Length: body.uint(math.MaxUint64)})
			}
		case ofDecided, ofHoles, ofAll, ofAllHoles, ofStanding:
			e := entry{what, body.in}
			n := body.uint(math.MaxUint64)
			c.loaded[n] = append(c.loaded[n], e)
			body.in = nil
		default:
			return nil, ErrDamaged
		}
		if body.bad || len(body.in) > 0 {
			return nil, ErrDamaged
		}
	}
	c.taken, c.told, c.fresh = len(c.hosts), c.found, 0
	return c, nil
}

// read takes in an entry of the part.
func (p *Part) read(e entry) error {
	r := reader{in: e.body}
	r.uint(math.MaxUint64)
	switch e.what {
	case ofAll:
		return p.decided.read(r.in)
	case ofAllHoles:
		return p.holes.read(r.in)
	case ofDecided, ofHoles:
		set := &p.decided
		if e.what == ofHoles {
			set = &p.holes
		}
		for n := uint64(0); len(r.in) > 0; {
			if n += uint64(r.int()); r.bad || n >= set.n {
				return errSet
			}
			set.set(n)
		}
	case ofStanding:
		s := scan.Standing{Pass: int(r.uint(math.MaxInt32)), Base: r.uint(p.plan.Len()), PerPass: int(r.uint(math.MaxUint8)),
			Tries: int(r.uint(math.MaxUint8)), Used: int(r.uint(math.MaxUint8))}
		s.Looked, s.Over = r.uint(p.plan.Len()), r.uint(1) == 1
		for len(r.in) > 0 && !r.bad && len(s.Losses) < scan.StandingLosses {
			n := uint32(r.uint(math.MaxUint32))
			if s.Losses = append(s.Losses, n); n == 0 {
				s.Losses = append(s.Losses, make([]uint32, r.uint(uint64(scan.StandingLosses-len(s.Losses))))...)
			}
		}
		if r.bad || len(r.in) > 0 || len(s.Losses) != scan.StandingLosses || s.PerPass == 0 {
			return fmt.Errorf("where the run stood is not told")
		}
		p.stand = s
	}
	return nil
}
