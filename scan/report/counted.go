package report

import "time"

// Counted is what many questions to a hop (-c) tell beside its Repeat.
type Counted struct {
	Jitter    time.Duration // the mean difference of a round trip to the one before; 0 with less than two
	Missing   Missing       // why questions stayed unanswered
	PerSecond float64       // with MissingLimited: about so many replies a second
	Slow      bool          // it takes longer to answer than hops beyond it do
	Begins    *LossBegin    // packets get lost from here on, or from between an earlier hop and this one; nil: that is not known
}

// LossBegin is where packets begin to get lost.
type LossBegin struct {
	After uint8   // the TTL of the last hop to which as many come as to those before it; 0: packets get lost up to here already
	Rate  float64 // the share that is lost from there on, there and back, as of Loss
}

// Missing is why questions to a hop stayed unanswered.
type Missing uint8

const (
	MissingNone    Missing = iota // all were answered
	MissingLimited                // the hop limits its replies: answers come as from a token bucket
	MissingReplies                // it is replies of the hop, in no pattern: hops beyond lack less
	MissingWay                    // packets get lost on the way there or back, of hops beyond, too
	MissingUnsure                 // nobody beyond answers, so it may be either
)

var missings = [...]string{"none", "limited", "replies", "way", "unsure"}

func (m Missing) String() string { return missings[min(int(m), len(missings)-1)] }

// MissingWords are those that Missing is written by.
func MissingWords() []string { return missings[1:] }

// ParseMissing is the inverse of String.
func ParseMissing(word string) (Missing, bool) {
	for i, w := range missings {
		if w == word {
			return Missing(i), true
		}
	}
	return MissingNone, false
}
