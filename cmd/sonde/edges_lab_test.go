package main

import (
	"slices"
	"testing"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// TestNoHost: the broadcast address of a link and the network's own are nobody's.
// Hosts that answer pings to everybody make them neither up nor open, their silence
// makes them neither down nor a failure of a sweep of a range; asked by name, the
// broadcast address cannot be, and says so.
func TestNoHost(t *testing.T) {
	t.Parallel()
	n := labtest.New(t)
	client, lan := n.Host("client"), n.Switch("lan")
	router, host, far := n.Router("router"), n.Host("host"), n.Host("far")
	lan.Plug(client, "10.1.0.1/24")
	lan.Plug(router, "10.1.0.2/24")
	lan.Plug(host, "10.1.0.7/24")
	n.Link(router, far, "10.2.0.1/24", "10.2.0.10/24")
	for _, h := range []*lab.Host{router, host, far} {
		h.Sysctl("net/ipv4/icmp_echo_ignore_broadcasts", "0")
		h.TCP(80)
		h.UDP(53, lab.Echo)
	}
	router.NoICMPLimit()
	far.Default("10.2.0.1")
	client.Default("10.1.0.2")
	near := []string{"10.1.0.1", "10.1.0.2", "10.1.0.7"}
	for _, tt := range []struct {
		line string
		up   []string
		exit int
	}{
		{"sweep 10.1.0.0/24", near, exitYes},
		{"sweep -PE 10.1.0.0/24", near, exitYes},
		{"sweep --via connect 10.1.0.0/29", near, exitYes},
		{"sweep -T4 10.1.0.254/31", nil, exitSilence},
		{"tcp -T4 -PN -p 80 10.1.0.254/31", nil, exitSilence},
		{"tcp -T4 -p 80 10.1.0.0/30", near[:2], exitYes},
		{"sweep 10.2.0.0/24", []string{"10.2.0.1", "10.2.0.10"}, exitYes},
		{"sweep -T4 10.1.0.0", nil, exitSilence},
		{"tcp -T4 -p 80 10.1.0.0", nil, exitSilence},
		{"sweep 10.1.0.255", nil, exitLocal},
		{"tcp -p 80 10.1.0.255", nil, exitLocal},
		{"udp -p 53 10.1.0.255", nil, exitLocal},
		{"udp --via connect -p 53 10.1.0.255", nil, exitLocal},
		{"sweep 255.255.255.255", nil, exitLocal},
		{"sweep -T4 10.2.0.0 10.2.0.255", nil, exitSilence},
		{"tcp -T4 -p 80 10.2.0.0 10.2.0.255", nil, exitSilence},
	} {
		t.Run(tt.line, func(t *testing.T) {
			o := ask(t, client, tt.line)
			if up := o.up(); !slices.Equal(up, tt.up) {
				t.Errorf("up: %v, want %v", up, tt.up)
			}
			for _, a := range []string{"10.1.0.0", "10.1.0.255"} {
				if h := o.hosts[a]; h.State == "down" {
					t.Errorf("%s is %s", a, h.state())
				}
			}
			o.wantExit(t, tt.exit)
		})
	}
}

// TestTwoAddresses: both addresses of a /31 (RFC 3021) and a /127 (RFC 6164) are
// hosts. A /32 and a /128 name one, as if it stood alone.
func TestTwoAddresses(t *testing.T) {
	t.Parallel()
	n := labtest.New(t)
	client, router := n.Host("client"), n.Router("router")
	n.Link(client, router, "10.3.0.0/31", "10.3.0.1/31", "fd03::/127", "fd03::1/127")
	router.TCP(80)
	client.TCP(80)
	for _, tt := range []struct{ both, theirs, nobody string }{
		{"10.3.0.0/31", "10.3.0.1", "10.3.0.9/32"}, {"fd03::/127", "fd03::1", "fd03::9/128"},
	} {
		o := ask(t, client, "sweep", tt.both)
		if up := o.up(); len(up) != 2 {
			t.Errorf("%s: up are %v", tt.both, up)
		}
		o = ask(t, client, "tcp -PN -p 80", tt.both)
		o.wantText(t, "2 ports: 2 open. ")
		o.wantExit(t, exitYes)
		o = ask(t, client, "tcp -p 80", tt.theirs)
		o.wantPort(t, 80, "open (syn-ack)")
		o = ask(t, client, "tcp -T4 --max-retries 0 -p 80", tt.nobody) // named, so it is asked and reported
		if len(o.ports) != 1 || len(o.hosts) != 1 {
			t.Errorf("%s: %d ports and %d hosts reported", tt.nobody, len(o.ports), len(o.hosts))
		}
	}
}
