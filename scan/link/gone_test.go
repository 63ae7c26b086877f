package link

import (
	"testing"
	"time"

	"sonde/scan"
)

// TestNothingWaitsWhenTheInterfaceGoes: the error that the kernel leaves at a socket whose
// interface goes is not taken for a packet that waits: who waits for silence would wait
// for ever, and burn a processor.
func TestNothingWaitsWhenTheInterfaceGoes(t *testing.T) {
	t.Parallel()
	for name, goes := range map[string]func(p *pair){
		"off":  func(p *pair) { p.client.Down("eth0") },
		"away": func(p *pair) { p.client.Unplug("eth0") },
	} {
		for _, rings := range []bool{false, true} {
			p := newPair(t)
			needs := Needs{V4: true, V6: true, TCP: true, ICMP: true, Frames: true, Neighbours: true, Rings: rings, Ports: []PortRange{{50000, 50010}}}
			_, l := openLink(t, p.client, RouteOptions{Frames: FrameAll}, needs, time.Now(), p.theirs...)
			received := make(chan struct{})
			go func() {
				defer close(received)
				into := make([]scan.Packet, 8)
				for {
					if _, err := l.Recv(into); err != nil {
						return
					}
				}
			}()
			goes(p)
			quiet := 0
			for end := time.Now().Add(waits); quiet < 20 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
				if quiet++; l.Waiting() {
					quiet = 0
				}
			}
			if quiet < 20 {
				t.Errorf("interface %s, rings %v: something waits for ever", name, rings)
			}
			l.Close()
			<-received
		}
	}
}
