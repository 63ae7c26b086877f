package compare

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"sonde/probe/wire"
)

// outcome is what Compare says of two files: an error, or what all came to.
func outcome(near, far []byte) (r *told, err error) {
	r = &told{}
	r.all, err = Compare(context.Background(), File{"near.pcap", bytes.NewReader(near)}, File{"far.pcap", bytes.NewReader(far)},
		func(notes []string) error { r.notes = notes; return nil }, r)
	return r, err
}

func bytesOf(list []record) []byte {
	b, _ := io.ReadAll(captured(list))
	return b
}

// TestCannotBeCompared: one clear line says why, and nothing else is said.
func TestCannotBeCompared(t *testing.T) {
	w, v := newWorld(1, false), newWorld(2, false)
	w.syns(300, 10*time.Millisecond, true)
	v.begin = v.begin.Add(24 * time.Hour)
	v.syns(300, 10*time.Millisecond, true)
	near, far, elsewhere := bytesOf(w.near), bytesOf(w.far), bytesOf(v.far)
	link := func(n uint32) []byte {
		b := bytes.Clone(near)
		binary.LittleEndian.PutUint32(b[20:], n)
		return b
	}
	noIP := bytes.Clone(near[:24+16+60])
	noIP[24+16+9] = 132 // SCTP
	for name, tt := range map[string]struct {
		near, far []byte
		says      string
	}{
		"swapped": {far, near, "the captures are in the wrong order: questions are in far.pcap before they are in near.pcap; type sonde compare far.pcap near.pcap"},
		"of another day": {near, elsewhere, "nothing to compare: no packet of near.pcap is found in far.pcap, and by their clocks they do not overlap in time " +
			"(2026-11-23 02:30:00 to 2026-11-23 02:30:03, 2026-11-24 02:30:03 to 2026-11-24 02:30:06): none of them arrived, or it is other traffic"},
		"empty":         {nil, far, "near.pcap is empty"},
		"far empty":     {near, nil, "far.pcap is empty"},
		"no packets":    {near, far[:24], "nothing to compare: far.pcap has no packets"},
		"cut at once":   {near, far[:30], "nothing to compare: far.pcap ends in the middle of a packet, and has no packet before that"},
		"text":          {[]byte("tcpdump: listening on eth0"), far, "near.pcap is no pcap or pcapng file"},
		"another link":  {link(147), far, "nothing to compare: near.pcap has packets of link type 147, which is not read"},
		"no TCP or UDP": {near, noIP, "nothing to compare: none of the packets of far.pcap is TCP, UDP or ICMP"},
	} {
		r, err := outcome(tt.near, tt.far)
		if err == nil || err.Error() != tt.says || len(r.pairs) > 0 || r.notes != nil {
			t.Errorf("%s: %v, want %s; %d records", name, err, tt.says, len(r.pairs))
		}
		if swapped := strings.Contains(tt.says, "order"); errors.Is(err, ErrSwapped) != swapped {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSwapped: in the right order they are not called swapped, however near the ends
// are, and in the wrong one they are.
func TestSwapped(t *testing.T) {
	for _, delay := range []time.Duration{0, 3 * time.Microsecond, 30 * time.Microsecond, time.Millisecond, 300 * time.Millisecond} {
		for _, kind := range []func(*world){
			func(w *world) { w.syns(400, 20*time.Millisecond, true) },
			func(w *world) { w.dns(400, 20*time.Millisecond, 1) },
			func(w *world) { w.pings(400, 20*time.Millisecond, 1) },
			func(w *world) { w.connections(60, 3, 100*time.Millisecond) },
		} {
			for seed := range uint64(3) {
				w := newWorld(seed, seed == 1)
				w.delay, w.jitter, w.late = delay, delay/10+time.Microsecond, 0
				kind(w)
				near, far := bytesOf(w.near), bytesOf(w.far)
				if _, err := outcome(near, far); err != nil {
					t.Errorf("%v, seed %d: %v", delay, seed, err)
				}
				if _, err := outcome(far, near); !errors.Is(err, ErrSwapped) {
					t.Errorf("%v, seed %d, swapped: %v", delay, seed, err)
				}
			}
		}
	}
}

// TestCut: of a far capture that ends early, what came later is not called lost.
func TestCut(t *testing.T) {
	for seed := range uint64(5) {
		w := newWorld(seed, false)
		w.syns(3000, 2*time.Millisecond, true)
		near, far := bytesOf(w.near), bytesOf(w.far)
		for name, cut := range map[string][]byte{"in a packet": far[:len(far)/2/76*76+40], "between packets": bytesOf(w.far[:len(w.far)/2])} {
			r, err := outcome(near, cut)
			if err != nil {
				t.Fatal(err)
			}
			if noted := len(r.notes) == 1 && strings.HasPrefix(r.notes[0], "far.pcap ends in the middle of a packet: what stands before that is compared, "); noted != (name == "in a packet") {
				t.Errorf("notes %q", r.notes)
			}
			w.near = append([]record(nil), w.near...)
			right, unsure, wrong := w.score(t, r)
			t.Logf("seed %d, cut %s: %d right, %d unsure, %d wrong; %d outside", seed, name, right, unsure, wrong, r.all.Outside)
			if wrong > 0 || unsure < 300 { // what was answered behind the end is known to have been
				t.Errorf("seed %d, cut %s: %d right, %d unsure, %d wrong", seed, name, right, unsure, wrong)
			}
		}
	}
}

// TestInterrupted: what is known is told.
func TestInterrupted(t *testing.T) {
	w := newWorld(1, false)
	w.syns(3000, 2*time.Millisecond, true)
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	r := &told{}
	all, err := Compare(ctx, File{"near.pcap", captured(w.near)}, File{"far.pcap", captured(w.far)},
		func([]string) error { cancel(why); return nil }, r)
	if err != why || all == nil {
		t.Errorf("%v, %v", all, err)
	}
	cancel(why)
	if _, err := Compare(ctx, File{"near.pcap", captured(w.near)}, File{"far.pcap", captured(w.far)},
		func([]string) error { t.Error("begun"); return nil }, r); err != why {
		t.Error(err)
	}
}

// TestSnapped: of captures that keep the headers alone, verdicts are the same.
func TestSnapped(t *testing.T) {
	w := newWorld(3, false)
	w.dns(500, 5*time.Millisecond, 3)
	w.connections(50, 3, 20*time.Millisecond)
	for i := range w.near {
		w.near[i].b = w.near[i].b[:min(len(w.near[i].b), 54)]
	}
	r := w.compare(t)
	right, unsure, wrong := w.score(t, r)
	t.Logf("%d right, %d unsure, %d wrong", right, unsure, wrong)
	if wrong > 0 || right < len(w.truth)*9/10 {
		t.Errorf("%d right, %d unsure, %d wrong", right, unsure, wrong)
	}
}

// FuzzCompare: no captures make it panic, go on for ever, or put what is no record.
func FuzzCompare(f *testing.F) {
	for seed := range uint64(3) {
		w := newWorld(seed, seed == 1)
		w.syns(8, 20*time.Millisecond, true)
		w.dns(5, 30*time.Millisecond, 2)
		w.pings(5, 30*time.Millisecond, 1)
		w.connections(2, 2, 30*time.Millisecond)
		f.Add(bytesOf(w.near), bytesOf(w.far))
		f.Add(bytesOf(w.far), bytesOf(w.near))
	}
	f.Fuzz(func(t *testing.T, near, far []byte) {
		r, err := outcome(near, far)
		if err != nil {
			if text := err.Error(); text == "" || strings.Contains(text, "\n") {
				t.Errorf("%q", text)
			}
			return
		}
		for _, p := range r.pairs {
			if p.Near.Time.IsZero() || !p.Near.Src.IsValid() || p.Delay < 0 || p.BackDelay < 0 || fmt.Sprint(p.Verdict) == "" {
				t.Errorf("%+v", p)
			}
		}
	})
}

// TestFragments: no fragment is read, the first one of a datagram no more than the others,
// and they are counted.
func TestFragments(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		w := newWorld(1, v6)
		w.syns(20, 10*time.Millisecond, true)
		near := w.near
		q := message{ip: wire.IP{Src: w.addr(1, 1), Dst: w.addr(2, 53), TTL: 64}, udp: &wire.UDP{Src: 5353, Dst: 53}, payload: make([]byte, 3000)}
		whole, parts := q.bytes(), 0
		for at := 0; at < wire.PayloadSize(whole); at += 1024 {
			near = append(near, record{w.begin.Add(time.Second), wire.AppendFragment(nil, whole, at, 1024, 7)})
			parts++
		}
		r, err := outcome(bytesOf(near), bytesOf(w.far))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.all.Near.NotRead; got != uint64(parts) || parts < 3 || len(r.all.Questions) != 1 {
			t.Errorf("IPv6 %v: %d packets were not read of %d fragments; %+v", v6, got, parts, r.all.Questions)
		}
	}
}
