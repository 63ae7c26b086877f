package job

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sonde/scan/report"
)

// resolver answers look-ups of addresses by answer.
type resolver struct {
	asked  atomic.Int32
	answer func(ctx context.Context, number int) ([]string, error)
}

func (r *resolver) LookupAddr(ctx context.Context, _ string) ([]string, error) {
	return r.answer(ctx, int(r.asked.Add(1)))
}

func (r *resolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, &net.DNSError{IsNotFound: true}
}

// TestDeadResolver: a resolver that never answers is given up after a dozen look-ups,
// which is said once; one that sometimes answers, or says no, is not.
func TestDeadResolver(t *testing.T) {
	never := func(ctx context.Context, _ int) ([]string, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for _, tt := range []struct {
		name    string
		answer  func(ctx context.Context, number int) ([]string, error)
		givesUp bool
	}{
		{"never", never, true},
		{"its own patience", func(context.Context, int) ([]string, error) {
			time.Sleep(time.Second)
			return nil, &net.DNSError{IsTimeout: true}
		}, true},
		{"every tenth", func(ctx context.Context, number int) ([]string, error) {
			if number%10 == 0 {
				return []string{"name.example."}, nil
			}
			return never(ctx, number)
		}, false},
		{"no such name", func(context.Context, int) ([]string, error) { return nil, &net.DNSError{IsNotFound: true} }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &resolver{answer: tt.answer}
				said, done := 0, atomic.Int32{}
				n := &names{resolver: r, reverse: true, note: func(err error) {
					if said++; !errors.Is(err, errDeaf) {
						t.Error(err)
					}
				}}
				const hosts = 1000
				began := time.Now()
				for range hosts {
					n.complete(t.Context(), &report.Host{Addr: netip.MustParseAddr("10.0.0.1")}, func() { done.Add(1) })
				}
				n.wait()
				asked := int(r.asked.Load())
				if done.Load() != hosts {
					t.Errorf("%d records of %d", done.Load(), hosts)
				}
				switch {
				case tt.givesUp && (said != 1 || asked > 2*namesAtOnce || time.Since(began) > 2*nameTime):
					t.Errorf("%d look-ups in %v, said %d times", asked, time.Since(began), said)
				case !tt.givesUp && (said != 0 || asked != hosts):
					t.Errorf("%d look-ups, said %d times", asked, said)
				}
			})
		})
	}
}
