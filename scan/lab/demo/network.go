package main

import (
	"fmt"
	"io"
	"net"
	"net/netip"

	"sonde/scan/lab"
)

const picture = `
          10.77.1.0/24  fd77:1::/64       10.77.2.0/24  fd77:2::/64
  client ──────┬──────────────── router ──────────┬─────────────────
     .1        │                .2    .1          │
          .20 printer                        .10 web     .11 mail    .12 files
          .21 camera                         .13 shy     .14 old     .15 db
                                             .16-.21 desks           .22 guarded
                                             .53 dns

`

// build makes the network of the picture and returns its client.
func build(n *lab.Network) (client *lab.Host) {
	office, servers := n.Switch("office"), n.Switch("servers")
	client, router := n.Host("client"), n.Router("router")
	office.Plug(client, "10.77.1.1/24", "fd77:1::1/64")
	office.Plug(router, "10.77.1.2/24", "fd77:1::2/64")
	servers.Plug(router, "10.77.2.1/24", "fd77:2::1/64")
	router.NoICMPLimit() // the sweeps would leave nothing for the trace
	client.Default("10.77.1.2", "fd77:1::2")
	router.Firewall(
		lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: "9000", Do: lab.AdminProhibited},
		lab.Rule{Chain: lab.Forward, Dst: "10.77.2.14", Proto: "tcp", Dport: "1-1023", Do: lab.Drop},
		lab.Rule{Chain: lab.Postrouting, Out: "eth1", Do: lab.SetTOS(0)}, // what the trace is to find
	)

	names := make(map[string][]netip.Addr)
	plug := func(s *lab.Switch, net, host int, name string) *lab.Host {
		h := n.Host(name)
		v4, v6 := fmt.Sprintf("10.77.%d.%d", net, host), fmt.Sprintf("fd77:%d::%d", net, host)
		s.Plug(h, v4+"/24", v6+"/64")
		names[name+".demo"] = []netip.Addr{netip.MustParseAddr(v4), netip.MustParseAddr(v6)}
		return h
	}
	server := func(host int, name string) *lab.Host {
		h := plug(servers, 2, host, name)
		h.Default("10.77.2.1", "fd77:2::1")
		return h
	}

	plug(office, 1, 20, "printer").TCP(631, 9100)
	plug(office, 1, 21, "camera").TCP(80, 554)

	web := server(10, "web")
	web.Serve(22, greet("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"))
	web.Serve(80, greet("HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<title>demo</title>\n"))
	web.UDP(162, lab.Sink)
	web.Firewall(lab.Rule{Proto: "tcp", Dport: "445", Do: lab.Drop})

	server(11, "mail").Serve(25, greet("220 mail.demo ESMTP Postfix (Debian)\r\n"))

	files := server(12, "files")
	files.TCP(22, 445)
	files.Firewall(lab.Stateful(lab.Rule{Proto: "tcp", Dport: "445", Do: lab.Accept})...)

	shy := server(13, "shy") // answers no ping, but TCP
	shy.TCP(443)
	shy.Sysctl("net/ipv4/icmp_echo_ignore_all", "1")
	shy.Sysctl("net/ipv6/icmp/echo_ignore_all", "1")

	server(14, "old").TCP(23, 8080)
	server(15, "db").TCP(5432)
	for host := 16; host <= 21; host++ {
		server(host, fmt.Sprintf("desk%d", host))
	}
	// The router completes handshakes in the place of this one.
	guarded := server(22, "guarded")
	guarded.TCP(80)
	proxy := lab.SynProxied("1-65535")
	for i := range proxy {
		proxy[i].Dst = "10.77.2.22"
	}
	router.Sysctl("net/netfilter/nf_conntrack_tcp_loose", "0")
	router.Firewall(proxy...)

	server(53, "dns").UDP(53, lab.DNS(names))
	return client
}

// greet returns a server that says one thing and hangs up.
func greet(text string) func(net.Conn) {
	return func(c net.Conn) { io.WriteString(c, text) }
}
