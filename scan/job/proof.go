package job

import (
	"cmp"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"

	"sonde/probe"
	"sonde/probe/field"
	"sonde/probe/wire"
	"sonde/scan/sweep"
	"sonde/scan/target"
)

// This file is about what chosen fields mean beyond the packet: by what is left an answer
// proves itself, how it is read, and whether the packet can leave at all.

// readFlags makes the flags decide how answers are read, where -s does not: as those to a
// SYN, to an ACK, or to what belongs to no connection and no acknowledgment.
func (q *question) readFlags(s *Spec) error {
	c := &q.crafts[0]
	if !c.Has(probe.GivenFlags) || q.kind != nil || s.Command != "tcp" {
		return nil
	}
	q.scan = "--flags " + wire.FlagsText(c.Flags)
	switch {
	case c.Flags&(wire.SYN|wire.ACK|wire.RST) == wire.SYN:
		q.kind = probe.SYN
	case c.Flags&wire.ACK != 0:
		q.kind = probe.ACK
	default:
		q.kind = probe.FIN
	}
	return nil
}

// asks names what is sent, in the singular: "SYN"; with chosen flags "SEC segment".
func (q *question) asks(k probe.Kind) string {
	switch c := &q.crafts[0]; {
	case !c.Has(probe.GivenFlags):
		return k.Asks()
	case c.Flags == 0:
		return "flagless segment"
	default:
		return wire.FlagsText(c.Flags) + " segment"
	}
}

// stray tells whether what q asks of ports belongs to no connection, by its kind or by
// chosen flags: a firewall of this machine that follows connections must not see it.
func (q *question) stray() bool {
	c := &q.crafts[0]
	syn := c.Flags&(wire.SYN|wire.ACK|wire.RST|wire.FIN) == wire.SYN
	return q.kind != nil && (q.kind.Traits().Stray || c.Has(probe.GivenFlags) && !syn)
}

// fill gives a payload of a chosen length its bytes, which follow from the seed.
func (q *question) fill(s *Spec, seed uint64) {
	if s.Packet.DataLength == "" {
		return
	}
	bytes := rand.NewPCG(seed, 0)
	data := q.crafts[0].Data
	for i := range data {
		data[i] = byte(bytes.Uint64())
	}
	q.crafts[1].Data = data
}

// craftedKinds are the kinds whose packets have the chosen fields.
func (q *question) craftedKinds(s *Spec) []probe.Kind {
	switch {
	case q.kind != nil:
		return []probe.Kind{q.kind}
	case s.Command != "sweep":
		return []probe.Kind{probe.SYN}
	}
	pings := q.pings
	if pings == nil {
		pings = sweep.Default()
	}
	var kinds []probe.Kind
	for _, p := range pings {
		if !slices.Contains(kinds, p.Kind) && !p.Kind.Traits().Link {
			kinds = append(kinds, p.Kind)
		}
	}
	return kinds
}

// The fields that stand where proof, or the mark of a traced packet, stands.
var (
	numberFields  = []string{"seq", "ack"}
	portFields    = []string{"source-port"}
	payloadFields = []string{"data", "data-string", "data-length"}
	headerFields  = []string{"ip-id", "flow-label"}
)

// chosen names what was said of some fields: "--seq and -g".
func (s *Spec) chosen(v6 bool, of ...[]string) string {
	var names []string
	for _, name := range slices.Concat(of...) {
		if f := field.Find(name); s.text(name) != "" && f.Family(v6) {
			names = append(names, option(f))
		}
	}
	return strings.Join(names, " and ")
}

