package lab_test

import (
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// TestClose: nothing of a network is left, although it was in full use.
func TestClose(t *testing.T) {
	labtest.New(t) // skips where there is no lab
	descriptors := func() int {
		d, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(d)
	}
	build := func() {
		n := lab.New(t)
		a, b, c := n.Host("a"), n.Router("b"), n.Host("c")
		n.Link(a, b, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
		n.SlowLink(a, b, time.Millisecond)
		sw := n.Switch("lan")
		sw.Plug(b, "10.2.0.1/24")
		sw.Plug(c, "10.2.0.2/24")
		if lab.CanTUN() == nil {
			n.TUN(a, c, "10.3.0.1/24", "10.3.0.2/24")
		}
		c.TCP(80)
		c.UDP(53, lab.Echo)
		c.Firewall(lab.Stateful()...)
		b.Capture("eth0")
		began := make(chan struct{})
		b.Serve(81, func(c net.Conn) {
			close(began)
			c.Read(make([]byte, 1)) // until Close
		})
		var conn net.Conn
		err := a.Do(func() (err error) { conn, err = net.Dial("tcp", "10.1.0.2:81"); return err })
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		<-began
		sleep := a.Command("sleep", "60")
		if err := sleep.Start(); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := n.Close(); err != nil {
			t.Error(err)
		}
		if err := sleep.Wait(); err == nil || time.Since(start) > 30*time.Second {
			t.Errorf("the command ended after %v with %v", time.Since(start), err)
		}
		if err := n.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
	}
	build() // opens what the runtime keeps: the poller
	before := descriptors()
	build()
	if after := descriptors(); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	goleak.VerifyNone(t)
}
