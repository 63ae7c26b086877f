// Package lab builds small networks of real Linux kernels: every host is a
// network namespace with its own interfaces, routes, sockets and firewall. It
// serves tests and the demonstration, never a scan.
//
//	func TestMain(m *testing.M) { os.Exit(labtest.Main(m)) }
//
//	func TestClosedPort(t *testing.T) {
//		n := labtest.New(t)
//		client, router, server := n.Host("client"), n.Router("router"), n.Host("server")
//		n.Link(client, router, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
//		n.Link(router, server, "10.2.0.2/24", "10.2.0.10/24", "fd02::2/64", "fd02::10/64")
//		client.Default("10.1.0.2", "fd01::2")
//		server.Default("10.2.0.2", "fd02::2")
//		server.TCP(80)
//		server.Firewall(lab.Rule{Proto: "tcp", Dport: "445", Do: lab.Drop})
//		wire := client.Capture("eth0")
//		out, err := client.Command(sonde, "tcp", "-p", "80,81,445", "10.2.0.10").Output()
//		…
//		t.Log(wire.Packets())
//	}
//
// Links are Ethernet cables and switches (Link, Switch), or a TUN device at each
// end (TUN); Emulated is one with delay, loss, duplicates, reordering and
// middleboxes, each decided by a seed, since not every kernel has netem. Answer
// makes one host answer for millions of addresses, as fast as a scan can ask.
//
// Nothing of the machine's own network is touched and no packet can leave it:
// Enter first moves the whole program into an empty network namespace (in a user
// namespace, where it is not started by root), and all hosts are made from there.
// So hosts may have any address, public ones included.
//
// Nothing is left behind: namespaces have no names, only descriptors, and vanish
// with Close or with the process, however it ends.
package lab
