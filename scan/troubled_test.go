package scan

import (
	"syscall"
	"testing"
	"time"

	"sonde/probe"
)

// TestSilenceAfterLoss: of a question whose way was lost after the first of its tries had
// left nothing is known, even where the way is there again; what was asked before, and
// waited for, and what is asked afterwards, is silent as ever.
func TestSilenceAfterLoss(t *testing.T) {
	const gone, back = 10 * time.Second, 11 * time.Second
	for _, tt := range []struct {
		asked time.Duration
		ended time.Duration // when the machine is called again
		want  probe.Event
	}{
		{time.Second, 9 * time.Second, probe.Silence},
		{9900 * time.Millisecond, 30 * time.Second, probe.LocalError},
		{10500 * time.Millisecond, 30 * time.Second, probe.LocalError},
		{back + time.Millisecond, 30 * time.Second, probe.Silence},
	} {
		timing := Template(3)
		timing.MaxRetries = 0
		m := machineFor(t, &Plan{Targets: hosts(1), Kinds: []probe.Kind{probe.SYN}, Asks: []Ask{{Port: 80}}}, timing)
		now := time.Duration(0)
		m.lost = func(_ probe.Probe, since time.Duration) probe.Trouble {
			if now >= gone && since < back {
				return probe.NoCarrier
			}
			return 0
		}
		now = tt.asked
		if asks := m.fill(now, idle, 1, nil); len(asks) != 1 {
			t.Fatalf("%d asks", len(asks))
		}
		now = tt.ended
		m.fill(now, idle, 1, nil)
		m.remaining(false, 1)
		if len(m.out) != 1 || m.out[0].Reply.Event != tt.want || tt.want == probe.LocalError && probe.Trouble(m.out[0].Reply.Errno) != probe.NoCarrier {
			t.Errorf("asked after %v: %+v, want %v", tt.asked, m.out, tt.want)
		}
	}
}

// TestLaterContradictsAnswersOnly: a Watcher is told of a further answer where another one
// has decided the question, not where silence or a loss of our own has: who hears nothing
// at first and a SYN-ACK later has not heard two different things.
func TestLaterContradictsAnswersOnly(t *testing.T) {
	for _, tt := range []struct {
		name   string
		lost   probe.Trouble
		at     time.Duration // of the first answer
		expect int           // what is told in the end
	}{
		{"two answers", 0, 20 * time.Millisecond, 1},
		{"silence, then an answer", 0, time.Minute, 0},
		{"a loss, then an answer", probe.NoCarrier, time.Minute, 0},
	} {
		timing := Template(3)
		timing.MaxRetries = 0
		m := machineFor(t, &Plan{Targets: hosts(1), Kinds: []probe.Kind{probe.SYN}, Asks: []Ask{{Port: 80}}, Watcher: NoWatcher{}}, timing)
		m.lost = func(probe.Probe, time.Duration) probe.Trouble { return tt.lost }
		a := m.fill(time.Millisecond, idle, 1, nil)[0]
		m.fill(tt.at, idle, 1, nil)
		m.answer(tt.at, a.probe, synAck(a, tt.at))
		if tt.expect > 0 {
			m.answer(tt.at, a.probe, synAck(a, tt.at))
		}
		if len(m.out) != 1 || len(m.notes) != tt.expect {
			t.Errorf("%s: %d results, %d notes, want %d", tt.name, len(m.out), len(m.notes), tt.expect)
		}
	}
}

// TestRefusalAfterWord: where the kernel's ICMP error about a packet that it does not send
// is read before its refusal, no packet has left all the same.
func TestRefusalAfterWord(t *testing.T) {
	m := machineFor(t, &Plan{Targets: hosts(1), Kinds: []probe.Kind{probe.SYN}, Asks: []Ask{{Port: 80}}}, Template(3))
	now := time.Millisecond
	a := m.fill(now, idle, 1, nil)[0]
	refused := uint16(syscall.EPERM)
	m.answer(now, a.probe, &probe.Reply{At: now, Event: probe.LocalError, Who: probe.Ourselves, Errno: refused, Try: 1})
	m.fail(now, a.number, probe.LocalError, refused)
	m.fill(time.Minute, idle, 1, nil)
	if len(m.out) != 1 || m.out[0].Tries != 0 || m.out[0].Reply.Event != probe.LocalError || m.counts.duplicates != 0 {
		t.Errorf("%+v", m.out)
	}
}