// checkProof refuses a craft that leaves nothing by which an answer, or an error, would
// prove itself; note is what must be known of one that leaves little.
func (q *question) checkProof(s *Spec, t *target.Result) (note string, err error) {
	if len(s.crafted()) == 0 {
		return "", nil // and many ranges of targets need not be gone over
	}
	fixed, trace := s.Packet.SourcePort != nil, s.Command == "trace"
	if c := &q.crafts[0]; c.Has(probe.GivenFlags) && c.Flags&wire.RST != 0 {
		note = "--flags " + wire.FlagsText(c.Flags) + ": no stack answers a RST, so silence means nothing"
	}
	for i, v6 := range []bool{false, true} {
		if !hasFamily(t, v6) {
			continue
		}
		for _, k := range q.craftedKinds(s) {
			_, packets := probe.Packets(k)
			if !packets || k.Traits().OnlyIPv4 && v6 {
				continue
			}
			left := probe.LeftOf(k, &q.crafts[i], v6)
			tcp := k.Class() == probe.ClassTCP
			switch {
			case left == probe.Left{}:
				return "", Usage("%s: what %s sends is recognised by a shape of its own", s.chosen(v6, []string{"flags"}, numberFields, payloadFields), q.scan)
			case tcp && left.Answer == probe.InPorts && fixed:
				return "", Usage("%s: nothing is left that would show that an answer is one; leave one of them out", s.chosen(v6, numberFields, portFields))
			case !tcp && left.Quote == probe.InPorts && fixed:
				return "", Usage("%s: nothing is left that would show that an ICMP error is about what was sent; leave one of them out", s.chosen(v6, headerFields, payloadFields, portFields))
			case trace && left.Mark == 0:
				return "", Usage("%s: nothing is left in which a trace by %s to an %s target tells its hops apart; leave one of them out",
					s.chosen(v6, headerFields, numberFields[:1], []string{"tcp-options"}, payloadFields), q.proto, familyName(v6))
			case tcp && left.Answer == probe.InPorts && note == "":
				note = s.chosen(v6, numberFields) + ": the source port alone shows that an answer is one"
			}
		}
	}
	return note, nil
}

// hasFamily tells whether there are targets of a family.
func hasFamily(t *target.Result, v6 bool) bool {
	for r := range t.All.Each {
		if r.From().Is4() != v6 {
			return true
		}
	}
	return v6 && len(t.All.Zoned()) > 0
}

func familyName(v6 bool) string {
	if v6 {
		return "IPv6"
	}
	return "IPv4"
}

// byFrames tells whether packets are to leave as link-layer frames.
func (q *question) byFrames(t *target.Result) bool {
	for i, v6 := range []bool{false, true} {
		if need, _ := field.ByFrames(&q.crafts[i], v6); need > field.Any && hasFamily(t, v6) {
			return true
		}
	}
	return false
}

// checkWays refuses what cannot leave on the ways to the targets: frames where there are
// none, and packets that are too long.
func (j *job) checkWays() error {
	s, q := j.spec, j.asked
	if len(s.crafted()) == 0 && !q.crafts[0].Has(probe.GivenData) {
		return nil
	}
	for number := range j.waysToTargets() {
		w := &j.network.Routes.Ways()[number]
		if w.Err != nil {
			continue
		}
		v6 := !w.Src.Is4()
		c := &q.crafts[0]
		if v6 {
			c = &q.crafts[1]
		}
		if need, f := field.ByFrames(c, v6); need == field.Only && !w.Frames {
			return Usage("%s %s: on %s packets leave by the kernel, which makes something else of it", option(f), s.text(f.Name), w.Name)
		}
		most := q.longest(s, c, v6)
		switch {
		case w.MTU == 0 || most <= w.MTU:
		case c.Fragment > 0:
			return Usage("--fragment %s: fragments of %d bytes do not fit the MTU of %d on %s", s.text("fragment"), most, w.MTU, w.Name)
		default:
			why := cmp.Or(s.chosen(v6, payloadFields), "--vary size")
			return Usage("%s: a packet of %d bytes does not fit the MTU of %d on %s; --fragment sends it in parts", why, most, w.MTU, w.Name)
		}
	}
	return nil
}

// waysToTargets are the numbers of the ways that lead to targets.
func (j *job) waysToTargets() map[uint16]bool {
	used, all, routes := map[uint16]bool{}, j.targets.All, j.network.Routes
	for _, a := range all.Zoned() {
		used[routes.Way(a)] = true
	}
	for r := range all.Each {
		if j.network.Stretches == nil {
			used[routes.Way(r.From())] = true
			continue
		}
		j.network.Stretches(r, func(_, _ netip.Addr, way uint16) { used[way] = true })
	}
	return used
}

// longest is how long a packet with a chosen payload, or a fragment of it, is at most; 0
// where none was chosen.
func (q *question) longest(s *Spec, c *probe.Craft, v6 bool) int {
	if !c.Has(probe.GivenData) {
		return 0
	}
	header, segment := 0, 0
	for _, k := range q.craftedKinds(s) {
		ip, size := probe.Headers(k, c, v6)
		if header = ip; k.Traits().Payload {
			segment = max(segment, size+len(c.Data))
		}
	}
	if n := int(c.Fragment); n > 0 && segment > n {
		segment = n
		if v6 {
			header += 8
		}
	}
	return header + segment
}
