package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan"
)

// planOf asks n ports of two hosts.
func planOf(t testing.TB, n int) *scan.Plan {
	t.Helper()
	p := &scan.Plan{Targets: scan.NewAddrs(netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")), Kinds: []probe.Kind{probe.SYN}, Seed: 5}
	for i := range n {
		p.Asks = append(p.Asks, scan.Ask{Port: uint16(i + 1)})
	}
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	return p
}

func answer(i uint64) *scan.Result {
	return &scan.Result{Number: i, Reply: probe.Reply{Event: probe.Answer}}
}

func at(base uint64) *scan.Standing {
	return &scan.Standing{Base: base, PerPass: 3, Losses: make([]uint32, scan.StandingLosses)}
}

// reread reads what was written and makes the part again.
func reread(t *testing.T, b []byte, plan *scan.Plan) (*Checkpoint, *Part) {
	t.Helper()
	c, err := Read(b)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Part(3, plan, false)
	if err != nil {
		t.Fatal(err)
	}
	return c, p
}

// TestGoOn: what is known after frames were written, and after another snapshot, is
// what was known before.
func TestGoOn(t *testing.T) {
	plan := planOf(t, 50) // 100 questions
	facts := []Fact{{"ports", "1-50"}, {"seed", "5"}}
	c := New(facts)
	p, err := c.Part(3, plan, false)
	if err != nil {
		t.Fatal(err)
	}
	file := c.Snapshot()
	host := Host{Addr: netip.MustParseAddr("fe80::1%eth0"), Reason: probe.SynAck, From: netip.MustParseAddr("fe80::1"), MAC: [6]byte{2, 0, 0, 0, 0, 1}, Tries: 2, RTT: 1500 * time.Microsecond}
	for i := range uint64(40) {
		if i%2 == 0 { // the others are silent
			p.Heard(answer(i))
		}
	}
	p.Heard(&scan.Result{Number: 41, Reply: probe.Reply{Event: probe.Silence}})
	p.Stands(at(30))
	for _, i := range []uint64{8, 2, 4, 38} {
		p.Decide(i, Counts{1, 0, 2})
	}
	c.AddHost(host)
	c.AddHost(host)
	file = append(file, c.Take()...)
	if c.Take() != nil {
		t.Error("a second frame has something, though nothing is new")
	}
	c.SetFound()
	p.Stands(at(37))
	file = append(file, c.Take()...)

	check := func(name string, b []byte) {
		c, p := reread(t, b, plan)
		if !slices.Equal(c.Facts(), facts) || c.Fact("seed") != "5" || c.Fact("nothing") != "" {
			t.Errorf("%s: facts %v", name, c.Facts())
		}
		if h := c.Hosts(); len(h) != 1 || h[0] != host {
			t.Errorf("%s: hosts %v", name, h)
		}
		if !c.Found() || c.Counts() != (Counts{4, 0, 8}) {
			t.Errorf("%s: found %v, counts %v", name, c.Found(), c.Counts())
		}
		if p.last.Base != 37 || p.last.PerPass != 3 || p.Left() != 96 {
			t.Errorf("%s: it stands at %+v, %d are left", name, p.last, p.Left())
		}
		for i := range plan.Len() {
			decided := i == 2 || i == 4 || i == 8 || i == 38
			tried := i < 37 && (i%2 == 1 || decided) // what was answered and not decided is to be asked
			if p.Skip(i) != decided || !decided && p.Tried(i) != tried {
				t.Errorf("%s: question %d: decided %v, tried %v", name, i, p.Skip(i), p.Tried(i))
			}
		}
	}
	check("frames", file)
	check("snapshot", c.Snapshot())
	again, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	check("snapshot before the part is known", again.Snapshot())
	again, _ = reread(t, file, plan)
	check("snapshot of what was read", again.Snapshot())
	if again.Take() != nil {
		t.Error("what was read is new")
	}
}

// TestHosts: where hosts are decided, all of their questions are.
func TestHosts(t *testing.T) {
	plan := &scan.Plan{Targets: scan.NewAddrs(netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("fd00::1")),
		Kinds: []probe.Kind{probe.SYN}, Asks: []scan.Ask{{Port: 1}, {Port: 2}}, Settle: scan.SettleGroup, Order: scan.ByBlock}
	if err := plan.Compile(); err != nil {
		t.Fatal(err)
	}
	c := New(nil)
	p, err := c.Part(0, plan, true)
	if err != nil {
		t.Fatal(err)
	}
	for i := range plan.Len() {
		p.Heard(answer(i))
	}
	p.Stands(at(plan.Len()))
	p.Decide(1, Counts{})
	p.Decide(99, Counts{}) // there is no such host
	c, err = Read(c.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	if p, err = c.Part(0, plan, true); err != nil {
		t.Fatal(err)
	}
	for i := range plan.Len() {
		if second := plan.Group(i) == 1; p.Skip(i) != second || !second && p.Tried(i) {
			t.Errorf("question %d to host %d: decided %v, tried %v", i, plan.Group(i), p.Skip(i), p.Tried(i))
		}
	}
}

// TestUnansweredKeepsPassesOpen: a run that was over, but for records that were not
// written, asks for these again.
func TestUnansweredKeepsPassesOpen(t *testing.T) {
	plan := planOf(t, 10)
	for _, lost := range []bool{false, true} {
		c := New(nil)
		p, _ := c.Part(3, plan, false)
		p.Heard(answer(4))
		s := at(plan.Len())
		s.Over = true
		p.Stands(s)
		if !lost {
			p.Decide(4, Counts{})
		}
		_, p = reread(t, c.Snapshot(), plan)
		if p.last.Over == lost || p.Tried(3) == false || !lost != p.Skip(4) || lost == p.Tried(4) && !p.Skip(4) {
			t.Errorf("lost %v: %+v, tried %v, decided %v", lost, p.last, p.Tried(4), p.Skip(4))
		}
	}
}

// TestStandingNeverFallsBack: while what was lost is asked again, what had its tries
// keeps them.
func TestStandingNeverFallsBack(t *testing.T) {
	plan := planOf(t, 10)
	c := New(nil)
	p, _ := c.Part(3, plan, false)
	p.Heard(answer(2))
	p.Stands(at(15))
	c, p = reread(t, c.Snapshot(), plan)
	p.Stands(at(2))
	_, p = reread(t, c.Snapshot(), plan)
	if p.last.Base != 15 || p.Tried(2) {
		t.Errorf("%+v, tried %v", p.last, p.Tried(2))
	}
	next := at(1)
	next.Pass = 1
	p.Stands(next)
	_, p = reread(t, p.c.Snapshot(), plan)
	if p.last.Base != 1 || p.last.Pass != 1 {
		t.Errorf("in another pass: %+v", p.last)
	}
}

// written is a checkpoint with some of everything.
func written(t testing.TB) (*scan.Plan, []byte) {
	plan := planOf(t, 1000)
	c := New([]Fact{{"ports", "1-1000"}})
	p, err := c.Part(3, plan, false)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	b := c.Snapshot()
	for round := range uint64(5) {
		for range 100 {
			i := rng.Uint64N(plan.Len())
			p.Heard(answer(i))
			if rng.IntN(4) > 0 {
				p.Decide(i, Counts{1})
			}
		}
		s := at(round * 300)
		s.Losses[7] = 9
		p.Stands(s)
		c.AddHost(Host{Addr: netip.AddrFrom4([4]byte{10, 0, 0, byte(round)}), RTT: -1})
		b = append(b, c.Take()...)
	}
	return plan, b
}

// TestCutShort: of a file that ends anywhere behind its header, the frames that are
// whole count; one that ends before is none.
func TestCutShort(t *testing.T) {
	plan, b := written(t)
	header := len(New([]Fact{{"ports", "1-1000"}}).Snapshot())
	last := uint64(0)
	for n := range len(b) {
		c, err := Read(b[:n])
		if n < header {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("%d of %d bytes: %v", n, len(b), err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%d of %d bytes: %v", n, len(b), err)
		}
		p, err := c.Part(3, plan, false)
		if err != nil {
			t.Fatalf("%d of %d bytes: %v", n, len(b), err)
		}
		if p.before < last {
			t.Fatalf("%d of %d bytes: %d decided, with less it was %d", n, len(b), p.before, last)
		}
		last = p.before
	}
	if last == 0 {
		t.Error("nothing is ever decided")
	}
	if _, err := Read(append(slices.Clone(b), make([]byte, 4096)...)); err != nil {
		t.Errorf("zeros behind the frames: %v", err)
	}
}

// TestDamage: whatever bit is changed, it is noticed.
func TestDamage(t *testing.T) {
	_, b := written(t)
	for i := range b {
		bad := slices.Clone(b)
		bad[i] ^= 1 << (i % 8)
		if _, err := Read(bad); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d of %d changed: %v", i, len(b), err)
		}
	}
	for _, bad := range [][]byte{nil, []byte("sonde"), []byte(magic), []byte(magic + "nonsense"), []byte("{}\n")} {
		if _, err := Read(bad); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestSize: a checkpoint of many questions takes two bits for each at most, and a
// few bytes where most are alike.
func TestSize(t *testing.T) {
	plan := planOf(t, 50_000)
	rng := rand.New(rand.NewPCG(2, 2))
	for _, tt := range []struct {
		name string
		in   func(i uint64) bool
		most int
	}{
		{"none", func(uint64) bool { return false }, 200},
		{"all", func(uint64) bool { return true }, 200},
		{"the first half", func(i uint64) bool { return i < plan.Len()/2 }, 200},
		{"one of 1000", func(i uint64) bool { return i%1000 == 0 }, 600},
		{"half of them, anyhow", func(uint64) bool { return rng.IntN(2) == 0 }, int(plan.Len())/8 + 200},
	} {
		c := New(nil)
		p, _ := c.Part(3, plan, false)
		want := map[uint64]bool{}
		for i := range plan.Len() {
			if tt.in(i) {
				want[i] = true
				p.Decide(i, Counts{})
			}
		}
		b := c.Snapshot()
		if len(b) > tt.most {
			t.Errorf("%s: %d bytes, want %d at most", tt.name, len(b), tt.most)
		}
		_, p = reread(t, b, plan)
		for i := range plan.Len() {
			if p.Skip(i) != want[i] {
				t.Fatalf("%s: question %d: %v", tt.name, i, p.Skip(i))
			}
		}
	}
}

// TestBits compares sets of all sizes with maps.
func TestBits(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for n := uint64(1); n < 300; n++ {
		b := newBits(n)
		want := map[uint64]bool{}
		for range rng.Uint64N(n + 1) {
			from := rng.Uint64N(n)
			to := min(n, from+rng.Uint64N(70))
			b.fill(from, to)
			for i := from; i < to; i++ {
				want[i] = true
			}
		}
		for _, text := range [][]byte{b.append(nil), b.appendWords(nil)} {
			got := newBits(n)
			if err := got.read(text); err != nil {
				t.Fatal(err)
			}
			for i := range n {
				if got.has(i) != want[i] {
					t.Fatalf("%d of %d, written as %c: %v", i, n, text[0], got.has(i))
				}
			}
			if got.count() != uint64(len(want)) {
				t.Fatalf("%d in the set, want %d", got.count(), len(want))
			}
		}
		if err := b.read([]byte{asRuns, 0, byte(n%100) + 1, 200, 4}); err == nil {
			t.Errorf("runs of more than %d numbers are accepted", n)
		}
		if err := b.read(b.appendWords(nil)[1:]); err == nil {
			t.Errorf("%d numbers: words that are too short are accepted", n)
		}
	}
}

// FuzzRead: no file makes the reader panic or take much memory, and what it accepts
// it writes again.
func FuzzRead(f *testing.F) {
	_, b := written(f)
	f.Add(b)
	f.Add(b[:len(b)-9])
	f.Add(New(nil).Snapshot())
	plan := planOf(f, 1000)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Read(b)
		if err != nil {
			return
		}
		p, err := c.Part(3, plan, false)
		if err != nil {
			return
		}
		again, err := Read(c.Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		q, err := again.Part(3, plan, false)
		if err != nil {
			t.Fatal(err)
		}
		if p.before != q.before || !bytes.Equal(fmt.Appendln(nil, p.last), fmt.Appendln(nil, q.last)) {
			t.Fatalf("%d decided, at %+v; written again %d, at %+v", p.before, p.last, q.before, q.last)
		}
	})
}

// FuzzPayload is FuzzRead behind the check sums, which a fuzzer seldom gets right.
func FuzzPayload(f *testing.F) {
	_, b := written(f)
	for rest := b[len(magic):]; ; {
		payload, after, err := cutFrame(rest)
		if err != nil || payload == nil {
			break
		}
		f.Add(payload)
		rest = after
	}
	plan := planOf(f, 1000)
	header := New(nil).Snapshot()
	f.Fuzz(func(t *testing.T, payload []byte) {
		frame := frames{payload}
		c, err := Read(frame.append(slices.Clone(header)))
		if err != nil {
			return
		}
		if p, err := c.Part(3, plan, false); err == nil {
			p.Tried(plan.Len() - 1)
			c.Snapshot()
		}
	})
}
