package job

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"go4.org/netipx"

	"sonde/scan/target"
)

// TestSize: a job that is too large for one run is refused with the parts that are
// not; and these are accepted.
func TestSize(t *testing.T) {
	seed := uint64(7)
	for _, tt := range []struct {
		prefix string
		ports  int
		shard  Shard
		resume string
		shards string // that are proposed; "": it is accepted
	}{
		{"10.0.0.0/8", 1000, Shard{}, "", ""},
		{"10.0.0.0/16", 65535, Shard{}, "", ""},
		{"10.0.0.0/8", 65535, Shard{}, "", "32"},
		{"10.0.0.0/8", 65535, Shard{1, 32}, "", ""},
		{"10.0.0.0/8", 65535, Shard{2, 3}, "", "48"},
		{"10.0.0.0/8", 1000, Shard{}, "file", "2"},
		{"10.0.0.0/16", 65535, Shard{}, "file", ""},
	} {
		set, err := target.NewSet([]netipx.IPRange{netipx.RangeOfPrefix(netip.MustParsePrefix(tt.prefix))}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s := &Spec{Command: "tcp", Part: Part{Seed: &seed, Shard: tt.shard, Resume: tt.resume}}
		q := &question{ports: make([]uint16, tt.ports)}
		err = s.checkSize(q, &target.Result{All: set})
		if (err == nil) != (tt.shards == "") {
			t.Errorf("%s × %d, shard %v: %v", tt.prefix, tt.ports, tt.shard, err)
			continue
		}
		if err == nil {
			continue
		}
		_, of, _ := strings.Cut(err.Error(), "--seed 7 --shard 1/")
		of, _, _ = strings.Cut(of, " ")
		if s.Part.Shard.Number = 1; of != tt.shards {
			t.Errorf("%v, want 1/%s", err, tt.shards)
		}
		s.Part.Shard.Of, _ = strconv.ParseUint(of, 10, 64)
		if err := s.checkSize(q, &target.Result{All: set}); err != nil {
			t.Errorf("the proposal 1/%s is refused: %v", of, err)
		}
	}
}
