package job

import (
	"net/netip"
	"testing"

	"sonde/scan/service"
)

// TestPostpone: asked again is what was not understood in time among many others, and no
// more than a bound.
func TestPostpone(t *testing.T) {
	to := netip.MustParseAddrPort("192.0.2.1:6543")
	late := &service.Answer{Cut: service.Late}
	crowd := func() *fpScan {
		f := &fpScan{mute: map[netip.Addr]int{}}
		f.again.asked = crowded
		return f
	}
	for _, tt := range []struct {
		name   string
		change func(*fpScan)
		o      service.Options
		a      *service.Answer
		want   bool
	}{
		{"late", func(*fpScan) {}, service.Options{}, late, true},
		{"in time", func(*fpScan) {}, service.Options{}, &service.Answer{}, false},
		{"understood", func(*fpScan) {}, service.Options{}, &service.Answer{Cut: service.Late, Service: "ssh"}, false},
		{"asked briefly", func(*fpScan) {}, service.Options{Brief: true}, late, false},
		{"among few", func(f *fpScan) { f.again.asked = 0 }, service.Options{}, late, false},
		{"of a host whose ports are all mute", func(f *fpScan) { f.mute[to.Addr()] = muteAlike }, service.Options{}, late, false},
	} {
		f := crowd()
		tt.change(f)
		if got := f.postpone(t.Context(), to, tt.o, tt.a); got != tt.want || (len(f.again.list) == 1) != got {
			t.Errorf("%s: %v, %d in the list", tt.name, got, len(f.again.list))
		}
	}
	f := crowd()
	for i := range againMost + 1 {
		if got := f.postpone(t.Context(), to, service.Options{}, late); got != (i < againMost) {
			t.Errorf("%d in the list: %v", i, got)
		}
	}
}
