package link

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sonde/probe/wire"
)

// TestCloseDoesNotWait: whoever closes a link with rings goes on at once, and
// soon the kernel has none of its packet sockets any more.
func TestCloseDoesNotWait(t *testing.T) {
	p := newPair(t)
	rings := allNeeds
	rings.Frames, rings.Rings = true, true
	inPlace, left := time.Hour, time.Hour                                  // the shortest of some: others use the machine, too
	for round := 0; round < 5 || round < 50 && left > inPlace/2; round++ { // until nobody was in the way once
		on(t, p.client, func() error {
			eth0, err := net.InterfaceByName("eth0")
			if err != nil {
				return err
			}
			alone, err := openRing(eth0.Index, wire.TypeIPv4, nothing, 8<<20)
			if err != nil {
				return err
			}
			begun := time.Now()
			alone.close()
			inPlace = min(inPlace, time.Since(begun))
			return nil
		})
		_, l := openLink(t, p.client, RouteOptions{}, rings, start, p.theirs...)
		begun := time.Now()
		l.Close()
		left = min(left, time.Since(begun))
	}
	t.Logf("closed in place: %v, left to the kernel: %v", inPlace, left)
	var kernel unix.Utsname
	if err := unix.Uname(&kernel); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(kernel.Release[:]), "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	background := major > 6 || major == 6 && minor >= 10
	if background && inPlace > 10*time.Millisecond && left > inPlace/2 {
		t.Errorf("to close the link takes %v; a ring alone, closed in place, %v", left, inPlace)
	}
	on(t, p.client, func() error {
		for end := time.Now().Add(waits); ; time.Sleep(10 * time.Millisecond) {
			open, err := os.ReadFile("/proc/thread-self/net/packet")
			if err != nil || strings.Count(string(open), "\n") == 1 { // its title
				return err
			}
			if time.Now().After(end) {
				t.Errorf("the kernel still has\n%s", open)
				return nil
			}
		}
	})
}
