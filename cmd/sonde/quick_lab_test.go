package main

import (
	"bytes"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// TestOnePortIsQuick shows how long one port that answers takes, from the start of the
// process to its exit code, beside runs that only start and end: half of them no longer
// than a median of 10 ms, on a machine that has nothing else to do. What makes it so is
// held elsewhere: nothing is waited for (TestFlagsTakeEffect) or opened in vain
// (TestSmallJobsOpenNoPacketSockets), and here, that one question leaves.
func TestOnePortIsQuick(t *testing.T) {
	const runs = 20
	n := labtest.New(t)
	client, server := n.Host("client"), n.Host("server")
	n.Link(client, server, "10.9.0.1/24", "10.9.0.2/24", "fd09::1/64", "fd09::2/64")
	server.TCP(80)
	seen := client.Capture("eth0")
	for _, addr := range []string{"10.9.0.2", "fd09::2"} {
		t.Run(addr, func(t *testing.T) {
			typed(t, client, "tcp", "-p", "80", addr).wantExit(t, 0)
			seen.Forget()
			var one, nothing []time.Duration
			for range runs {
				one = append(one, timed(t, client, "tcp", "-p", "80", addr))
				nothing = append(nothing, timed(t, client, "version"))
			}
			slices.Sort(one)
			slices.Sort(nothing)
			t.Logf("%v, the quickest %v, the slowest %v; without asking anything %v, nine tenths within %v",
				one[runs/2], one[0], one[runs-1], nothing[runs/2], nothing[runs*9/10])
			syns := seen.Packets().Out().Find(func(x *lab.Packet) bool { return x.TCP() != nil && x.TCP().SYN })
			if len(syns) != runs {
				t.Errorf("%d SYNs left in %d runs:\n%v", len(syns), runs, syns)
			}
		})
	}
}

// timed returns how long a run of the program takes that ends with exit code 0.
func timed(t *testing.T, h *lab.Host, args ...string) time.Duration {
	t.Helper()
	cmd := h.Command(program(t), args...)
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return took
}

// TestSmallJobsOpenNoPacketSockets, since one takes 12 ms to close, and a ring
// more, where the kernel knows the next hop: for ARP and ND one is needed. A large job
// shows that the test would see them.
func TestSmallJobsOpenNoPacketSockets(t *testing.T) {
	n := labtest.New(t)
	client, server := n.Host("client"), n.Host("server")
	n.Link(client, server, "10.9.0.1/24", "10.9.0.2/24", "fd09::1/64", "fd09::2/64")
	server.Firewall(lab.Rule{Proto: "tcp", Do: lab.Drop})
	seen := server.Capture("eth0")
	// during returns the packet sockets there are when a SYN has left: all that a
	// run needs is open then.
	during := func(args ...string) (sockets int) {
		seen.Forget()
		cmd := client.Command(program(t), append([]string{"tcp", "-q", "--max-retries", "0", "--timeout", "5s"}, args...)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		syn := seen.Await(patience, func(x *lab.Packet) bool { return x.TCP() != nil })
		var table []byte
		err := client.Do(func() (err error) {
			table, err = os.ReadFile("/proc/thread-self/net/packet")
			return err
		})
		cmd.Process.Kill()
		cmd.Wait() // it was killed
		if err != nil || syn == nil {
			t.Fatalf("%v: SYN %v, %v", args, syn, err)
		}
		return bytes.Count(table, []byte("\n")) - 1 // the first line is a head
	}
	for _, addr := range []string{"10.9.0.2", "fd09::2"} {
		seen.Forget()
		if err := client.Do(func() error { // the kernel gets to know its neighbour
			conn, err := net.Dial("udp", net.JoinHostPort(addr, "9"))
			if err != nil {
				return err
			}
			defer conn.Close()
			_, err = conn.Write([]byte{0})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if seen.Await(patience, func(x *lab.Packet) bool { return x.UDP() != nil }) == nil {
			t.Fatalf("%s: nothing arrives", addr)
		}
		for _, ports := range []string{"80", "1-1000"} {
			if n := during("-p", ports, addr); n != 0 {
				t.Errorf("-p %s %s: %d packet sockets", ports, addr, n)
			}
		}
		if n := during("-p", "1-10000", addr); n == 0 {
			t.Errorf("10,000 ports of %s: no packet socket, so the test sees none", addr)
		}
	}
}
