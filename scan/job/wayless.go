package job

import (
	"errors"
	"fmt"
	"net/netip"

	"go4.org/netipx"

	"sonde/probe"
	"sonde/scan/target"
)

// mostStretches is how many stretches without a way are told one by one.
const mostStretches = 4

// findWayless notes the stretches of the swept ranges to which there is no way, each
// at once, however many addresses it has: their silence would say nothing. Targets
// that were named by themselves are asked, and reported, one by one.
func (j *job) findWayless() error {
	if j.network.Stretches == nil || j.spec.Part.Shard.Of > 0 {
		return nil // each shard has the same targets, whatever the routes of its machine
	}
	var lost target.Builder
	told, n := 0, uint64(0)
	for r := range j.targets.Swept.Each {
		j.network.Stretches(r, func(first, last netip.Addr, way uint16) {
			err := j.network.Routes.Ways()[way].Err
			if err == nil || errors.Is(err, probe.Broadcast) { // which are passed over
				return
			}
			lost.AddRange(netipx.IPRangeFrom(first, last))
			size := target.Count(first, last)
			n += size
			if told++; told <= mostStretches {
				j.note(fmt.Sprintf("%s not asked: %v", stretchWords(first, last, size), probe.TroubleOf(err)))
			}
		})
	}
	if told > mostStretches {
		j.note(fmt.Sprintf("%d more stretches not asked, to which there is no way either: sonde doctor tells of them", told-mostStretches))
	}
	j.outcome.Score.Unasked += int(n)
	var err error
	j.wayless, err = lost.Set()
	return err
}

// stretchWords is "10.9.0.0-10.9.0.255 (256 addresses)".
func stretchWords(first, last netip.Addr, size uint64) string {
	if first == last {
		return first.String()
	}
	return fmt.Sprintf("%v-%v (%d addresses)", first, last, size)
}

// reachable is set without what has no way.
func (j *job) reachable(set *target.Set) *target.Set {
	if j.wayless.Len() == 0 {
		return set
	}
	left, err := target.NewSet(set.Ranges(), set.Zoned(), j.wayless)
	if err != nil { // a set that is smaller than set is none that is too large
		return set
	}
	return left
}
