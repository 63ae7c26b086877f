package output

import (
	"strconv"
	"time"

	"sonde/probe"
	"sonde/scan/report"
)

// JSON writes one object a line (schema.json), from which Decode makes the record
// again. What is not known is absent. AppendRecord does not allocate beyond b.
type JSON struct{ Options }

var _ = Register(Format{
	Name:     "json",
	Doc:      "one object a line",
	Streamed: true,
	New:      func(o Options) Streamer { return JSON{o} },
})

// schemaVersion is the "schema" of the scan line. It changes when a key that
// was there changes its meaning.
const schemaVersion = 1

// AppendRecord appends the line of r, if the options let it be listed.
func (j JSON) AppendRecord(b []byte, r report.Record) []byte {
	if !j.Lists(r) {
		return b
	}
	l := line{}
	switch r := r.(type) {
	case *report.Scan:
		l.begin(b, "scan")
		l.scan(r)
	case *report.Host:
		l.begin(b, "host")
		l.host(r)
	case *report.Port:
		l.begin(b, "port")
		l.port(r)
	case *report.Service:
		l.begin(b, "service")
		l.service(r)
	case *report.OS:
		l.begin(b, "os")
		l.os(r)
	case *report.Hop:
		l.begin(b, "hop")
		l.hop(r)
	case *report.Rewrite:
		l.begin(b, "change")
		l.rewrite(r)
	case *report.Edge:
		l.begin(b, "edge")
		l.edge(r)
	case *report.Round:
		l.begin(b, "round")
		l.round(r)
	case *report.Reroute:
		l.begin(b, "reroute")
		l.reroute(r)
	case *report.PathMTU:
		l.begin(b, "mtu")
		l.pathMTU(r)
	case *report.Finding:
		l.begin(b, "finding")
		l.finding(r)
	case *report.Privilege:
		l.begin(b, "privilege")
		l.privilege(r)
	case *report.Limit:
		l.begin(b, "limit")
		l.limit(r)
	case *report.Interface:
		l.begin(b, "interface")
		l.iface(r)
	case *report.Route:
		l.begin(b, "route")
		l.route(r)
	case *report.Way:
		l.begin(b, "way")
		l.way(r)
	case *report.Trial:
		l.begin(b, "trial")
		l.trial(r)
	case *report.Effect:
		l.begin(b, "finding")
		l.effect(r)
	case *report.Conclusion:
		l.begin(b, "conclusion")
		l.conclusion(r)
	case *report.End:
		l.begin(b, "end")
		l.finish(r)
	default:
		if !l.compared(b, r) {
			return b
		}
	}
	_, first := r.(*report.Scan)
	l.stamp(&j.Options, first)
	return l.end()
}

// compared begins the line of r, if it is about what was compared: captures, runs, or a run
// with what was expected; or about a command.
func (l *line) compared(b []byte, r report.Record) bool {
	switch r := r.(type) {
	case *report.Pair:
		l.begin(b, "pair")
		l.pair(r)
	case *report.Comparison:
		l.begin(b, "comparison")
		l.comparison(r)
	case *report.Unmet:
		l.begin(b, "unmet")
		l.unmet(r)
	case *report.Then:
		l.begin(b, "then")
		l.then(r)
	case *report.Difference:
		l.begin(b, "difference")
		l.difference(r)
	case *report.Differences:
		l.begin(b, "differences")
		l.differences(r)
	default:
		return false
	}
	return true
}

func (l *line) scan(s *report.Scan) {
	l.num("schema", schemaVersion)
	l.str("version", s.Version)
	l.str("command", s.Command)
	l.list("args", s.Args)
	l.key("time")
	l.b = append(s.Time.UTC().AppendFormat(append(l.b, '"'), time.RFC3339), '"')
	l.list("method", s.Methods)
	l.num("seed", s.Seed)
	l.num("probes", s.Probes)
	if s.Shards > 0 {
		l.num("shard", s.Shard)
		l.num("shards", s.Shards)
	}
	l.yes("resumed", s.Resumed)
	l.addr("source", s.Source)
	if t := s.Trace; t != nil {
		l.open("trace")
		l.str("proto", t.Proto)
		l.some("port", uint64(t.Port))
		l.num("max_ttl", uint64(t.MaxTTL))
		l.tos(t.TOS)
		l.shut()
	}
	if s.Trials != nil {
		l.trials(s.Trials)
	}
	l.some("addresses", s.Addresses)
	l.some("ports", uint64(s.Ports))
	l.askedPorts("asked", s.Asked)
	l.askedPorts("also_asked", s.AlsoAsked)
	l.yes("services", s.Services)
	l.yes("then", s.Then)
	l.yes("no_ping", s.NoPing)
	l.yes("captures", s.Captures)
	if len(s.Notes) > 0 {
		l.list("notes", s.Notes)
	}
	for i := range l.objects("defaults", len(s.Defaults)) {
		d := &s.Defaults[i]
		l.said("command", d.Command)
		l.str("flag", d.Flag)
		l.str("value", d.Value)
		l.str("from", d.From)
	}
}

func (l *line) finish(e *report.End) {
	l.bool("complete", e.Complete)
	l.yes("interrupted", e.Interrupted)
	l.yes("ports_reused", e.PortsReused)
	if e.Unwatched != "" {
		l.str("unwatched", e.Unwatched)
	}
	l.key("exit")
	l.b = strconv.AppendInt(l.b, int64(e.Exit), 10)
	l.str("exit_reason", e.ExitReason)
	l.units("elapsed_s", e.Elapsed, time.Millisecond, 3)
	l.num("sent", e.Sent)
	l.some("sent_neighbour", e.Neighbours)
	l.num("received", e.Received)
	l.some("received_neighbour", e.Resolved)
	l.num("duplicates", e.Duplicates)
	l.num("unsolicited", e.Unsolicited)
	l.num("send_errors", e.SendErrors)
	l.num("receive_drops", e.ReceiveDrops)
	l.some("unasked", e.Unasked)
	if loss := report.Loss(e.Loss); loss >= 0 {
		l.float("loss", loss, 6)
	}
	if missed := report.Missed(e.ExpectedMissed); missed >= 0 {
		l.float("expected_missed", missed, 3)
	}
	l.tally("hosts", &e.Tally.Hosts)
	l.tally("ports", &e.Tally.Ports)
	l.some("services", e.Tally.Services)
}

// tally writes the states that occurred.
func (l *line) tally(key string, row *[report.States]uint64) {
	if sum(row) == 0 {
		return
	}
	l.open(key)
	for s, n := range row {
		l.some(probe.State(s).String(), n)
	}
	l.shut()
}

// askedPorts writes how ports are asked, if any are.
func (l *line) askedPorts(key string, a *report.Asked) {
	if a == nil {
		return
	}
	l.open(key)
	l.str("kind", a.Kind)
	l.str("proto", a.Proto)
	l.str("ports", a.Ports)
	l.shut()
}
