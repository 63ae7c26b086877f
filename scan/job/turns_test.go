package job

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sonde/scan/report"
	"sonde/scan/simnet"
	"sonde/scan/target"
)

// shown are outputs that show hosts, and not lines.
var shown = []Output{{Format: "text"}}

// toldHosts are the hosts of a run in the order in which they were told of, and when.
type toldHosts struct {
	records
	began time.Time
	hosts []netip.Addr
	when  map[netip.Addr]time.Duration
}

func (s *toldHosts) Put(r report.Record) {
	s.records.Put(r)
	if h, ok := r.(*report.Host); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.hosts, s.when[h.Addr] = append(s.hosts, h.Addr), time.Since(s.began)
	}
}

// hostsTold runs s on a network in virtual time.
func hostsTold(t *testing.T, net string, s *Spec) (told *toldHosts) {
	t.Helper()
	simulated, err := simnet.Parse("test.net", net)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		told = &toldHosts{records: records{t: t}, began: time.Now(), when: map[netip.Addr]time.Duration{}}
		if _, err := Run(t.Context(), world(simulated, nil), s, told); err != nil {
			t.Fatal(err)
		}
	})
	return told
}

// many has hosts of which some drop what is sent to it, and is whole later than
// those that answer.
const many = `
iface eth0 10.0.0.1/16 2001:db8::1/64 mac 02:00:00:00:00:01
	line delay 1ms
hosts 10.0.4.0/22
	tcp open 22; udp served 53
hosts 10.0.4.0/26
	tcp drop; udp drop
hosts 2001:db8::400/120
	tcp open 22; udp served 53
`

// TestHostsInOrder: hosts of a range come by address, whichever are whole first, of TCP and
// UDP ports, of both, and of one port; where lines are read, as they are whole.
func TestHostsInOrder(t *testing.T) {
	for _, tt := range []struct {
		name    string
		s       Spec
		ordered bool
	}{
		{"tcp", Spec{Command: "tcp", Ask: Ask{Ports: "22,80,81"}}, true},
		{"one port", Spec{Command: "tcp", Ask: Ask{Ports: "22"}}, true},
		{"udp", Spec{Command: "udp", Ask: Ask{Ports: "53"}}, true},
		{"both", Spec{Command: "tcp", Ask: Ask{Ports: "T:22,80,U:53", UDP: true}}, true},
		{"lines", Spec{Command: "tcp", Ask: Ask{Ports: "22,80,81"}, Show: Show{Outputs: []Output{{Format: "json", Streamed: true}}}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.s
			s.Targets.Words, s.Ask.Ping = []string{"10.0.4.0/23", "2001:db8::400/123"}, []string{"N"}
			if s.Show.Outputs == nil {
				s.Show.Outputs = shown
			}
			told := hostsTold(t, many, &s)
			if n := len(told.hosts); n != 512+32 {
				t.Errorf("%d hosts", n)
			}
			if slices.IsSortedFunc(told.hosts, netip.Addr.Compare) != tt.ordered {
				t.Errorf("in order: %v, %v", !tt.ordered, told.hosts)
			}
		})
	}
}

// TestNobodyWaitsLong: a host that takes minutes does not keep the others from being shown,
// which come in order among themselves, after no more than twice their time.
func TestNobodyWaitsLong(t *testing.T) {
	const slow = `
iface eth0 10.0.0.1/24 mac 02:00:00:00:00:01
	line delay 1ms
hosts 10.0.0.16/28
	udp served 53
hosts 10.0.0.16
	limit 1/s burst 1
`
	s := &Spec{Command: "udp", Targets: Targets{Words: []string{"10.0.0.16/28"}}, Ask: Ask{Ports: "53,1000-1040", Ping: []string{"N"}, Confirm: true}, Show: Show{Outputs: shown}}
	alone := *s
	alone.Show.Outputs = []Output{{Format: "json", Streamed: true}}
	whole, told := hostsTold(t, slow, &alone), hostsTold(t, slow, s)
	first := netip.MustParseAddr("10.0.0.16")
	if whole.when[first] < 20*time.Second || told.hosts[len(told.hosts)-1] != first {
		t.Fatalf("the first host was to be slow: %v, %v", whole.when, told.hosts)
	}
	if !slices.IsSortedFunc(told.hosts[:len(told.hosts)-1], netip.Addr.Compare) {
		t.Errorf("%v", told.hosts)
	}
	for _, a := range told.hosts {
		if most := max(2*whole.when[a], whole.when[a]+leastTurn) + time.Second; told.when[a] > most {
			t.Errorf("%v was whole after %v, and shown after %v", a, whole.when[a], told.when[a])
		}
	}
}

// TestTurns: whose turn it is is told of at once, others when it is theirs, or have waited.
func TestTurns(t *testing.T) {
	set := target.Builder{}
	for i := range 6 {
		set.Add(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
	}
	hosts, err := set.Set()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		turns, said := newTurns(hosts), ""
		var mu sync.Mutex // of said: a timer tells, too
		tell := func(n byte) {
			turns.tell(netip.AddrFrom4([4]byte{10, 0, 0, n}), func() {
				mu.Lock()
				defer mu.Unlock()
				said += fmt.Sprint(n)
			})
		}
		want := func(text string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if said != text {
				t.Errorf("%q, want %q", said, text)
			}
		}
		tell(1)
		tell(0)
		want("01")
		tell(4)
		time.Sleep(leastTurn - time.Millisecond)
		tell(3)
		want("01")
		time.Sleep(2 * time.Millisecond)
		want("0134")
		tell(2)
		want("01342")
		tell(200) // of whom nobody knows when it is his turn
		want("01342200")
		turns.close()
		tell(5)
		want("013422005")
	})
}
