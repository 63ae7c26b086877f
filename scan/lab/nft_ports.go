package lab

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// oneOf looks the register up in an unnamed set of ranges of numbers that are so
// many bytes wide.
func (t *translator) oneOf(list string, of nftables.SetDatatype, bytes int) error {
	ranges, err := parseRanges(list, 1<<(8*bytes)-1)
	if err != nil {
		return err
	}
	key := func(n int) []byte {
		return binary.BigEndian.AppendUint32(nil, uint32(n))[4-bytes:]
	}
	// An interval set is a list of edges: where a range begins, and where the
	// first number behind it is.
	var edges []nftables.SetElement
	if ranges[0][0] > 0 {
		edges = append(edges, nftables.SetElement{Key: key(0), IntervalEnd: true})
	}
	for _, r := range ranges {
		edges = append(edges, nftables.SetElement{Key: key(r[0])})
		if r[1] < 1<<(8*bytes)-1 {
			edges = append(edges, nftables.SetElement{Key: key(r[1] + 1), IntervalEnd: true})
		}
	}
	// The package would number all sets of the process, without a lock.
	*t.sets++
	set := &nftables.Set{Table: t.table, ID: *t.sets, Name: "__set%d", Anonymous: true, Constant: true, Interval: true, KeyType: of}
	if err := t.conn.AddSet(set, edges); err != nil {
		return err
	}
	t.add(&expr.Lookup{SourceRegister: reg, SetName: set.Name, SetID: set.ID})
	return nil
}

// parseRanges reads "22,80-90" into sorted ranges that do not touch.
func parseRanges(list string, most int) ([][2]int, error) {
	var all [][2]int
	for _, part := range strings.Split(list, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		a, errA := strconv.Atoi(from)
		b, errB := strconv.Atoi(to)
		if errA != nil || errB != nil || a < 0 || b > most || a > b {
			return nil, fmt.Errorf("%q in %q is no number or range up to %d", part, list, most)
		}
		all = append(all, [2]int{a, b})
	}
	slices.SortFunc(all, func(x, y [2]int) int { return x[0] - y[0] })
	merged := all[:1]
	for _, r := range all[1:] {
		if last := &merged[len(merged)-1]; r[0] <= last[1]+1 {
			last[1] = max(last[1], r[1])
		} else {
			merged = append(merged, r)
		}
	}
	return merged, nil
}
