package output

import (
	"math/rand/v2"
	"net/netip"
	"regexp"
	"slices"
	"testing"

	"sonde/probe"
	"sonde/scan/report"
)

// inText are the addresses that text has written, in order.
func inText(b []byte) (list []netip.Addr) {
	for _, m := range regexp.MustCompile(`(?m)^([0-9.]+)  up`).FindAllSubmatch(b, -1) {
		list = append(list, netip.MustParseAddr(string(m[1])))
	}
	return list
}

// TestHostsWaitForServices: hosts whose services are asked are in the order of their records,
// however conversations end, and each is there as soon as it and those before it are whole.
func TestHostsWaitForServices(t *testing.T) {
	const hosts = 200
	w := format("text").New(Options{})
	b := w.AppendRecord(nil, &report.Scan{Command: "fp", Services: true, Ports: 1})
	addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}) }
	for i := range hosts {
		b = w.AppendRecord(b, &report.Port{Addr: addr(i), Proto: "tcp", Port: 22, Verdict: report.Verdict{State: probe.Open}})
		b = w.AppendRecord(b, &report.Host{Addr: addr(i), Ports: 1, Verdict: report.Verdict{State: probe.Up}})
	}
	if len(inText(b)) > 0 {
		t.Errorf("before any service: %s", b)
	}
	said := make([]bool, hosts+1)
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(hosts) {
		b = w.AppendRecord(b, &report.Service{Addr: addr(i), Proto: "tcp", Port: 22, Service: "ssh"})
		said[i] = true
		list := inText(b)
		if want := slices.Index(said, false); len(list) != want || !slices.IsSortedFunc(list, netip.Addr.Compare) {
			t.Fatalf("%d hosts are whole from the first on, and shown are %v", want, list)
		}
	}
}

// TestHostsWaitBounded: one host that is never whole holds up no more than so many, and is
// there at the end, in order with what else is not whole.
func TestHostsWaitBounded(t *testing.T) {
	const hosts = mostReady + 50
	w := format("text").New(Options{})
	b := w.AppendRecord(nil, &report.Scan{Command: "fp", Services: true, Ports: 1})
	addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }
	for i := range hosts {
		b = w.AppendRecord(b, &report.Port{Addr: addr(i), Proto: "tcp", Port: 22, Verdict: report.Verdict{State: probe.Open}})
		b = w.AppendRecord(b, &report.Host{Addr: addr(i), Ports: 1, Verdict: report.Verdict{State: probe.Up}})
		if i > 0 && i != hosts-2 {
			b = w.AppendRecord(b, &report.Service{Addr: addr(i), Proto: "tcp", Port: 22, Service: "ssh"})
		}
		if n := len(inText(b)); n != 0 && i <= mostReady {
			t.Fatalf("%d are shown when %d are whole", n, i)
		}
	}
	if list := inText(b); len(list) != hosts-3 || !slices.IsSortedFunc(list, netip.Addr.Compare) {
		t.Errorf("%d hosts are shown beside one that is not whole: %v", len(list), list)
	}
	list := inText(w.AppendRecord(b, &report.End{}))
	if n := len(list); n != hosts || list[n-1] != addr(0) || list[n-3] != addr(hosts-2) {
		t.Errorf("%d hosts in the end, the last ones %v", n, list[max(0, n-4):])
	}
}
