package scan

import (
	"encoding/binary"
	"math"
	"net/netip"

	"sonde/probe"
)

// tally counts which try brought the answers of one class.
type tally struct {
	counts [MostTries + 1]uint32 // by try, from 1, on time
	late   uint32                // all tries were lost, but the target repeated its answer
	found  uint32                // questions with any answer
	hosts  [hostBuckets]hostTally
}

// hostTally is what a tally says of a part of the hosts, by a hash: enough to
// see whether hosts differ.
type hostTally struct{ answers, tries uint32 }

const hostBuckets = 32

// lossModel is what a tally says: a mixture of at most two kinds of questions,
// each of which loses every try with its own probability. Hosts differ, and one
// common probability would promise too much.
type lossModel struct {
	weight [2]float64 // of found questions
	loss   [2]float64
}

const (
	fewAnswers  = 10   // fewer say nothing about loss
	highestLoss = 0.95 // beyond, a handful of answers would stand for any number of missed ones
)

// fit estimates the model from answers that came by try 1 … tries, by maximum
// likelihood. A question that was found at all was found by one of its tries,
// so the distribution is a geometric one cut off behind the last (truncated).
func (t *tally) fit(tries int) lossModel {
	n, sum := 0.0, 0.0
	for i := 1; i <= tries; i++ {
		n += float64(t.counts[i])
		sum += float64(i) * float64(t.counts[i])
	}
	if n == 0 || sum == n {
		return lossModel{weight: [2]float64{1, 0}}
	}
	one := lossModel{weight: [2]float64{1, 0}, loss: [2]float64{solveMean(sum/n, tries), 0}}
	two := t.fitTwo(tries, one.loss[0])
	// Two more parameters must earn their place (Akaike's criterion).
	if t.likelihood(&two, tries) > t.likelihood(&one, tries)+2 {
		return two
	}
	return one
}

// fitTwo runs expectation-maximisation from a start on both sides of q.
func (t *tally) fitTwo(tries int, q float64) lossModel {
	m := lossModel{weight: [2]float64{0.5, 0.5}, loss: [2]float64{q / 4, math.Min(highestLoss, (1+2*q)/3)}}
	for range 200 {
		var n, sum [2]float64
		for i := 1; i <= tries; i++ {
			c := float64(t.counts[i])
			if c == 0 {
				continue
			}
			a := m.weight[0] * truncated(m.loss[0], i, tries)
			b := m.weight[1] * truncated(m.loss[1], i, tries)
			if a+b == 0 {
				continue
			}
			share := a / (a + b)
			n[0] += c * share
			n[1] += c * (1 - share)
			sum[0] += c * share * float64(i)
			sum[1] += c * (1 - share) * float64(i)
		}
		for k := range n {
			if n[k] > 0 {
				m.loss[k] = solveMean(sum[k]/n[k], tries)
			}
			m.weight[k] = n[k] / (n[0] + n[1])
		}
	}
	return m
}

func (t *tally) likelihood(m *lossModel, tries int) float64 {
	l := 0.0
	for i := 1; i <= tries; i++ {
		if c := t.counts[i]; c > 0 {
			p := m.weight[0]*truncated(m.loss[0], i, tries) + m.weight[1]*truncated(m.loss[1], i, tries)
			l += float64(c) * math.Log(math.Max(p, 1e-300))
		}
	}
	return l
}

// truncated is the probability that try i brings the answer, given that one of
// 1 … tries does, when each is lost with probability q.
func truncated(q float64, i, tries int) float64 {
	return (1 - q) * power(q, i-1) / (1 - power(q, tries))
}

// truncatedMean is the mean of that distribution, and how fast it grows with q.
func truncatedMean(q float64, tries int) (mean, slope float64) {
	n, but, all := float64(tries), power(q, tries-1), power(q, tries)
	return 1/(1-q) - n*all/(1-all), 1/((1-q)*(1-q)) - n*n*but/((1-all)*(1-all))
}

// solveMean finds the q whose truncated geometric distribution has this mean:
// for a family of one parameter that is its maximum likelihood. It goes by Newton's
// method, and halves what is left where that leads out of it. A fit asks for hundreds
// of these while packets wait to be sent.
func solveMean(mean float64, tries int) float64 {
	const exact = 1e-13
	lo, hi := 0.0, highestLoss
	q := (lo + hi) / 2
	for range 50 {
		at, slope := truncatedMean(q, tries)
		if at < mean {
			lo = q
		} else {
			hi = q
		}
		before := q
		if q -= (at - mean) / slope; !(lo < q && q < hi) {
			q = (lo + hi) / 2
		}
		if math.Abs(q-before) < exact {
			break
		}
	}
	return q
}

// power is q to the nth. Where n is a number of tries it is several times as fast as
// math.Pow.
func power(q float64, n int) float64 {
	p := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			p *= q
		}
		q *= q
	}
	return p
}

