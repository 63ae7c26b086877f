package ports

import (
	"context"
	"math"
	"slices"
	"time"

	"sonde/probe"
	"sonde/scan"
)

// This file is about hosts that limit how often they say port unreachable, which all
// do by a bucket of tokens: one more each so often, up to a few that are saved up, and
// each port unreachable takes one (Linux: net.ipv4.icmp_ratelimit). How often is
// measured by ports that nobody uses, with the bucket empty. Ports that are silent at
// that pace are asked in small groups, and a port that nobody uses behind them: if that
// is told, a token was there that each closed port of the group would have taken.

const (
	measured    = 50 // ports that nobody uses are asked, walkPace apart
	slowLimit   = measured * walkPace
	usualLimit  = time.Second // is supposed where too little came to measure it
	togetherMax = 16          // silent ports of a group
	groupPace   = 5 * time.Millisecond
	mostMisses  = 2  // in a row: the limit is slower than supposed
	mostSlower  = 3  // times that it is supposed to be
	fewProofs   = 3  // that a group is silent; as many intervals
	mostProofs  = 12 // wanted where much is lost
	usualProofs = 5  // where nothing is lost
	overlooked  = 1e-5
)

// measure returns how often h says port unreachable.
func (s *Scan) measure(ctx context.Context, h *host) time.Duration {
	list := unused(slices.Concat(s.Ports, s.unused), measured)
	at := make([]time.Duration, len(list)) // when each was told; 0: it was not
	s.ask(ctx, h, list, 1, walkPace, func(r *scan.Result, _ bool) {
		if i := slices.Index(list, r.Probe.Port); r.Verdict.State == probe.Closed {
			at[i] = r.Reply.At
		}
	})
	return interval(at)
}

// interval works out how often one is told, by when each of a row of ports was, or 0.
// Tokens that were saved up are told faster: so only times between two of which each
// came when others before it had not been told. Where one is lost, that is longer:
// their median is. What cannot be measured is slow.
func interval(at []time.Duration) time.Duration {
	var between []time.Duration
	told, last, empty := 0, time.Duration(0), false // empty: others were not told before
	for i, t := range at {
		if t == 0 {
			continue
		}
		told++
		waited := i > 0 && at[i-1] == 0
		if waited && empty && t > last {
			between = append(between, t-last)
		}
		last, empty = t, waited
	}
	switch {
	case told > len(at)/2: // faster than we ask, but for what is lost
		return walkPace * time.Duration(len(at)) / time.Duration(told)
	case len(between) > 0:
		slices.Sort(between)
		return max(between[len(between)/2], walkPace)
	case told > 1:
		return usualLimit
	}
	return slowLimit
}

// costs is how long it takes to ask n silent ports of a host again that says port
// unreachable each so often: if nearly all of them are closed, as they usually are
// where so many were asked that there was no room for their answers, and at most.
func costs(n int, every time.Duration) (typical, most time.Duration) {
	pass := time.Duration(n) * (every + every/pacing)
	period := 2*quiet(every) + 2*shortestPatience
	groups := (n + togetherMax - 1) / togetherMax
	typical = pass + usualProofs*period
	return typical, pass + 2*time.Duration(mostProofs*groups+n/4+mostProofs)*period
}

const pacing = 20 // a pace is slower than the limit by one part in so many

// quiet is how long a host is left alone, at least, so that it has a token again.
func quiet(every time.Duration) time.Duration { return max(every+every/4, 3*shortestPatience) }

// silentPorts lists the ports of h that are silent, but those that are not any more.
func (h *host) silentPorts() (list []uint16) {
	for i := range h.silent {
		if !h.silent[i].Confirmed {
			list = append(list, h.silent[i].Probe.Port)
		}
	}
	return list
}

