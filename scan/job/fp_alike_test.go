package job

import (
	"errors"
	"net/netip"
	"testing"

	"sonde/scan/report"
	"sonde/scan/service"
)

// TestAlike: so many ports of a host that took the connection and said nothing speak for
// its others, and for no other host's.
func TestAlike(t *testing.T) {
	f := &fpScan{mute: map[netip.Addr]int{}}
	mute, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	late := service.Late.String()
	for range muteAlike {
		if f.alike(mute) {
			t.Fatal("too soon")
		}
		f.count(&report.Service{Addr: mute, Cut: late}, nil)
		f.count(&report.Service{Addr: other}, errors.New("refused"))
		f.count(&report.Service{Addr: other, Service: "ssh"}, nil)
		f.count(&report.Service{Addr: other, Banner: "hello", Cut: late}, nil)
	}
	if !f.alike(mute) || f.alike(other) {
		t.Errorf("%v", f.mute)
	}
}
