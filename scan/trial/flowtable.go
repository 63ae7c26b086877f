package trial

import (
	"math"
	"math/rand/v2"
	"slices"

	"sonde/scan/stat"
)

// table is answers by flow and round.
type table struct {
	rows   []map[int]bool // by flow: whether it was answered, by round
	rounds int
}

// newTable sorts answers, whatever their order is.
func newTable(answers []FlowAnswer) *table {
	flows, rounds := map[int]map[int]bool{}, map[int]bool{}
	var order []int
	for _, a := range answers {
		if flows[a.Flow] == nil {
			flows[a.Flow] = map[int]bool{}
			order = append(order, a.Flow)
		}
		flows[a.Flow][a.Round] = a.Answered
		rounds[a.Round] = true
	}
	slices.Sort(order)
	t := &table{rounds: len(rounds)}
	for _, f := range order {
		t.rows = append(t.rows, flows[f])
	}
	return t
}

// totals are the answers of each flow.
func (t *table) totals() []int {
	list := make([]int, len(t.rows))
	for f, row := range t.rows {
		for _, answered := range row {
			list[f] += btoi(answered)
		}
	}
	return list
}

// living is the table without the flows that were never answered.
func (t *table) living() *table {
	left := &table{rounds: t.rounds}
	for f, n := range t.totals() {
		if n > 0 {
			left.rows = append(left.rows, t.rows[f])
		}
	}
	return left
}

// column is a round: the flows that were asked, and whether they were answered.
type column struct {
	flows    []int
	answered []bool
	rate     float64
}

func (t *table) columns() (list []column) {
	byRound := map[int]*column{}
	var order []int
	for f, row := range t.rows {
		for r, answered := range row {
			c := byRound[r]
			if c == nil {
				c = &column{}
				byRound[r] = c
				order = append(order, r)
			}
			c.flows, c.answered = append(c.flows, f), append(c.answered, answered)
			c.rate += float64(btoi(answered))
		}
	}
	slices.Sort(order)
	for _, r := range order {
		c := byRound[r]
		c.rate /= float64(len(c.flows))
		list = append(list, *c)
	}
	return list
}

const (
	permutations = 4000 // at most
	clearly      = 60   // of these as uneven as what was seen leave no doubt about its being chance
)

// byChance is the probability that flows differ as much in their answers, if in each
// round these had fallen on flows at random: by permutations, and by the chi-squared
// distribution of Cochran's Q (Biometrika 37, 1950) where no permutation comes near.
func (t *table) byChance() float64 {
	columns := t.columns()
	expected, variance := make([]float64, len(t.rows)), 0.0
	for _, c := range columns {
		for _, f := range c.flows {
			expected[f] += c.rate
		}
		if n := float64(len(c.flows)); n > 1 {
			variance += c.rate * (1 - c.rate) * n / (n - 1) * n / float64(len(t.rows))
		}
	}
	sum := make([]float64, len(t.rows))
	uneven := func() (total float64) {
		copy(sum, expected)
		for _, c := range columns {
			for i, f := range c.flows {
				if c.answered[i] {
					sum[f]--
				}
			}
		}
		for _, d := range sum {
			total += d * d
		}
		return total
	}
	seen := uneven()
	r := rand.New(rand.NewPCG(uint64(len(t.rows)), uint64(t.rounds))) // the same data, the same verdict
	as, of := 1, 1
	for ; of <= permutations && as < clearly; of++ {
		for _, c := range columns {
			r.Shuffle(len(c.answered), func(i, j int) { c.answered[i], c.answered[j] = c.answered[j], c.answered[i] })
		}
		as += btoi(uneven() >= seen-1e-9)
	}
	p := float64(as) / float64(of)
	if as == 1 {
		p = min(p, stat.ChiSquaredP(seen/variance, len(t.rows)-1))
	}
	return p
}

// mixture is the likeliest share of flows that are never answered, and the loss in the
// others, where each round has a loss of its own: by expectation and maximisation
// (A. P. Dempster, N. M. Laird, D. B. Rubin, JRSS B 39, 1977).
func (t *table) mixture() (dead, loss float64) {
	columns, totals := t.columns(), t.totals()
	rates := make([]float64, len(columns))
	gone := make([]float64, len(t.rows)) // the probability that a flow is dead
	for f, n := range totals {
		gone[f] = float64(btoi(n == 0)) / 2
	}
	for range 500 {
		asked, answered := 0.0, 0.0
		for i, c := range columns {
			living, yes := 0.0, 0.0
			for j, f := range c.flows {
				living += 1 - gone[f]
				yes += float64(btoi(c.answered[j]))
			}
			rates[i] = min(yes/max(living, tiny), 1)
			asked, answered = asked+living, answered+yes
		}
		before := dead
		dead, loss = 0, max(0, 1-answered/max(asked, tiny))
		for _, g := range gone {
			dead += g / float64(len(gone))
		}
		silence := make([]float64, len(gone)) // of a living flow, as a logarithm
		for i, c := range columns {
			for _, f := range c.flows {
				silence[f] += math.Log(max(tiny, 1-rates[i]))
			}
		}
		for f, n := range totals {
			if n == 0 {
				gone[f] = dead / (dead + (1-dead)*math.Exp(silence[f]))
			}
		}
		if math.Abs(dead-before) < 1e-9 {
			break
		}
	}
	return dead, loss
}
