package output

import "sonde/scan/report"

// hostsOnly is a part of the Pagers of formats that have a place for hosts only. What
// else there is belongs to commands for which they are refused (Format.Commands).
type hostsOnly struct{}

func (hostsOnly) AppendMachine(b []byte, _ *Machine) []byte                { return b }
func (hostsOnly) AppendRound(b []byte, _ *report.Round) []byte             { return b }
func (hostsOnly) AppendReroute(b []byte, _ *report.Reroute) []byte         { return b }
func (hostsOnly) AppendPair(b []byte, _ *report.Pair) []byte               { return b }
func (hostsOnly) AppendComparison(b []byte, _ *report.Comparison) []byte   { return b }
func (hostsOnly) AppendUnmet(b []byte, _ *report.Unmet) []byte             { return b }
func (hostsOnly) AppendDifference(b []byte, _ *report.Difference) []byte   { return b }
func (hostsOnly) AppendDifferences(b []byte, _ *report.Differences) []byte { return b }
func (hostsOnly) AppendTrial(b []byte, _ *report.Trial) []byte             { return b }
func (hostsOnly) AppendEffect(b []byte, _ *report.Effect) []byte           { return b }
func (hostsOnly) AppendConclusion(b []byte, _ *report.Conclusion) []byte   { return b }

// hostCommands are the commands that are about hosts, routeCommands those and the one
// that is about routes only.
var (
	hostCommands  = []string{"sweep", "tcp", "udp", "fp"}
	routeCommands = []string{"sweep", "tcp", "udp", "fp", "trace"}
)
