package lab_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// TestManyHosts: one namespace answers for 200 addresses, each as itself.
func TestManyHosts(t *testing.T) {
	n := labtest.New(t)
	client, router := n.Host("client"), n.Router("router")
	hosts := n.Host("hosts")
	n.Link(client, router, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	n.Link(router, hosts, "10.2.0.1/30", "10.2.0.2/30", "fd02::1/64", "fd02::2/64")
	client.Default("10.1.0.2", "fd01::2")
	hosts.Default("10.2.0.1", "fd02::1")
	router.Route("12.92.96.0/24", "10.2.0.2")
	router.Route("2001:db8::/64", "fd02::2")
	var addrs []string
	for i := 1; i <= 100; i++ {
		addrs = append(addrs, fmt.Sprintf("12.92.96.%d", i), fmt.Sprintf("2001:db8::%x", i))
	}
	for _, a := range addrs {
		bits := netip.MustParseAddr(a).BitLen()
		hosts.Addr("lo", fmt.Sprintf("%s/%d", a, bits))
	}
	hosts.TCP(80)
	hosts.UDP(7, lab.Echo)
	for _, a := range addrs {
		if err := dial(client, net.JoinHostPort(a, "80")); err != nil {
			t.Errorf("tcp: %v", err)
		}
		// A connected socket hears nobody but the address that it asked.
		err := client.Do(func() error {
			c, err := net.Dial("udp", net.JoinHostPort(a, "7"))
			if err != nil {
				return err
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(patience))
			c.Write([]byte("hello"))
			_, err = c.Read(make([]byte, 9))
			return err
		})
		if err != nil {
			t.Errorf("udp: %v", err)
		}
	}
}

func TestServe(t *testing.T) {
	_, client, _, server := routed(t)
	server.Serve(21, func(c net.Conn) { io.WriteString(c, "220 ready\r\n") })
	for _, addr := range []string{"10.2.0.10:21", "[fd02::10]:21"} {
		var banner []byte
		err := client.Do(func() error {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				return err
			}
			defer c.Close()
			banner, err = io.ReadAll(c)
			return err
		})
		if err != nil || string(banner) != "220 ready\r\n" {
			t.Errorf("%s: %q, %v", addr, banner, err)
		}
	}
}

func TestDNS(t *testing.T) {
	_, client, _, server := routed(t)
	server.UDP(53, lab.DNS(map[string][]netip.Addr{
		"www.example": {netip.MustParseAddr("10.2.0.10"), netip.MustParseAddr("fd02::10")},
	}))
	for _, at := range []string{"10.2.0.10:53", "[fd02::10]:53"} {
		r := &net.Resolver{PreferGo: true, Dial: func(_ context.Context, _, _ string) (c net.Conn, err error) {
			err = client.Do(func() (err error) { c, err = net.Dial("udp", at); return err })
			return c, err
		}}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		addrs, err := r.LookupHost(ctx, "WWW.example.")
		slices.Sort(addrs)
		if err != nil || !slices.Equal(addrs, []string{"10.2.0.10", "fd02::10"}) {
			t.Errorf("%s: %v, %v", at, addrs, err)
		}
		for _, a := range addrs {
			if names, err := r.LookupAddr(ctx, a); err != nil || !slices.Equal(names, []string{"www.example."}) {
				t.Errorf("%s: %s is %v, %v", at, a, names, err)
			}
		}
		if addrs, err := r.LookupHost(ctx, "other.example."); err == nil {
			t.Errorf("%s: other.example is %v", at, addrs)
		}
	}
}

func TestResolver(t *testing.T) {
	n, client, _, server := routed(t)
	before, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		t.Skipf("this machine has no resolver configuration to cover: %v", err)
	}
	n.Resolver("10.2.0.10")
	server.UDP(53, lab.DNS(map[string][]netip.Addr{"www.example": {netip.MustParseAddr("10.2.0.10")}}))
	out, err := client.Command("cat", "/etc/resolv.conf").Output()
	if err != nil || !strings.Contains(string(out), "nameserver 10.2.0.10\n") {
		t.Errorf("a command sees %q, %v", out, err)
	}
	n.Close()
	if after, err := os.ReadFile("/etc/resolv.conf"); err != nil || string(after) != string(before) {
		t.Errorf("after Close: %q, %v", after, err)
	}
}
