package lab_test

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// routed is client – router – server, in both families, with offloads off.
func routed(t *testing.T) (n *lab.Network, client, router, server *lab.Host) {
	t.Helper()
	n = labtest.New(t)
	client, router, server = n.Host("client"), n.Router("router"), n.Host("server")
	n.Link(client, router, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	n.Link(router, server, "10.2.0.2/24", "10.2.0.10/24", "fd02::2/64", "fd02::10/64")
	client.Default("10.1.0.2", "fd01::2")
	server.Default("10.2.0.2", "fd02::2")
	// Tests ask faster than the kernel likes to answer.
	router.NoICMPLimit()
	server.NoICMPLimit()
	return n, client, router, server
}

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// dial connects from a host, where something is to answer, and returns the error, nil if
// it was accepted.
func dial(from *lab.Host, addr string) error { return dialFor(from, addr, false) }

// dialFor is dial where silence may be what is expected: then who says nothing for a
// second is silent. An answer may take longer on a busy machine.
func dialFor(from *lab.Host, addr string, silence bool) error {
	wait := patience
	if silence {
		wait = time.Second
	}
	return from.Do(func() error {
		c, err := net.DialTimeout("tcp", addr, wait)
		if err == nil {
			c.Close()
		}
		return err
	})
}

func TestConnectThroughRouter(t *testing.T) {
	_, client, _, server := routed(t)
	server.TCP(80)
	for _, tt := range []struct {
		addr string
		want error
	}{
		{"10.2.0.10:80", nil},
		{"[fd02::10]:80", nil},
		{"10.2.0.10:81", syscall.ECONNREFUSED},
		{"[fd02::10]:81", syscall.ECONNREFUSED},
		{"12.92.96.37:80", syscall.ENETUNREACH},
	} {
		if err := dial(client, tt.addr); !errors.Is(err, tt.want) {
			t.Errorf("dial %s: %v, want %v", tt.addr, err, tt.want)
		}
	}
	// The router says that nobody is there after three unanswered ARP requests.
	for _, addr := range []string{"10.2.0.99:80", "[fd02::99]:80"} {
		if err := dialFor(client, addr, true); !isTimeout(err) {
			t.Errorf("dial %s: %v, want silence", addr, err)
		}
	}
}

func TestCommandRunsOnHost(t *testing.T) {
	n := labtest.New(t)
	h := n.Host("h")
	h.Addr("lo", "12.92.96.37/32")
	out, err := h.Command("cat", "/proc/net/fib_trie").Output()
	if err != nil || !strings.Contains(string(out), "12.92.96.37") {
		t.Errorf("%v, %s", err, out)
	}
}
