package main

import (
	"math"
	"os"
	"slices"
	"sync"
	"time"

	"sonde/output"
	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/capture"
)

// tap shows packets to --packet-trace and --pcap, in the order of their times: an
// answer can be here before the call that sent the question has returned.
type tap struct {
	trace *output.Stream // nil: no --packet-trace
	file  *os.File       // nil: no --pcap
	data  *output.Stream
	pcap  *capture.Writer

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
	b         []byte
}

// turn is how long a packet waits for one that passed before it.
const turn = 20 * time.Millisecond

// openTap opens what --packet-trace and --pcap write to; nil if neither was
// given.
func (j *job) openTap() (*tap, error) {
	if !j.flags.trace && j.flags.pcap == "" {
		return nil, nil
	}
	t := &tap{}
	if j.flags.trace {
		t.trace = output.NewStream(j.app.stderr)
	}
	if j.flags.pcap != "" {
		var err error
		if t.file, err = os.Create(j.flags.pcap); err != nil {
			return nil, local(err)
		}
		t.data = output.NewStream(t.file)
		if t.pcap, err = capture.NewWriter(t.data, "sonde "+version, j.network.start); err != nil {
			return nil, local(err)
		}
	}
	return t, nil
}

func (t *tap) Sent(at time.Duration, etherType uint16, b []byte, p probe.Probe) {
	t.see(capture.Sent, at, etherType, b)
}

func (t *tap) Received(at time.Duration, etherType uint16, b []byte, p probe.Probe) {
	t.see(capture.Received, at, etherType, b)
}

// see puts a packet in line, and shows those whose turn it is.
func (t *tap) see(dir capture.Direction, at time.Duration, etherType uint16, b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var own []byte
	if n := len(t.spare); n > 0 {
		own, t.spare = t.spare[n-1], t.spare[:n-1]
	}
	i := len(t.waiting)
	for i > 0 && t.waiting[i-1].at > at {
		i--
	}
	t.waiting = slices.Insert(t.waiting, i, passed{at, dir, etherType, append(own[:0], b...)})
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
			t.line = append(capture.AppendLine(t.line[:0], &t.packet, e.dir, e.at, e.etherType, e.b), '\n')
			t.trace.Write(t.line)
		}
		if t.pcap != nil {
			t.pcap.Packet(e.dir, e.at, e.etherType, wire.MAC{}, e.b, nil)
		}
		t.spare = append(t.spare, e.b)
	}
	t.waiting = slices.Delete(t.waiting, 0, n)
}

// close writes out what waits. It may be called on nil.
func (t *tap) close() error {
	if t == nil {
		return nil
	}
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
		keep(t.pcap.Close())
		keep(t.data.Close())
		keep(t.file.Close())
	}
	return err
}
