package trial

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// flowWorld has flows of which a share is dead, and loses others at random.
type flowWorld struct {
	flows, rounds int
	dead, loss    float64
	uneven        float64 // loss of every other flow, beside
	badRounds     bool    // every other round loses half
}

func (w flowWorld) run(seed uint64) (list []FlowAnswer) {
	r := rand.New(rand.NewPCG(seed, 3))
	dead := make([]bool, w.flows)
	for f := range dead {
		dead[f] = float64(f) < math.Round(w.dead*float64(w.flows))
	}
	for round := range w.rounds {
		for f := range w.flows {
			lets := 1 - w.loss
			if f%2 == 0 {
				lets *= 1 - w.uneven
			}
			if w.badRounds && round%2 == 0 {
				lets /= 2
			}
			list = append(list, FlowAnswer{f, round, !dead[f] && r.Float64() < lets})
		}
	}
	return list
}

// TestByFlow: loss that belongs to flows is told from chance, also where there is both.
func TestByFlow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		w     flowWorld
		want  FlowResult
		wrong int // of 50 runs, at most
	}{
		{"no loss", flowWorld{flows: 40, rounds: 4}, FlowChance, 0},
		{"a dead quarter", flowWorld{flows: 40, rounds: 4, dead: 0.25}, FlowDead, 0},
		{"a dead quarter and loss", flowWorld{flows: 40, rounds: 4, dead: 0.25, loss: 0.1}, FlowDead, 0},
		{"a dead quarter and much loss", flowWorld{flows: 40, rounds: 6, dead: 0.25, loss: 0.4}, FlowDead, 2},
		{"a dead half", flowWorld{flows: 16, rounds: 4, dead: 0.5}, FlowDead, 0},
		{"one dead", flowWorld{flows: 40, rounds: 4, dead: 0.025}, FlowDead, 0},
		{"all but one dead", flowWorld{flows: 40, rounds: 4, dead: 0.975}, FlowDead, 0},
		{"random loss", flowWorld{flows: 40, rounds: 4, loss: 0.25}, FlowChance, 1},
		{"bad rounds", flowWorld{flows: 40, rounds: 4, badRounds: true}, FlowChance, 3},
		{"little loss", flowWorld{flows: 40, rounds: 4, loss: 0.01}, FlowChance, 1},
		{"uneven", flowWorld{flows: 40, rounds: 10, uneven: 0.5}, FlowUneven, 1},
		{"very uneven", flowWorld{flows: 40, rounds: 8, uneven: 0.8}, FlowUneven, 1},
		{"all dead", flowWorld{flows: 40, rounds: 4, dead: 1}, FlowUnsure, 0},
		{"one flow", flowWorld{flows: 1, rounds: 4}, FlowUnsure, 0},
		{"one round", flowWorld{flows: 40, rounds: 1, loss: 0.25}, FlowUnsure, 0},
		{"few flows", flowWorld{flows: 4, rounds: 4}, FlowUnsure, 0},
		{"nothing", flowWorld{}, FlowUnsure, 0},
	} {
		wrong, inside := map[FlowResult]int{}, 0
		for seed := range uint64(50) {
			v := ByFlow(tt.w.run(seed))
			if v.Result != tt.want {
				wrong[v.Result]++
			}
			dead := math.Round(tt.w.dead*float64(tt.w.flows)) / float64(max(1, tt.w.flows))
			inside += btoi(v.Low <= dead && dead <= v.High)
			if !finite(v.Dead, v.Low, v.High, v.Loss, v.P) {
				t.Errorf("%s: %+v", tt.name, v)
			}
			if tt.want == FlowDead && math.Abs(v.Loss-tt.w.loss) > 0.15 {
				t.Errorf("%s: loss of the living is %v", tt.name, v.Loss)
			}
		}
		if n := wrong[FlowDead] + wrong[FlowUneven] + wrong[FlowChance] + wrong[FlowUnsure]; n > tt.wrong {
			t.Errorf("%s: %d are %v", tt.name, n, wrong)
		}
		if inside < 46 {
			t.Errorf("%s: the interval has the share in %d of 50 runs", tt.name, inside)
		}
	}
}

// TestByFlowAtRandom: chance is called a matter of flows once in a hundred runs at most.
func TestByFlowAtRandom(t *testing.T) {
	t.Parallel()
	const runs = 500
	for _, loss := range []float64{0.05, 0.25, 0.6} {
		wrong := 0
		for seed := range uint64(runs) {
			v := ByFlow(flowWorld{flows: 40, rounds: 4, loss: loss}.run(seed))
			wrong += btoi(v.Result == FlowDead || v.Result == FlowUneven)
		}
		if wrong > runs/100 {
			t.Errorf("loss %v: %d of %d", loss, wrong, runs)
		}
	}
}

// TestByFlowOrder: the verdict does not depend on the order of the answers.
func TestByFlowOrder(t *testing.T) {
	answers := flowWorld{flows: 40, rounds: 4, dead: 0.1, loss: 0.3}.run(1)
	want := *ByFlow(answers)
	slices.Reverse(answers)
	if got := *ByFlow(answers); got != want {
		t.Errorf("%+v, reversed %+v", want, got)
	}
}

func TestFlowsWorthAsking(t *testing.T) {
	for _, tt := range []struct {
		share, loss   float64
		flows, rounds int
	}{{0.25, 0, 17, 3}, {0.125, 0.1, 35, 3}, {0.125, 0.25, 35, 5}, {0.9, 0.5, 8, 8}, {0, 1, 459, 20}, {1, 0, 8, 3}} {
		if flows, rounds := FlowsWorthAsking(tt.share, tt.loss); flows != tt.flows || rounds != tt.rounds {
			t.Errorf("%v dead, loss %v: %d flows, %d rounds", tt.share, tt.loss, flows, rounds)
		}
	}
}

// TestDeciding: what varies while flows fare alike decides nothing.
func TestDeciding(t *testing.T) {
	quarter := flowWorld{flows: 20, rounds: 4, dead: 0.25, loss: 0.05}.run(1)
	living := flowWorld{flows: 20, rounds: 4, loss: 0.05}.run(2)
	dead := flowWorld{flows: 20, rounds: 4, dead: 1}.run(3)
	few := flowWorld{flows: 3, rounds: 4}.run(4)
	got := Deciding([]Part{{"source port", quarter}, {"destination port", living}, {"flow label", dead}, {"target", few}, {"source", nil}}, 0.25)
	if want := []PartResult{PartDecides, PartIdle, PartIdle, PartUnsure, PartUnsure}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := Deciding([]Part{{"source port", dead}, {"flow label", dead}}, 0.25); !slices.Equal(got, []PartResult{PartUnsure, PartUnsure}) {
		t.Errorf("none was answered: %v", got)
	}
}
