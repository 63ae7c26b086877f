package job

import (
	"time"

	"golang.org/x/sync/errgroup"

	"sonde/scan"
	"sonde/scan/network"
)

// This file is about trials that vary where packets come from: one link leaves by one
// interface, from one source address, and from a block of ports or a fixed one, so there
// is a link for each.

// mostStrands is how many links one trial opens, at most.
const mostStrands = 16

// strand is what sends some variants of a trial.
type strand struct {
	strandKey
	variants []int // their numbers
	network  *network.Network
	engine   *scan.Engine
}

// strandKey is what variants of one strand have in common.
type strandKey struct {
	iface, source string
	port          int // 0: a port of its own for each packet
	variant       int // with a port: variants that share one could not be told apart
}

func (v *variant) strand(number int) strandKey {
	k := strandKey{iface: v.spec.Way.Iface, source: v.spec.Way.Source, port: value(v.spec.Packet.SourcePort, 0)}
	if k.port != 0 {
		k.variant = number
	}
	return k
}

// strands groups the variants.
func (v *variants) strands() (list []*strand, err error) {
	place := map[strandKey]*strand{}
	for i := range v.list {
		k := v.list[i].strand(i)
		s := place[k]
		if s == nil {
			s = &strand{strandKey: k}
			place[k], list = s, append(list, s)
		}
		s.variants = append(s.variants, i)
	}
	if len(list) > mostStrands {
		return nil, Usage("--vary: sources, interfaces and source ports make %d links, and %d are the most", len(list), mostStrands)
	}
	return list, nil
}

// strandRequest says what a strand needs of the network.
func (j *job) strandRequest(s *strand) *network.Request {
	q, t := j.asked, j.targets
	first := &q.variants.list[s.variants[0]]
	r := &network.Request{Targets: t.All, Iface: s.iface, Source: first.asked.source, Via: q.via, Port: uint16(s.port), Proto: q.proto,
		Probes: uint64(len(s.variants)) * uint64(j.spec.blocks()) * t.All.Len()}
	for _, i := range s.variants {
		asked := q.variants.list[i].asked
		r.Frames, r.Stray = r.Frames || asked.byFrames(t), r.Stray || asked.stray()
	}
	return r
}

// openStrands opens the links beside the first, which is the job's own, and refuses what
// cannot leave by them.
func (j *job) openStrands() error {
	for i, s := range j.strands {
		if s.network = j.network; i > 0 {
			n, err := j.env.Open(j.strandRequest(s))
			if err != nil {
				return Local(err)
			}
			s.network = n
		}
		for _, number := range s.variants {
			v := &j.asked.variants.list[number]
			one := &job{spec: v.spec, asked: v.asked, targets: j.targets, network: s.network}
			if src := v.asked.source; src.IsValid() && !s.network.Routes.Local(src) {
				one.scan.Source = src
			}
			if err := one.checkTransport(); err != nil {
				return err
			}
		}
	}
	return nil
}

// closeStrands lets go of the links beside the first that no engine has taken.
func (j *job) closeStrands() {
	for i, s := range j.strands {
		if i == 0 || s.network == nil {
			continue
		}
		if s.network.Link != nil {
			s.network.Link.Close()
		}
		s.network.Close()
	}
}

// serveStrands calls body when each strand has an engine. The first has the job's own.
func (j *job) serveStrands(body func() error) error {
	next := body
	for i := len(j.strands) - 1; i > 0; i-- {
		s, inner := j.strands[i], next
		next = func() error {
			defer s.network.Close()
			return scan.Serve(j.config(s.network, j.tapOf(s.network)), func(e *scan.Engine) error {
				s.engine = e
				return inner()
			})
		}
	}
	j.strands[0].engine = j.engine
	return next()
}

// unwatched tells why not all losses of the job's links are known, nil if they are.
func (j *job) unwatched() error {
	networks := []*network.Network{j.network}
	for _, s := range j.strands {
		networks = append(networks, s.network)
	}
	for _, n := range networks {
		if n == nil || n.Unwatched == nil {
			continue
		}
		if err := n.Unwatched(); err != nil {
			return err
		}
	}
	return nil
}

// eachStrand calls do for every strand at the same time, and returns the first error.
func (j *job) eachStrand(do func(s *strand) error) error {
	var g errgroup.Group
	for _, s := range j.strands {
		g.Go(func() error { return do(s) })
	}
	return g.Wait()
}

// tapOf has the tap of the job see the packets of another network on its own clock.
func (j *job) tapOf(n *network.Network) scan.Tap {
	if j.tap == nil {
		return nil
	}
	return &shifted{j.tap, n.Start.Sub(j.network.Start)}
}

// shifted is a tap on another clock.
type shifted struct {
	scan.Tap
	by time.Duration
}

func (s *shifted) Sent(p scan.Passed) {
	p.At += s.by
	s.Tap.Sent(p)
}

func (s *shifted) Received(p scan.Passed) {
	p.At += s.by
	s.Tap.Received(p)
}

// strandBase is what the plans of a strand have in common: its variants, in their order.
func (j *job) strandBase(s *strand) scan.Plan {
	b := j.base()
	b.SourcePort, b.Craft, b.Craft6 = uint16(s.port), nil, nil
	for _, i := range s.variants {
		c := &j.asked.variants.list[i].asked.crafts
		b.Craft, b.Craft6 = append(b.Craft, c[0]), append(b.Craft6, c[1])
	}
	return b
}
