package output

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

func (o *object) host() *report.Host {
	o.need("addr", "state")
	h := &report.Host{Addr: o.addr("addr"), By: o.addr("by"), MAC: o.mac("mac"), Vendor: o.str("vendor"),
		Named: o.bool("named"), Ports: uint32(o.num("ports", 32)), Routed: o.bool("routed"), System: o.bool("system"), Names: o.names()}
	o.verdict(&h.Verdict, hostStates)
	if o.has("local_names") {
		h.Local = each(o, "local_names", func(in *object, key string) report.LocalName {
			n := in.open(key)
			n.need("name", "source")
			return report.LocalName{Name: n.str("name"), Source: n.word("source", report.LocalNameSources())}
		})
	}
	own := h.Addr.WithZone("")
	switch {
	case o.has("from"):
		h.From = o.addr("from")
	case o.has("self") && o.bool("self"), !o.has("self") && answered(h.Reason):
		h.From = own
	}
	if o.has("middlebox_suspected") {
		h.Doubt = o.middlebox()
	}
	return h
}

func (o *object) port() *report.Port {
	o.need("addr", "proto", "port", "state", "reason", "tries")
	p := &report.Port{Addr: o.addr("addr"), Proto: o.str("proto"), Port: uint16(o.num("port", 16)),
		Confirmed: o.bool("confirmed"), Service: o.str("service")}
	o.verdict(&p.Verdict, portStates)
	p.From = o.addr("from")
	switch {
	case o.has("middlebox_suspected"):
		p.Doubt = o.middlebox()
	case o.has("silence"):
		if p.Doubt = o.doubt("silence"); !p.Doubt.Silence() {
			o.fail("silence", "is said of something else")
		}
	}
	return p
}

func (o *object) middlebox() probe.Doubt {
	d := o.doubt("middlebox_suspected")
	if !d.Middlebox() {
		o.fail("middlebox_suspected", "is said of silence")
	}
	return d
}

// verdict reads what hosts and ports have in common.
func (o *object) verdict(v *report.Verdict, states []probe.State) {
	v.State = o.state("state", states)
	if v.State != probe.NotTested {
		o.need("reason")
	}
	v.Reason = o.reason("reason")
	v.TTL, v.HasTTL = uint8(o.num("ttl", 8)), o.has("ttl")
	v.Tries, v.Asked, v.Source = uint8(o.num("tries", 8)), o.str("asked"), o.addr("source")
	v.Errno = o.localError(v.Reason)
	v.Weak, v.Unproven = o.bool("weak"), uint16(o.num("unproven", 16))
	v.QuotedSrc, v.QuotedDst = o.addr("quoted_src"), o.addr("quoted_dst")
	if o.has("payload") {
		var ok bool
		if v.Data, ok = probe.ParseData(o.str("payload")); !ok {
			o.fail("payload", "is not known")
		}
	}
	v.Reply = o.reply()
	switch {
	case o.has("sent"):
		v.Repeat = o.repeat(states)
	case o.has("rtt_ms"):
		v.RTT, v.HasRTT = o.millis("rtt_ms"), true
	}
}

// names reads what look-ups told.
func (o *object) names() report.Names {
	n := report.Names{Forward: o.list("names"), PTR: o.str("reverse"), Looked: o.has("names_differ") || o.bool("looked_up")}
	if name := o.str("name"); name != "" && name != n.PTR && !o.has("names") {
		n.Forward = []string{name}
	}
	n.Differ = n.Name() != "" && o.bool("names_differ")
	return n
}

// localError reads why this machine could not ask, with the reason that says so.
func (o *object) localError(r probe.Reason) uint16 {
	if r != probe.ReasonLocalError || !o.has("error") {
		return 0
	}
	return o.errno("error")
}

// errno reads the text of an error number of this system.
func (o *object) errno(key string) uint16 {
	text := o.str(key)
	if n, err := strconv.ParseUint(strings.TrimPrefix(text, "errno "), 10, 16); err == nil && n > 0 {
		return uint16(n) // one without a text
	}
	for _, t := range probe.Troubles() {
		if t.Error() == text {
			return uint16(t)
		}
	}
	for n := uint16(1); n < errnos; n++ {
		if syscall.Errno(n).Error() == text {
			return n
		}
	}
	o.fail(key, "is no error of this system")
	return 0
}

// errnos is more than there are error numbers with a text.
const errnos = 256