// missed returns how many questions of a model with found answers stayed
// unanswered after tries tries although somebody would have answered.
func (m *lossModel) missed(found float64, tries int, fitted int) float64 {
	sum := 0.0
	for k, w := range m.weight {
		if m.loss[k] > 0 {
			all := found * w / (1 - math.Pow(m.loss[k], float64(fitted)))
			sum += all * math.Pow(m.loss[k], float64(tries))
		}
	}
	return sum
}

// mean is the loss of a single question, over all that can be answered.
func (m *lossModel) mean(fitted int) float64 {
	num, den := 0.0, 0.0
	for k, w := range m.weight {
		all := w / (1 - math.Pow(m.loss[k], float64(fitted)))
		num += all * m.loss[k]
		den += all
	}
	return num / den
}

// expected returns how many questions of t stayed unanswered after tries tries
// although somebody would have answered. fitted is how many tries the answers
// so far came from. Targets repeat lost SYN-ACKs, so some of what every try
// lost comes back all the same: how large that part is, the late answers tell.
func (t *tally) expected(tries, fitted int) float64 {
	failed := t.unanswered(min(tries, usualTries), fitted)
	if failed == 0 {
		return 0
	}
	return t.unanswered(tries, fitted) * failed / (failed + float64(t.late))
}

// unanswered is how many questions of t no try of tries would have brought an
// answer to, by the worse of two views: the mixture that all answers together
// fit, and what follows from how much hosts differ. The first sees hosts with a
// loss of their own only when many tries were needed, the second sooner.
func (t *tally) unanswered(tries, fitted int) float64 {
	m := t.fit(fitted)
	onTime := float64(t.found - t.late)
	mean, variance := t.hostLoss(fitted)
	// E[q^n] to the second order around the mean of q.
	n := float64(tries)
	share := math.Pow(mean, n) + n*(n-1)/2*math.Pow(mean, n-2)*variance
	return max(m.missed(onTime, tries, fitted), onTime*share/(1-math.Min(share, 0.5)))
}

// hostLoss returns the mean of the hosts' losses and how much they vary beyond
// what chance makes them.
func (t *tally) hostLoss(tries int) (mean, variance float64) {
	n, sum := 0.0, 0.0
	for _, h := range t.hosts {
		n += float64(h.answers)
		sum += float64(h.tries)
	}
	if n == 0 || sum == n {
		return 0, 0
	}
	mean = solveMean(sum/n, tries)
	chance, used := 0.0, 0.0
	for _, h := range t.hosts {
		if a := float64(h.answers); a >= fewAnswers {
			d := solveMean(float64(h.tries)/a, tries) - mean
			variance += a * d * d
			chance += mean * (1 - mean) * (1 - mean) // a times the variance of an estimate from a answers
			used += a
		}
	}
	if used == 0 {
		return mean, 0
	}
	return mean, math.Max(0, (variance-chance)/used)
}

// usualTries is how many tries questions have had when late answers come.
const usualTries = 3

// losses keeps a tally for each class of answers: what is lost differs, and
// ICMP errors, which are limited rather than lost, are in none.
type losses [probe.Classes]tally

func (l *losses) answered(c probe.Class, host netip.Addr, try int, onTime bool) {
	t := &l[c]
	t.found++
	switch {
	case !onTime:
		t.late++
	case try >= 1 && try <= MostTries:
		t.counts[try]++
		a := host.As16()
		h := &t.hosts[mix(binary.BigEndian.Uint64(a[8:]))%hostBuckets]
		h.answers++
		h.tries += uint32(try)
	}
}

// estimate returns loss and expected missed as they are reported, negative
// where they are not known.
func (l *losses) estimate(tries int) (loss, missed float64) {
	loss, missed = -1, -1
	if tries < 2 {
		return
	}
	weight := 0.0
	for c := range l {
		t := &l[c]
		onTime := t.found - t.late
		if onTime < fewAnswers {
			continue
		}
		m := t.fit(tries)
		if missed < 0 {
			loss, missed = 0, 0
		}
		loss += m.mean(tries) * float64(onTime)
		weight += float64(onTime)
		missed += t.expected(tries, tries)
	}
	if weight > 0 {
		loss /= weight
	}
	return
}

// enough tells whether tries tries of every silent question suffice: what is
// expected to be missed is less than half a question and less than a thousandth
// of what was found. fitted is how many tries the answers so far came from.
func (l *losses) enough(tries, fitted int) bool {
	missed, found := 0.0, 0.0
	for c := range l {
		t := &l[c]
		if t.found == 0 {
			continue
		}
		missed += t.expected(tries, fitted)
		found += float64(t.found)
	}
	return missed < 0.5 && (missed < found/1000 || missed == 0)
}

// withOneLost returns l as it were if one more answer in each class had come by
// the second try only.
func (l losses) withOneLost() *losses {
	for c := range l {
		if l[c].found > 0 {
			l[c].found++
			l[c].counts[2]++
		}
	}
	return &l
}

// onTime is how many answers came within the wait of a try.
func (l *losses) onTime() (n uint32) {
	for c := range l {
		n += l[c].found - l[c].late
	}
	return n
}

// any tells whether anything answered.
func (l *losses) any() bool {
	for c := range l {
		if l[c].found > 0 {
			return true
		}
	}
	return false
}
