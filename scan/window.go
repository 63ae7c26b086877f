package scan

// A plan of up to fewSlots questions has a slot for each. In others the window begins
// with so many, and grows when that many are in flight, up to mostSlots.
const (
	fewSlots  = 1 << 16
	mostSlots = 1 << 20
)

// window is where the pass is: every question before base has left its slot, and next
// is the next to start.
type window struct {
	slots      []slot
	base, next uint64
	whole      bool   // there is a slot for each question
	walks      *walks // nil: questions have slots
}

// full tells whether the window has no room for the next question.
func (m *machine) full() bool { return m.window.next-m.window.base >= uint64(len(m.window.slots)) }

// narrow tells whether the window may still grow.
func (m *machine) narrow() bool { return !m.window.whole && len(m.window.slots) < mostSlots }

// widen doubles a window that is full; false if it is as large as can be.
func (m *machine) widen() bool {
	if !m.narrow() {
		return false
	}
	old := m.window.slots
	m.window.slots = make([]slot, 2*len(old))
	for i := m.window.base; i < m.window.next; i++ {
		*m.slot(i) = old[i&uint64(len(old)-1)]
	}
	return true
}
