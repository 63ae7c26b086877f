package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"time"

	"sonde/output"
	"sonde/probe/field"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/capture"
)

// tap shows packets to --packet-trace and --pcap, in the order of their times: an
// answer can be here before the call that sent the question has returned.
type tap struct {
	trace  *output.Stream // nil: no --packet-trace
	fields bool           // with -v: a line for each field, too
	file   *os.File       // nil: no --pcap
	data   *output.Stream
	pcap   *capture.Writer

	mu      sync.Mutex
	waiting []passed // sorted by time
	spare   [][]byte // for reuse as passed.b
	idle    *time.Timer
	packet  wire.Packet
	line    []byte
}

// passed is a packet that waits for its turn.
type passed struct {
	at        time.Duration
	dir       capture.Direction
	etherType uint16
	from, to  wire.MAC
	b         []byte
}

// turn is how long a packet waits for one that passed before it.
const turn = 20 * time.Millisecond

// private is the mode of captures: they hold what others said.
const private = 0o600

// hastened has a stream of packets not keep the run from ending.
func (w *session) hastened(s *output.Stream) {
	w.watching.Go(func() {
		select {
		case <-w.hasty:
			s.Hasten(grace)
		case <-w.over:
		}
	})
}

// openTap opens what --packet-trace and --pcap write to; a nil tap if neither was
// given. frames tells whether packets can have Ethernet headers.
func (w *session) openTap(ctx context.Context, start time.Time, frames bool) (scan.Tap, func() error, error) {
	if !w.spec.Show.Packets && w.spec.Show.Pcap == "" {
		return nil, nil, nil
	}
	t := &tap{fields: w.spec.Show.Verbose}
	if w.spec.Show.Packets {
		t.trace = output.NewStream(w.app.stderr)
		w.hastened(t.trace)
	}
	if w.spec.Show.Pcap != "" {
		var err error
		if t.file, err = output.Create(w.spec.Show.Pcap, private, ctx.Done()); err != nil {
			return nil, nil, err
		}
		t.data = output.NewStream(t.file)
		w.hastened(t.data)
		link := capture.RawIP
		if frames {
			link = capture.Ethernet
		}
		if t.pcap, err = capture.NewWriter(t.data, "sonde "+version, link, start); err != nil {
			return nil, nil, err
		}
	}
	return t, t.close, nil
}

func (t *tap) Sent(p scan.Passed)     { t.see(capture.Sent, &p) }
func (t *tap) Received(p scan.Passed) { t.see(capture.Received, &p) }

// see puts a packet in line, and shows those whose turn it is.
func (t *tap) see(dir capture.Direction, p *scan.Passed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var own []byte
	if n := len(t.spare); n > 0 {
		own, t.spare = t.spare[n-1], t.spare[:n-1]
	}
	i := len(t.waiting)
	for i > 0 && t.waiting[i-1].at > p.At {
		i--
	}
	t.waiting = slices.Insert(t.waiting, i, passed{p.At, dir, p.EtherType, p.From, p.To, append(own[:0], p.Bytes...)})
	if last := t.waiting[len(t.waiting)-1].at; last-t.waiting[0].at > 2*turn { // not one by one: that would move the rest each time
		t.show(last - turn)
	}
	if t.idle == nil {
		t.idle = time.AfterFunc(turn, t.flush)
	} else {
		t.idle.Reset(turn)
	}
}

// flush shows all that wait.
func (t *tap) flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.show(math.MaxInt64)
}

// show shows the packets that passed until then.
func (t *tap) show(until time.Duration) {
	n := 0
	for ; n < len(t.waiting) && t.waiting[n].at <= until; n++ {
		e := &t.waiting[n]
		if t.trace != nil {
			t.packet.Parse(e.b, e.etherType)
			t.line = capture.AppendLine(t.line[:0], &t.packet, e.dir, e.at, e.etherType, e.b)
			if t.fields {
				t.line = field.AppendAll(t.line, &t.packet)
			}
			t.line = append(t.line, '\n')
			t.trace.Write(t.line)
		}
		if t.pcap != nil {
			t.pcap.Packet(e.dir, e.at, e.etherType, e.from, e.to, e.b, nil)
		}
		t.spare = append(t.spare, e.b)
	}
	t.waiting = slices.Delete(t.waiting, 0, n)
}

// close writes out what waits.
func (t *tap) close() error {
	var err error
	keep := func(e error) {
		if err == nil {
			err = e
		}
	}
	if t.idle != nil {
		t.idle.Stop()
	}
	t.flush()
	if t.trace != nil {
		t.trace.Close() // a terminal that is gone is no failure of the scan
	}
	if t.pcap != nil {
		keep(t.pcap.Close(time.Now()))
		if lost := t.data.Close(); errors.Is(lost, output.ErrStill) {
			err = fmt.Errorf("--pcap %s: %w", t.file.Name(), lost)
		} else {
			keep(lost)
		}
		keep(t.file.Close())
	}
	return err
}
