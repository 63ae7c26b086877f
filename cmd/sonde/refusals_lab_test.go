package main

import (
	"strings"
	"testing"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/lab"
)

// TestWayRefused: an interface or a source that cannot be used as asked is
// refused with one line, before anything leaves, and never ignored.
func TestWayRefused(t *testing.T) {
	t.Parallel()
	u := newUplinks(t)
	loose, end := u.net.Host("loose"), u.net.Host("end") // eth0 is down, eth1 has nothing at its other end
	u.net.Link(loose, end, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	u.net.Link(loose, end, "10.9.0.1/24", "10.9.0.2/24", "fd09::1/64", "fd09::2/64")
	plain := u.net.Host("plain") // two links, and no route but theirs
	u.net.Link(plain, u.net.Host("a"), "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	u.net.Link(plain, u.net.Host("b"), "10.9.0.1/24", "10.9.0.2/24", "fd09::1/64", "fd09::2/64")
	loose.Down("eth0")
	end.Down("eth1")
	user := rights{start: asUser}
	for _, tt := range []struct {
		from *lab.Host
		line string // sonde tcp -PN -p 80 …
		exit int
		says string
	}{
		{u.client, "-e eth7 10.97.0.10", job.ExitLocal, "no interface eth7; there are: "},
		{u.client, "-e eth7 --via connect 10.97.0.10", job.ExitLocal, "no interface eth7; there are: "},
		{loose, "-e eth0 10.1.0.2", job.ExitLocal, "interface eth0: network is down"},
		{loose, "-e eth0 fd01::2", job.ExitLocal, "interface eth0: network is down"},
		{loose, "-e eth1 10.9.0.2", job.ExitLocal, "interface eth1: network is down"},
		{loose, "-e eth1 --via connect fd09::2", job.ExitLocal, "interface eth1: network is down"},

		{u.client, "-S fd01::1 10.97.0.10", job.ExitUsage, "not the same family"},
		{u.client, "-S 10.1.0.1 fd97::10", job.ExitUsage, "not the same family"},
		{u.client, "-S 10.1.0.1 10.97.0.10 fd97::10", job.ExitUsage, "not the same family"},
		{u.client, "-S 0.0.0.0 10.97.0.10", job.ExitUsage, "not an address that packets can come from"},
		{u.client, "-S 224.0.0.9 10.97.0.10", job.ExitUsage, "not an address that packets can come from"},
		{u.client, "-S 255.255.255.255 10.97.0.10", job.ExitUsage, "not an address that packets can come from"},
		{u.client, "-S ff02::1 fd97::10", job.ExitUsage, "not an address that packets can come from"},
		{u.client, "--confirm -S 10.42.48.1 10.97.0.10", job.ExitUsage, "--confirm: -S 10.42.48.1 is not ours, so nothing comes back to confirm"},
		{u.client, "--confirm -S fd42::1 fd97::10", job.ExitUsage, "--confirm: -S fd42::1 is not ours, so nothing comes back to confirm"},
		{u.client, "-S 127.0.0.1 10.97.0.10", job.ExitLocal, "-S 127.0.0.1: no way to 10.97.0.10"},

		{u.client, "-e eth1 -S 10.1.0.1 10.97.0.10", job.ExitLocal, "10.1.0.1 is an address of eth0"},
		{u.client, "-e eth1 -S fd01::1 fd97::10", job.ExitLocal, "fd01::1 is an address of eth0"},
		{u.client, "-e eth0 -S 10.9.0.1 --via connect 10.97.0.10", job.ExitLocal, "10.9.0.1 is an address of eth1"},

		// No route leads there by this interface; the kernel would ask by ARP
		// for what is not on the link, and call it down.
		{plain, "-e eth1 10.1.0.2", job.ExitLocal, "-e eth1: no way to 10.1.0.2"},
		{plain, "-e eth1 fd01::2", job.ExitLocal, "-e eth1: no way to fd01::2"},
		{plain, "-e eth1 -S fd09::1 fd01::2", job.ExitLocal, "-e eth1 -S fd09::1: no way to fd01::2"},
		{plain, "-e eth1 --via connect fd01::2", job.ExitLocal, "-e eth1: no way to fd01::2"},
		{plain, "-e eth1 10.1.0.0/30", job.ExitLocal, "-e eth1: no way to 10.1.0.0"},
		{u.client, "-e lo 10.97.0.10", job.ExitLocal, "-e lo: no way to 10.97.0.10"},
		{u.client, "-e lo fd97::10", job.ExitLocal, "-e lo: no way to fd97::10"},
		{u.client, "-e eth0 127.0.0.1", job.ExitLocal, "-e eth0: no way to 127.0.0.1"},
		{u.client, "-e eth0 ::1", job.ExitLocal, "-e eth0: no way to ::1"},
		{u.client, "-e eth1 10.1.0.1", job.ExitLocal, "-e eth1: no way to 10.1.0.1"},
		{u.client, "-e eth1 fd01::1", job.ExitLocal, "-e eth1: no way to fd01::1"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			o := typed(t, tt.from, append([]string{"tcp", "-PN", "-p", "80"}, strings.Fields(tt.line)...)...)
			wantRefusal(t, o, tt.exit, tt.says)
		})
	}
	// Without privileges the kernel sends for us, and only what is ours.
	for _, line := range []string{
		"tcp -PN -p 80 -e eth0 -S 10.42.48.1 10.97.0.10", "udp -PN -p 53 -S 10.42.48.1 10.97.0.10",
		"sweep -S fd42::1 fd97::10",
	} {
		t.Run("user, "+line, func(t *testing.T) {
			wantRefusal(t, user.typed(t, u.client, line), job.ExitLocal, "run as root, or: setcap cap_net_raw+p sonde")
		})
	}
	for iface, w := range u.wires {
		out := w.Packets().Out().Find(func(p *lab.Packet) bool {
			src, _ := p.Addrs()
			return !p.Neighbour() || !src.IsLinkLocalUnicast() // by these the kernels look after each other, now and then
		})
		if len(out) > 0 {
			t.Errorf("by %s something left:\n%v", iface, out)
		}
	}
}

// wantRefusal fails unless a run ended with one line that says so.
func wantRefusal(t *testing.T, o *outcome, exit int, says string) {
	t.Helper()
	o.wantExit(t, exit)
	if strings.Count(o.stderr, "\n") != 1 || !strings.Contains(o.stderr, says) {
		t.Errorf("stderr: %q, want one line with %q", o.stderr, says)
	}
	if o.text != "" {
		t.Errorf("results: %s", o.text)
	}
}

// TestNoCarrier: that nobody answers where the cable is pulled says nothing
// about who is there.
func TestNoCarrier(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.router.Down("eth0")
	for _, f := range families() {
		for _, line := range []string{"sweep", "sweep -PE", "tcp -p 80", "udp -p 53", "tcp -p 80 --via connect"} {
			t.Run(f.name+" "+line, func(t *testing.T) {
				o := ask(t, n.client, line, f.router)
				o.wantExit(t, job.ExitLocal)
				o.wantText(t, "local error: the interface")
				for _, h := range o.hosts {
					if h.State == probe.Down {
						t.Errorf("%s is %s", h.Addr, h.state())
					}
				}
			})
		}
	}
}

// TestUserByInterface: an ordinary user may choose interface and source as well.
func TestUserByInterface(t *testing.T) {
	t.Parallel()
	u := newUplinks(t)
	for _, tt := range []struct{ flags, target, iface, source string }{
		{"-e eth1", "10.97.0.10", "eth1", "10.9.0.1"},
		{"-S 10.9.0.1", "10.97.0.10", "eth1", "10.9.0.1"},
		{"-e eth0 -S 10.1.0.3", "10.97.0.10", "eth0", "10.1.0.3"},
		{"-e eth1", "fd97::10", "eth1", "fd09::1"},
		{"-S fd09::1", "fd97::10", "eth1", "fd09::1"},
		{"-e eth0 -S fd01::3", "fd97::10", "eth0", "fd01::3"},
	} {
		for _, line := range []string{"tcp -PN -p 80", "udp -PN -p 53"} {
			t.Run(line+" "+tt.flags+" "+tt.target, func(t *testing.T) {
				u.forget()
				o := rights{start: asUser}.ask(t, u.client, line+" "+tt.flags, tt.target)
				o.wantExit(t, job.ExitYes)
				u.wantLeft(t, tt.iface, tt.source)
			})
		}
	}
}
