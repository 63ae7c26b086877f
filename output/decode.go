package output

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"sonde/probe"
	"sonde/scan/report"
)

// ErrType is the error of a line whose "type" this program does not know: one that
// a newer sonde has written, perhaps.
var ErrType = errors.New("not a type of record that is known")

// Decode makes a record of one line of the json format: the one that it was
// written from, as far as scan/report says that it stays the same. It refuses a
// line that has not what every line of its type has, or has it in another form,
// and passes over keys that it does not know, which a newer sonde may have added.
func Decode(line []byte) (report.Record, error) {
	r, _, err := DecodeStamped(line)
	return r, err
}

// DecodeStamped is Decode for who wants to know when the line was written, and by which
// run.
func DecodeStamped(line []byte) (report.Record, Stamp, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	o := &object{bad: new(error)}
	if err := d.Decode(&o.members); err != nil {
		return nil, Stamp{}, fmt.Errorf("no line of JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, Stamp{}, errors.New("no line of JSON: something stands behind the object")
	}
	o.readRaw()
	o.need("type")
	kind := o.str("type")
	r, stamp := o.record(kind), o.stamp(kind)
	switch {
	case *o.bad != nil:
		return nil, Stamp{}, fmt.Errorf("record of type %q: %w", kind, *o.bad)
	case r == nil:
		return nil, Stamp{}, fmt.Errorf("record of type %q: %w", kind, ErrType)
	}
	return r, stamp, nil
}

// record reads the record of a type; nil if there is none.
func (o *object) record(kind string) report.Record {
	switch kind {
	case "scan":
		return o.scan()
	case "host":
		return o.host()
	case "port":
		return o.port()
	case "service":
		return o.service()
	case "os":
		return o.os()
	case "hop":
		return o.hop()
	case "change":
		return o.rewrite()
	case "edge":
		return o.edge()
	case "round":
		return o.round()
	case "reroute":
		return o.reroute()
	case "mtu":
		return o.pathMTU()
	case "finding":
		if about, _ := o.members["about"].(string); about == aboutEffect {
			return o.effect()
		}
		return o.finding()
	case "trial":
		return o.trial()
	case "conclusion":
		return o.conclusion()
	case "privilege":
		return o.privilege()
	case "limit":
		return o.limit()
	case "interface":
		return o.iface()
	case "route":
		return o.route()
	case "way":
		return o.way()
	case "pair":
		return o.pair()
	case "comparison":
		return o.comparison()
	case "unmet":
		return o.unmet()
	case "then":
		return o.then()
	case "difference":
		return o.difference()
	case "differences":
		return o.differences()
	case "end":
		return o.end()
	}
	return nil
}

// readRaw reads "bytes": what strings really are that are not UTF-8.
func (o *object) readRaw() {
	if !o.has("bytes") {
		return
	}
	o.raw = map[string]string{}
	in := o.open("bytes")
	for path := range in.members {
		raw, err := hex.DecodeString(in.str(path))
		if err != nil {
			in.fail(path, err.Error())
		}
		o.raw[path] = string(raw)
	}
}

func (o *object) scan() *report.Scan {
	o.need("schema", "version", "command", "args", "time", "method", "seed", "probes")
	if v := o.num("schema", 64); v != schemaVersion {
		o.fail("schema", fmt.Sprintf("%d, but this is read: %d", v, schemaVersion))
	}
	s := &report.Scan{Version: o.str("version"), Command: o.str("command"), Args: o.list("args"), Time: o.time("time"),
		Methods: o.list("method"), Seed: o.num("seed", 64), Probes: o.num("probes", 64), Resumed: o.bool("resumed"),
		Source: o.addr("source"), Addresses: o.num("addresses", 64), Ports: uint32(o.num("ports", 32)),
		Services: o.bool("services"), Then: o.bool("then"), NoPing: o.bool("no_ping"), Captures: o.bool("captures"), Notes: o.list("notes")}
	if o.has("defaults") {
		s.Defaults = each(o, "defaults", func(in *object, key string) report.Default {
			d := in.open(key)
			d.need("flag", "value", "from")
			return report.Default{Command: d.str("command"), Flag: d.str("flag"), Value: d.str("value"), From: d.str("from")}
		})
	}
	if o.has("shard") || o.has("shards") {
		s.Shard, s.Shards = o.count("shard", 64), o.count("shards", 64)
	}
	if o.has("trace") {
		t := o.open("trace")
		t.need("proto", "max_ttl")
		s.Trace = &report.Trace{Proto: t.str("proto"), Port: uint16(t.num("port", 16)), MaxTTL: uint8(t.num("max_ttl", 8)), TOS: t.tos()}
	}
	s.Asked, s.AlsoAsked = o.askedPorts("asked"), o.askedPorts("also_asked")
	if o.has("trials") {
		s.Trials = o.open("trials").trials()
	}
	return s
}

func (o *object) end() *report.End {
	o.need("complete", "exit", "exit_reason", "elapsed_s", "sent", "received", "duplicates", "unsolicited", "send_errors", "receive_drops")
	e := &report.End{Complete: o.bool("complete"), Interrupted: o.bool("interrupted"), PortsReused: o.bool("ports_reused"), Unwatched: o.str("unwatched"), Exit: int(o.num("exit", 8)),
		ExitReason: o.str("exit_reason"), Elapsed: o.seconds("elapsed_s"), Sent: o.num("sent", 64), Neighbours: o.num("sent_neighbour", 64), Received: o.num("received", 64), Resolved: o.num("received_neighbour", 64),
		Duplicates: o.num("duplicates", 64), Unsolicited: o.num("unsolicited", 64), SendErrors: o.num("send_errors", 64),
		ReceiveDrops: o.num("receive_drops", 64), Unasked: o.num("unasked", 64), Loss: -1, ExpectedMissed: -1}
	if o.has("loss") {
		if e.Loss = report.Loss(o.float("loss")); e.Loss > 1 {
			o.fail("loss", "more than 1")
		}
	}
	if o.has("expected_missed") {
		e.ExpectedMissed = report.Missed(o.float("expected_missed"))
	}
	o.tally("hosts", hostStates, &e.Tally.Hosts)
	o.tally("ports", portStates, &e.Tally.Ports)
	e.Tally.Services = o.num("services", 64)
	return e
}

func (o *object) tally(key string, of []probe.State, row *[report.States]uint64) {
	if !o.has(key) {
		return
	}
	in := o.open(key)
	for name := range in.members {
		row[in.stateNamed(name, name, of)] = in.num(name, 64)
	}
}

// askedPorts reads how ports are asked, if any are.
func (o *object) askedPorts(key string) *report.Asked {
	if !o.has(key) {
		return nil
	}
	a := o.open(key)
	a.need("kind", "proto", "ports")
	return &report.Asked{Kind: a.str("kind"), Proto: a.str("proto"), Ports: a.ports("ports")}
}