// askAgain asks all silent ports at the pace of the host's limit, and those that stay
// silent in groups, until it is proved that no limit makes them silent.
func (s *Scan) askAgain(ctx context.Context, h *host, every time.Duration) probe.Doubt {
	_, most := costs(len(h.silent), every)
	a := again{scan: s, host: h, every: every, left: most}
	told, list := 0, h.silentPorts()
	a.left -= s.ask(ctx, h, list, 1, every+every/pacing, func(r *scan.Result, _ bool) {
		if r.Verdict.State == probe.Closed {
			told++
		}
	})
	if told > len(list)/2 { // most were closed: who was not told of shows how much is lost, at most
		a.asked, a.untold = len(list), len(list)-told
	}
	for ctx.Err() == nil {
		if list = h.silentPorts(); len(list) == 0 {
			return probe.ICMPAnswers
		}
		if !a.group(ctx, list[:min(len(list), togetherMax)]) {
			break
		}
	}
	h.limited(a.every)
	return probe.ICMPLimit
}

// again is what is known while the silent ports of a host are asked again.
type again struct {
	scan          *Scan
	host          *host
	every         time.Duration // as is supposed by now
	left          time.Duration // of what it may cost
	slower        int           // times that every was doubled
	asked, untold int           // ports that are closed, as far as one can know
}

// group asks ports together until it is proved that those of them that are still silent
// are so whatever the limit; false if it cannot be.
func (a *again) group(ctx context.Context, ports []uint16) bool {
	s, h := a.scan, a.host
	misses, proofs := 0, 0
	for {
		// The pauses differ, so that no limit lies between each of them and the control
		// behind it: that would be told, and the group before it not.
		pause := time.Duration(float64(quiet(a.every)) * math.Pow(1.5, float64(proofs%fewProofs)))
		if a.left -= pause; a.left < 0 || !s.Engine.Wait(ctx, pause, nil) {
			return false
		}
		spoke := false
		a.left -= s.ask(ctx, h, ports, 1, groupPace, func(r *scan.Result, _ bool) {
			spoke = spoke || r.Verdict.State != probe.OpenFiltered
		})
		if ctx.Err() != nil {
			return false
		}
		if ports = a.silent(ports); len(ports) == 0 {
			return true
		}
		if spoke {
			continue // and took the token
		}
		switch told := a.control(ctx); {
		case ctx.Err() != nil:
			return false
		case told:
			misses = 0
			if proofs++; proofs >= a.wanted() {
				a.confirm(ports)
				return true
			}
		default:
			if misses++; misses < mostMisses {
				continue
			}
			if a.slower++; a.slower > mostSlower {
				return false
			}
			a.every, misses, proofs = 2*a.every, 0, 0
		}
	}
}

// control asks a port that nobody uses, and tells whether h says that it is closed.
func (a *again) control(ctx context.Context) (told bool) {
	s := a.scan
	a.left -= s.ask(ctx, a.host, unused(slices.Concat(s.Ports, s.unused), 1), 1, 0, func(r *scan.Result, _ bool) {
		told = r.Verdict.State == probe.Closed
	})
	a.asked++
	if !told {
		a.untold++
	}
	return told
}

// wanted is how many proofs are wanted, so that of closed ports only a share of
// overlooked lost the answers of all: by how many answers were lost so far (Laplace's rule
// of succession).
func (a *again) wanted() int {
	loss := float64(a.untold+1) / float64(a.asked+2)
	return min(max(int(math.Ceil(math.Log(overlooked)/math.Log(loss))), fewProofs), mostProofs)
}

// silent are those of ports that are still silent.
func (a *again) silent(ports []uint16) (list []uint16) {
	for _, p := range a.host.silentPorts() {
		if slices.Contains(ports, p) {
			list = append(list, p)
		}
	}
	return list
}

// confirm notes that ports are silent whatever the limit.
func (a *again) confirm(ports []uint16) {
	for i := range a.host.silent {
		if p := &a.host.silent[i]; slices.Contains(ports, p.Probe.Port) {
			p.Confirmed = true
		}
	}
}