func (o *object) hop() *report.Hop {
	o.need("addr", "ttl")
	h := &report.Hop{Addr: o.addr("addr"), TTL: uint8(o.num("ttl", 8)), Hops: uint32(o.num("hops", 32)), From: o.addr("from"),
		Others: each(o, "others", (*object).addr), Excerpt: report.Excerpt{Quoted: int(o.num("quoted", 31)), Visible: o.bool("visible")},
		Reached: o.bool("reached"), Proto: o.str("proto"), Names: o.names(), Reply: o.reply(),
		AsTo: o.addr("as_to"), Moved: report.Moved{QuotedSrc: o.addr("quoted_src"), QuotedDst: o.addr("quoted_dst")},
		Extension: report.Extension{Labels: o.mpls(), Interfaces: each(o, "interfaces", (*object).router), Objects: each(o, "objects", (*object).unknown)},
		Echoes:    report.Echoes{Came: o.list("came"), Unanswered: o.list("unanswered")}}
	if o.has("sent") {
		o.need("received")
		h.Repeat = report.Repeat{Sent: uint32(o.num("sent", 32)), Answered: uint32(o.num("received", 32))}
	}
	if o.has("rtt_ms") {
		o.times(&h.Repeat)
	}
	h.Counted, h.AS, h.Return = o.counted(), o.as(), uint8(o.num("return_hops", 8))
	if h.Reason = hopReason(h.From.IsValid()); o.has("reason") {
		h.Reason = o.reason("reason")
	}
	h.Refused = o.reason("refused")
	h.Errno = o.localError(h.Reason)
	if o.has("state") {
		h.State = o.state("state", slices.Concat(hostStates, portStates))
	}
	if h.Proto != "" {
		h.Port = uint16(o.num("port", 16))
	}
	if o.has("dscp") || o.has("ecn") {
		h.HasTOS, h.TOS = true, o.tos()
	}
	h.Changes, h.Unseen = o.changes(), o.list("unseen")
	return h
}

// change reads the members of a change.
func (o *object) change() report.Change {
	o.need("field", "sent", "seen")
	return report.Change{Field: o.str("field"), Sent: o.str("sent"), Seen: o.str("seen")}
}

// router reads an interface of a router.
func (o *object) router(key string) wire.Interface {
	in := o.open(key)
	in.need("role")
	role, ok := wire.ParseRole(in.str("role"))
	if !ok {
		in.fail("role", "is no role of an interface")
	}
	return wire.Interface{Role: role, Index: uint32(in.num("index", 32)), Addr: in.addr("addr"), Name: in.str("name"), MTU: uint32(in.num("mtu", 32))}
}

// unknown reads an object of an extension.
func (o *object) unknown(key string) report.Object {
	in := o.open(key)
	in.need("class", "type", "value")
	value, err := hex.DecodeString(in.str("value"))
	if err != nil {
		in.fail("value", err.Error())
	}
	return report.Object{Class: uint8(in.num("class", 8)), Type: uint8(in.num("type", 8)), Value: string(value)}
}

func (o *object) finding() *report.Finding {
	f := &report.Finding{Addr: o.addr("addr"), Doubt: o.doubt("about"), Count: o.num("count", 64), Proto: o.str("proto"),
		Canary: uint16(o.num("canary", 16)), By: o.addr("by"), Confirmed: o.bool("confirmed"),
		Ports: each(o, "port_list", func(in *object, key string) uint16 { return uint16(in.count(key, 16)) }),
		MACs:  each(o, "macs", (*object).mac)}
	if len(f.Ports) > maxPortList {
		o.fail("port_list", "has more than 100 ports")
	}
	if f.Doubt == probe.Nearer {
		f.Hops, f.Others = uint8(o.count("hops", 8)), uint8(o.count("others_hops", 8))
	}
	if f.Doubt == probe.Loop {
		f.Hop, f.Routers = uint8(o.count("hop", 8)), each(o, "routers", (*object).addr)
	}
	if f.Doubt == probe.ICMPLimit {
		o.need("every_ms", "cost_s")
		f.Every, f.Cost = o.millis("every_ms"), o.units("cost_s", 100*time.Millisecond, 1)
		if o.has("most_s") {
			f.Most = o.units("most_s", 100*time.Millisecond, 1)
		}
	}
	return f
}

// maxPortList is how many ports a finding names at most.
const maxPortList = 100
