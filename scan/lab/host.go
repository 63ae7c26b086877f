package lab

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// Host is one network namespace. Its interfaces are lo, eth0, eth1, … and tun0,
// … in the order in which links were added.
type Host struct {
	Name   string
	net    *Network
	ns     netns.NsHandle
	links  *netlink.Handle
	ports  map[string]int // interfaces so far, by kind
	cables map[string]end // the other ends of cables, by interface
	tables int            // firewalls so far
}

// Do runs fn on a thread inside the host's namespace. Sockets that fn opens stay
// there, whoever uses them later; goroutines that fn starts do not run there. fn
// must not call T.Fatalf.
func (h *Host) Do(fn func() error) error {
	return onThread(h.net.home, func() error {
		if err := netns.Set(h.ns); err != nil {
			return fmt.Errorf("setns to %s: %w", h.Name, err)
		}
		return fn()
	})
}

// do is Do for building: an error ends in T.Fatalf, with what was tried.
func (h *Host) do(what string, fn func() error) {
	h.net.t.Helper()
	if err := h.Do(fn); err != nil {
		h.fail("%s: %v", what, err)
	}
}

func (h *Host) fail(format string, args ...any) {
	h.net.t.Helper()
	h.net.fail(h.Name+": "+format, args...)
}

// Sysctl sets a kernel parameter, such as "net/ipv4/icmp_ratelimit".
func (h *Host) Sysctl(path, value string) {
	h.net.t.Helper()
	h.do("sysctl "+path, func() error { return sysctl(path, value) })
}

// NoICMPLimit lifts the limits under which a kernel sends ICMP errors, in both
// families: one a second per destination, and 1,000 a second altogether.
func (h *Host) NoICMPLimit() {
	h.net.t.Helper()
	h.Sysctl("net/ipv4/icmp_ratelimit", "0")
	h.Sysctl("net/ipv6/icmp/ratelimit", "0")
	// Before Linux 6.13 this one was the machine's, not the namespace's.
	if _, err := os.Stat("/proc/sys/net/ipv4/icmp_msgs_per_sec"); err == nil {
		h.Sysctl("net/ipv4/icmp_msgs_per_sec", "1000000")
		h.Sysctl("net/ipv4/icmp_msgs_burst", "1000000")
	}
}

// sysctl writes for the namespace of the calling thread: that is what
// /proc/sys/net shows.
func sysctl(path, value string) error {
	if !strings.HasPrefix(path, "net/") {
		return fmt.Errorf("%s is not one of the network's", path)
	}
	return os.WriteFile(filepath.Join("/proc/sys", path), []byte(value), 0)
}

// silence sets what a new host must not inherit from the machine, and what keeps
// it from sending packets that nobody asked for. Addresses of both families stay where
// an interface is turned off.
func (h *Host) silence() error {
	err := h.Do(func() error {
		for _, s := range [][2]string{
			{"net/ipv4/ip_forward", "0"},
			{"net/ipv4/conf/all/rp_filter", "0"},
			{"net/ipv4/conf/default/rp_filter", "0"},
			{"net/ipv6/conf/default/accept_dad", "0"},
			{"net/ipv6/conf/default/dad_transmits", "0"},
			{"net/ipv6/conf/default/accept_ra", "0"},
			{"net/ipv6/conf/default/router_solicitations", "0"},
			{"net/ipv6/conf/default/use_tempaddr", "0"},
			{"net/ipv6/conf/default/addr_gen_mode", "0"},
			{"net/ipv6/conf/default/keep_addr_on_down", "1"},
		} {
			if err := sysctl(s[0], s[1]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	// MLD reports (RFC 2710, RFC 3810) have no switch of their own.
	_, err = h.firewall([]Rule{{Chain: Output, Proto: "icmpv6", ICMPType: "131,132,143", Do: Drop}})
	return err
}

// Cmd is a command that runs in a host's namespace. Run, Output, CombinedOutput
// and Start are meant; everything else is exec.Cmd's.
type Cmd struct {
	*exec.Cmd
	host *Host
}

// Command returns the command to run a program on the host. It is killed when
// the network is closed.
func (h *Host) Command(name string, args ...string) *Cmd {
	return &Cmd{exec.CommandContext(h.net.ctx, name, args...), h}
}

// Start starts the command without waiting for it.
func (c *Cmd) Start() error { return c.host.Do(c.Cmd.Start) }

// Run starts the command and waits for its end.
func (c *Cmd) Run() error { return c.host.Do(c.Cmd.Run) }

// Output runs the command and returns what it wrote to standard output.
func (c *Cmd) Output() (out []byte, err error) {
	err = c.host.Do(func() (err error) { out, err = c.Cmd.Output(); return err })
	return out, err
}

// CombinedOutput runs the command and returns all that it wrote.
func (c *Cmd) CombinedOutput() (out []byte, err error) {
	err = c.host.Do(func() (err error) { out, err = c.Cmd.CombinedOutput(); return err })
	return out, err
}

// MAC returns the Ethernet address of an interface.
func (h *Host) MAC(iface string) net.HardwareAddr {
	h.net.t.Helper()
	return h.link(iface).Attrs().HardwareAddr
}

// Index returns the index of an interface.
func (h *Host) Index(iface string) int {
	h.net.t.Helper()
	return h.link(iface).Attrs().Index
}

func (h *Host) link(iface string) netlink.Link {
	h.net.t.Helper()
	l, err := h.links.LinkByName(iface)
	if err != nil {
		h.fail("interface %s: %v", iface, err)
	}
	return l
}

// nextName returns the name of the next interface of a kind: eth0, eth1, ….
func (h *Host) nextName(kind string) string {
	if h.ports == nil {
		h.ports = make(map[string]int)
	}
	i := h.ports[kind]
	h.ports[kind]++
	return fmt.Sprintf("%s%d", kind, i)
}
