package simnet

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// splitNetwork is a router that balances over two ways, one of which is longer and
// balances again, before they meet at r9.
const splitNetwork = `
iface eth0 10.0.0.1/24 2001:db8::1/64
route 0.0.0.0/0 via 10.0.0.254
route ::/0 via 2001:db8::fe
router a1 10.1.1.1 2001:db8:1::a1
router a2 10.1.1.2 2001:db8:1::a2
router b1 10.1.2.1 2001:db8:1::b1
	split flow by src,dst,sport,label a1 a2
router b2 10.1.2.2 2001:db8:1::b2
router r9 10.1.9.1 2001:db8:1::99
router r1 10.0.0.254 2001:db8::fe
	split %s b1 b2
path 10.9.0.0/16 r1 r9
path 2001:db8:9::/48 r1 r9
hosts 10.9.0.5
	tcp open 80
hosts 2001:db8:9::5
	tcp open 80
`

// TestSplitByFlow: what is alike in what the hash reads goes one way, there and back,
// whatever else differs; and all ways are taken by what is not alike.
func TestSplitByFlow(t *testing.T) {
	both(t, fmt.Sprintf(splitNetwork, "flow by src,dst,sport"), "10.9.0.5", "2001:db8:9::5", func(r *rig, addr string) {
		seen := map[string]bool{}
		for port := range uint16(40) {
			way := func(dport uint16) (list []string) {
				for ttl := 1; ttl <= 5; ttl++ {
					r.send(withTTL(syn(addr, 40000+port, dport, 1000+uint32(ttl)), uint8(ttl)))
					list = append(list, r.wait1(time.Second).IP.Src.String())
				}
				return list
			}
			first := way(80)
			if first[0] != r.Ways()[r.Way(dstOf(syn(addr, 1, 1, 1)))].Next.String() || first[4] != addr {
				t.Fatalf("port %d: %v", port, first)
			}
			for _, again := range [][]string{way(80), way(81)} {
				if !slices.Equal(first[:3], again[:3]) {
					t.Fatalf("port %d: %v, then %v", port, first, again)
				}
			}
			seen[first[1]+" "+first[2]] = true
		}
		if len(seen) != 3 { // by b1 and a1, by b1 and a2, by b2 and r9
			t.Errorf("ways: %v", seen)
		}
	})
}

// TestSplitByPacket: the same packet again goes another way.
func TestSplitByPacket(t *testing.T) {
	both(t, fmt.Sprintf(splitNetwork, "packet"), "10.9.0.5", "2001:db8:9::5", func(r *rig, addr string) {
		seen := map[string]int{}
		for range 64 {
			r.send(withTTL(syn(addr, 40000, 80, 1000), 2))
			seen[r.wait1(time.Second).IP.Src.String()]++
		}
		if len(seen) != 2 {
			t.Errorf("ways: %v", seen)
		}
		for way, n := range seen {
			if n < 16 {
				t.Errorf("%s: %d of 64", way, n)
			}
		}
	})
}

// TestSplitByTime: everything goes one way, and everything the next one later, and both come
// again.
func TestSplitByTime(t *testing.T) {
	both(t, fmt.Sprintf(splitNetwork, "every 20s"), "10.9.0.5", "2001:db8:9::5", func(r *rig, addr string) {
		var turns []string
		for second := range 80 {
			r.send(withTTL(syn(addr, 40000+uint16(second), 80, 1000), 2))
			at := r.wait1(time.Second).IP.Src.String()
			if second%20 == 0 {
				turns = append(turns, at)
			}
			if at != turns[second/20] {
				t.Fatalf("%v after %d s, of %v", at, second, turns)
			}
			time.Sleep(time.Duration(second+1)*time.Second - r.Elapsed())
		}
		if turns[0] != turns[2] || turns[1] != turns[3] || turns[0] == turns[1] {
			t.Errorf("by turns: %v", turns)
		}
	})
}
