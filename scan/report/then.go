package report

import "net/netip"

// Then is what came of the command that was run for a host (--then). It comes some time after
// the host and its ports.
type Then struct {
	Addr   netip.Addr
	Argv   []string // the command, word by word
	Exit   uint8    // its exit code, if nothing else ended it
	Signal string   // that ended it; "": none
	Error  string   // why it was not started; "": it was
	Output string   // what it wrote to its stdout and stderr
	Cut    bool     // it wrote more than is kept
}

func (*Then) record() {}
