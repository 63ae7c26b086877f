package simnet

import "net/netip"

// key is what a table is looked up by.
type key interface {
	comparable
	hash() uint64
}

// hostKey is an address as a key.
type hostKey struct{ addr netip.Addr }

func (k hostKey) hash() uint64 { return hash(k.addr, 2) }

// flow is a connection as a key, as the host sees it.
type flow struct {
	us, host     netip.Addr
	ours, theirs uint16
}

func (k flow) hash() uint64 {
	return mix(hash(k.us, uint64(k.ours)<<16|uint64(k.theirs)) ^ hash(k.host, 3))
}

// table is a map of bounded size that forgets the oldest entry for a new one,
// and does not allocate once it has been full.
type table[K key, V any] struct {
	entries []entry[K, V]
	first   []int32 // by hash: head of a chain of entries; 0: empty, else index+1
	free    []int32
	head    int32 // oldest entry + 1; 0: empty
	tail    int32
	max     int
}

type entry[K key, V any] struct {
	key        K
	value      V
	used       bool
	chain      int32 // next of the same hash, +1
	prev, next int32 // by age, +1
}

// init makes room for max entries, a power of two.
func (t *table[K, V]) init(max int) {
	t.max = max
	t.first = make([]int32, max)
}

func (t *table[K, V]) len() int { return len(t.entries) - len(t.free) }

// find returns the index of k's entry; negative: none.
func (t *table[K, V]) find(k K) int32 {
	for i := t.first[k.hash()&uint64(t.max-1)]; i != 0; i = t.entries[i-1].chain {
		if t.entries[i-1].key == k {
			return i - 1
		}
	}
	return -1
}

// at returns the value of entry i, which stays there until the next add.
func (t *table[K, V]) at(i int32) *V { return &t.entries[i].value }

// add makes an entry for k, which must not be there, with the zero value.
func (t *table[K, V]) add(k K) int32 {
	if t.len() == t.max {
		t.remove(t.head - 1)
	}
	var i int32
	if n := len(t.free); n > 0 {
		i, t.free = t.free[n-1], t.free[:n-1]
	} else {
		i = int32(len(t.entries))
		t.entries = append(t.entries, entry[K, V]{})
	}
	h := k.hash() & uint64(t.max-1)
	t.entries[i] = entry[K, V]{key: k, used: true, chain: t.first[h], prev: t.tail}
	t.first[h] = i + 1
	if t.tail != 0 {
		t.entries[t.tail-1].next = i + 1
	} else {
		t.head = i + 1
	}
	t.tail = i + 1
	return i
}

// remove forgets entry i.
func (t *table[K, V]) remove(i int32) {
	e := &t.entries[i]
	at := &t.first[e.key.hash()&uint64(t.max-1)]
	for *at != i+1 {
		at = &t.entries[*at-1].chain
	}
	*at = e.chain
	if e.prev != 0 {
		t.entries[e.prev-1].next = e.next
	} else {
		t.head = e.next
	}
	if e.next != 0 {
		t.entries[e.next-1].prev = e.prev
	} else {
		t.tail = e.prev
	}
	*e = entry[K, V]{}
	t.free = append(t.free, i)
}
