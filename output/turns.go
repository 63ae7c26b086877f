package output

import "sonde/scan/report"

// This file keeps hosts whose services are asked in the order of their records: a run puts
// these by address, as far as that holds none of them up, but conversations end when they
// will. One takes seconds, seldom half a minute, and a host that is whole waits for those
// before it that long, if not more hosts than mostReady wait.

// mostReady is how many hosts that are whole wait for others.
const mostReady = 256

// turns are hosts in the order of their records. The zero value is ready.
type turns struct {
	queue []*block
	ready int // of queue, those that are whole
}

// turn says where in turns a block is.
type turn uint8

const (
	noTurn   turn = iota // in none: it is handed on when it is whole
	awaited              // others wait for it
	readyNow             // whole, and waits for others
)

// add has those that come later wait for a block, where services are asked.
func (t *turns) add(k *block, s *report.Scan) {
	if !s.Services {
		return
	}
	k.turn = awaited
	t.queue = append(t.queue, k)
}

// whole takes a block that is whole, and tells whether it waits for nobody. Otherwise next
// has it when it is its turn.
func (t *turns) whole(k *block) (alone bool) {
	if k.turn == noTurn {
		return true
	}
	if k.turn != readyNow {
		k.turn = readyNow
		t.ready++
	}
	for t.ready > mostReady && t.queue[0].turn == awaited { // these are overtaken
		t.queue[0].turn = noTurn
		t.queue = t.queue[1:]
	}
	return false
}

// next takes the first block out of the queue if it is whole; nil: it is not.
func (t *turns) next() *block {
	if len(t.queue) == 0 || t.queue[0].turn != readyNow {
		return nil
	}
	k := t.queue[0]
	k.turn = noTurn
	t.queue = t.queue[1:]
	t.ready--
	return k
}
