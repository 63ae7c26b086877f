package job

import (
	"context"
	"errors"
	"testing"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/report"
)

// TestShardsAddUp: the outcomes of all shards of a job add up to that of the whole:
// the same exit code, for the same reason, and the same counts of ports; of hosts, too,
// where they are dealt out whole.
func TestShardsAddUp(t *testing.T) {
	seed := uint64(5)
	for _, tt := range []struct {
		network string
		s       Spec
	}{
		{"office.net", Spec{Command: "tcp", Targets: Targets{Words: []string{"10.2.0.10", "2001:db8:2::10"}}, Ask: Ask{Ports: "20-30,80", Ping: []string{"N"}}}},
		{"lan.net", Spec{Command: "tcp", Targets: Targets{Words: []string{"10.0.0.5"}}, Ask: Ask{Ports: "20-24"}}},
		{"office.net", Spec{Command: "sweep", Targets: Targets{Words: []string{"10.2.0.0/28"}}}},
		{"lan.net", Spec{Command: "udp", Targets: Targets{Words: []string{"10.0.0.2", "10.0.0.3"}}, Ask: Ask{Ports: "53,69,514"}}},
		{"lan.net", Spec{Command: "tcp", Targets: Targets{Words: []string{"10.0.0.2"}}, Ask: Ask{Ports: "22,80,443"}, Expect: "open"}},
		{"lan.net", Spec{Command: "tcp", Targets: Targets{Words: []string{"10.0.0.2"}}, Ask: Ask{Ports: "22,80,81"}, Expect: "open"}},
	} {
		s := tt.s
		s.Part.Seed = &seed
		whole, _, err := virtually(t, onNetwork(t, tt.network, nil), &s)
		if err != nil {
			t.Fatal(err)
		}
		sum := Outcome{Stats: scan.NoStats(), Idle: true}
		for i := range uint64(4) {
			s.Part.Shard = Shard{i + 1, 4}
			part, _, err := virtually(t, onNetwork(t, tt.network, nil), &s)
			if err != nil {
				t.Fatal(err)
			}
			sum = sum.Plus(part)
		}
		wantCode, wantWhy := whole.Exit()
		if code, why := sum.Exit(); code != wantCode || why != wantWhy || sum.Tally.Ports != whole.Tally.Ports || s.Command == "sweep" && sum.Tally != whole.Tally || !sum.Stats.Complete {
			t.Errorf("%s %v: the shards add up to exit %d (%s), %v; the whole has %d (%s), %v", s.Command, s.Targets.Words, code, why, sum.Tally, wantCode, wantWhy, whole.Tally)
		}
	}
}

// TestExit: what decides the exit code, the first of these that holds.
func TestExit(t *testing.T) {
	open := probe.Open
	for _, tt := range []struct {
		name string
		o    Outcome
		code int
		why  string
	}{
		{"terminated", Outcome{Cut: ErrTerminated, Unresolved: true}, 143, "terminated"},
		{"interrupted", Outcome{Cut: errors.Join(ErrInterrupted), Failed: true}, 130, "interrupted"},
		{"a name", Outcome{Unresolved: true, Failed: true}, 5, "name not resolved"},
		{"a failure", Outcome{Failed: true, Score: Score{Yes: 1}}, 4, "local-error"},
		{"not asked", Outcome{Score: Score{Unasked: 1, Yes: 1}}, 4, "local-error"},
		{"q, and something is open", Outcome{Cut: ErrQuit, Score: Score{Yes: 1}}, 0, "ended early"},
		{"q, and nothing is", Outcome{Cut: ErrQuit, Score: Score{No: 1}}, 3, "ended early"},
		{"no reader, and something is expected", Outcome{Cut: ErrNoReader, Score: Score{Want: &open, AsWant: 1, Yes: 1}}, 3, "ended early"},
		{"idle", Outcome{Idle: true}, 3, "nothing to ask"},
		{"idle, and something is expected", Outcome{Idle: true, Score: Score{Want: &open}}, 0, "nothing to ask"},
		{"as expected", Outcome{Score: Score{Want: &open, AsWant: 2}}, 0, "expected"},
		{"not all as expected", Outcome{Score: Score{Want: &open, AsWant: 2, No: 1, Silent: 1}}, 1, "unexpected"},
		{"one of them silent", Outcome{Score: Score{Want: &open, AsWant: 2, Silent: 1}}, 3, "silence"},
		{"open", Outcome{Score: Score{Answer: "open", Yes: 1, No: 5, Silent: 5}}, 0, "open"},
		{"silence", Outcome{Score: Score{No: 5, Silent: 1}}, 3, "silence"},
		{"sent", Outcome{Score: Score{Spoofed: 1}}, 0, "sent"},
		{"no", Outcome{Score: Score{No: 1}}, 1, "no"},
		{"nobody", Outcome{}, 3, "silence"},
	} {
		if code, why := tt.o.Exit(); code != tt.code || why != tt.why {
			t.Errorf("%s: exit %d (%s), want %d (%s)", tt.name, code, why, tt.code, tt.why)
		}
		if e := tt.o.End(); e.Exit != tt.code || e.ExitReason != tt.why {
			t.Errorf("%s: the end record says %d (%s)", tt.name, e.Exit, e.ExitReason)
		}
	}
}

// TestConclude: what has been cut short is not complete, and by whom the end record says.
func TestConclude(t *testing.T) {
	for _, tt := range []struct {
		o                     Outcome
		err                   error
		complete, interrupted bool
	}{
		{Outcome{}, nil, true, false},
		{Outcome{Cut: ErrInterrupted}, nil, false, true},
		{Outcome{Cut: ErrQuit}, nil, false, true},
		{Outcome{Cut: context.DeadlineExceeded}, nil, false, false},
		{Outcome{GaveUp: true}, nil, false, false},
		{Outcome{}, errors.New("the link is gone"), false, false},
	} {
		o := tt.o
		o.Stats = scan.NoStats()
		if e := o.Conclude(&Env{}, tt.err); e.Complete != tt.complete || e.Interrupted != tt.interrupted || o.Stats.Complete != tt.complete {
			t.Errorf("%+v, %v: the end record says complete %v, interrupted %v", tt.o, tt.err, e.Complete, e.Interrupted)
		}
	}
}

// TestRecordsFrame: the first record of a run is *report.Scan and the last is
// *report.End, which says what the Outcome says; what is refused puts nothing.
func TestRecordsFrame(t *testing.T) {
	o, list, err := virtually(t, onNetwork(t, "lan.net", nil), &Spec{Command: "tcp", Targets: Targets{Words: []string{"10.0.0.2"}}, Ask: Ask{Ports: "22,81"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := list[0].(*report.Scan); !ok {
		t.Errorf("the first record is %T", list[0])
	}
	end, ok := list[len(list)-1].(*report.End)
	if code, why := o.Exit(); !ok || end.Exit != code || end.ExitReason != why || end.Tally != o.Tally {
		t.Errorf("the last record is %+v, the outcome %+v", list[len(list)-1], o)
	}
	_, list, err = virtually(t, onNetwork(t, "lan.net", nil), &Spec{Command: "tcp", Targets: Targets{Words: []string{"10.0.0.2"}}, Ask: Ask{Ports: "0"}})
	var refused *Error
	if !errors.As(err, &refused) || refused.Code != ExitUsage || len(list) > 0 {
		t.Errorf("%v, and %d records", err, len(list))
	}
}
