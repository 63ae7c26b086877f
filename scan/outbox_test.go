package scan_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sonde/scan"
)

// TestOutbox: what is put down is told in order, once, by one goroutine at a time,
// without the lock held; who tells slowly holds up those who put down too much.
func TestOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var out scan.Outbox
		var told []int
		slow := true
		put := func(n int) {
			mu.Lock()
			defer out.Release(&mu)
			out.Put(func() {
				if slow {
					slow = false
					time.Sleep(time.Second)
				}
				// Another goroutine may be putting something down at this moment. Would
				// the one that tells hold the lock itself, this would wait for ever.
				mu.Lock()
				told = append(told, n)
				mu.Unlock()
			})
		}
		const many = 5000
		go put(0)
		synctest.Wait()
		began := time.Now()
		for n := 1; n < many; n++ {
			put(n)
		}
		if held := time.Since(began); held != time.Second {
			t.Errorf("who puts down %d things while the first is told is held up for %v", many, held)
		}
		mu.Lock()
		out.Wait(&mu)
		mu.Unlock()
		if len(told) != many || !slices.IsSorted(told) {
			t.Errorf("%d things were told, in order: %v", len(told), slices.IsSorted(told))
		}
	})
}
