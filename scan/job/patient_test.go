package job

import (
	"context"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// scarceDialer has so many descriptors. What it dials takes a second to be there.
type scarceDialer chan struct{}

func (d scarceDialer) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	select {
	case d <- struct{}{}:
	default:
		return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)}
	}
	select {
	case <-time.After(time.Second):
		return nil, nil
	case <-ctx.Done():
		<-d
		return nil, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
	}
}

// TestUnhurried: who waits for descriptors has the time of a conversation when there is
// one; where nobody gives one back, the reason is told.
func TestUnhurried(t *testing.T) {
	for _, tt := range []struct {
		name        string
		descriptors int
		ends        bool // conversations do
		held        int  // of 12
	}{{"two", 2, true, 12}, {"one", 1, true, 12}, {"none", 0, true, 0}, {"two that are kept", 2, false, 2}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, f := make(scarceDialer, tt.descriptors), &fpScan{}
				var wg sync.WaitGroup
				var mu sync.Mutex
				held := 0
				for range 12 {
					wg.Go(func() {
						_, err := unhurried(t.Context(), f, func() (struct{}, error) {
							ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
							defer cancel()
							_, err := patientDialer{d}.DialContext(ctx, "tcp", "192.0.2.1:1")
							if err == nil && tt.ends {
								<-d
							}
							return struct{}{}, err
						})
						mu.Lock()
						defer mu.Unlock()
						if err == nil {
							held++
						} else if !scarce(err) {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				if held != tt.held {
					t.Errorf("%d of 12 were held, want %d", held, tt.held)
				}
			})
		})
	}
}
