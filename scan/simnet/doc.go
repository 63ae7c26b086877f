// Package simnet is a simulated network: hosts, routers, firewalls, loss,
// delay and duplication, from a text file. It carries real packets, so that
// encoders and decoders are exercised, and needs neither privileges nor time:
// it waits on timers and channels only, so in a testing/synctest bubble a scan
// of hours takes a moment. A run repeats exactly for the same seed and the same
// packets sent at the same times.
//
//	network, err := simnet.Load("testdata/networks/office.net")
//	link := network.Open() // a scan.Link and a scan.Routes; its clock starts now
//	defer link.Close()
//
// A packet's way through the files: link.go takes it, kernel.go and frame.go
// find the next hop, walk.go leads it line by line (line.go) and router by
// router (router.go) to the host (host.go, tcp.go), and the answer back into
// the queue that Recv empties.
//
// # Format
//
// One statement a line. Indented lines belong to the statement above, as do
// further statements behind a semicolon. "#" starts a comment. Durations are
// as in Go (20ms), percentages may have a fraction (0.5%), rates are per
// second (5000/s), PORTS are lists of ranges (22,80-90; "all"). Options stand
// in any order.
//
// About this machine:
//
//	seed N                   of everything random (default 1)
//	iface NAME ADDR/LEN... [mac MAC] [mtu N] [frames]
//	                         ours; without mac it has no Ethernet. With frames, IP
//	                         packets must leave as frames (scan.Way.Frames)
//	    LINE                 between us and everything on it
//	route PREFIX via ADDR | dev NAME | unreachable | prohibited | none
//	source ADDR              of our questions: the ways' Src. If it is not ours, IP
//	                         packets must leave as frames
//	kernel-rst off           our kernel does not reset connections it knows nothing of
//	sendbuf N RATE           Send takes N packets that leave at RATE, then is full
//	rcvbuf N                 packets waiting for Recv; more are dropped and counted
//	coalesce D               Recv returns at most once in D, as a ring does
//	send-error ERRNO N% [D-D]  that share of packets fails, in that time
//
// Packets that are no frames take the kernel's way: it knows the neighbours
// that exist; for others it says host unreachable, from our own address, 3 s
// after the first packet, and has room for 1024 of them (ENOBUFS).
//
// About the way:
//
//	router NAME ADDR... [mac MAC] [ttl N] [silent] [quote N] [limit RATE burst N]
//	       [mtu N [untold|tells N]] [EDIT...] [takes N] [hides] [passes]
//	                         its errors have its first address of the family as
//	                         source, start with ttl (255), quote N bytes behind the
//	                         IP header (default: what RFC 1812 and RFC 4443 allow)
//	                         and are limited to RATE. What is longer than mtu and must
//	                         not be fragmented it does not pass on, and says so with
//	                         packet-too-big and N, or another number, or, untold, does
//	                         not; what may be fragmented it passes on whole. It takes N
//	                         off the TTL (1; with 0 it is no hop), hides that from the
//	                         TTL that the next hop sees, as MPLS does, or passes on what
//	                         has expired
//	    LINE                 between it and the hop before it
//	    rule VERDICT [tcp|udp|icmp] [PORTS] [sport PORTS] [to PREFIX] [if|unless OPTION]
//	         [tos NUMBERS] [size NUMBERS] [N%] [back]
//	                         first match wins; "back" rules see answers, with ports
//	                         and prefix of the host that sent them. tos is the whole
//	                         byte (of IPv6: traffic class), size the bytes of the IP
//	                         packet; NUMBERS are lists of ranges as PORTS are
//	    split flow|packet [by FIELDS] ROUTERS ROUTERS...
//	    split every D ROUTERS ROUTERS...
//	                         it balances load over ways, each of which is a list of
//	                         routers above (a,b), behind which the path goes on: each
//	                         packet for itself, at random, or all that are alike in
//	                         FIELDS (all): src,dst,sport,dport,label,icmp as they leave
//	                         us, icmp being type, code and checksum. With every its
//	                         route flaps: what leaves us in the first D goes the first
//	                         way, in the next D the next one, and behind the last the
//	                         first again
//	EDIT: dscp N | ecn N | set-ttl N | mss N | strip OPTION | scrub | late
//	                         it writes these, or lowers the MSS, replaces a TCP option
//	                         by NOPs, writes a new IP ID; as packets come, or, late, as
//	                         they leave
//	EDIT: nat ADDR | sport N | port N | seq N
//	                         as they leave it writes these as source, source port and
//	                         destination port, or adds N to sequence numbers; answers
//	                         are changed back, but not what errors quote
//	path PREFIX ROUTER... [loop] [dead KIND [D]]
//	                         the routers to PREFIX; the first is the gateway. With
//	                         loop the last two send to each other. With dead the
//	                         last one reports absent hosts, after D (default 3s)
//
// VERDICT is accept, drop, rst, syn-ack (forged by the router, as by a SYN
// proxy), or a KIND of ICMP error, which has the name of the reason it brings:
// net-unreach, host-unreach, proto-unreach, port-unreach, net-prohibited,
// host-prohibited, admin-prohibited, no-route, addr-unreach, beyond-scope,
// policy-fail, reject-route, time-exceeded, param-problem, packet-too-big. One
// that the family does not have becomes its nearest. OPTION is one of mss,
// wscale, sackok, ts, options (any).
//
// About hosts:
//
//	hosts ADDR|PREFIX [alive N%] [seed N] [OPTIONS]
//	    tcp open|closed|drop|VERDICT [PORTS] [N%] [by ROUTER]
//	    udp echo|served|tftp|silent|closed|drop|VERDICT [PORTS] [N%] [by ROUTER]
//	    LINE                 between it and its last router, or the link
//
// The most specific statement counts for an address. With alive, that share of
// the addresses exists, by a hash of address and seed: a prefix needs no memory
// per host. Later port lines override earlier ones; N% of the ports, by a hash.
// Default: every port closed. UDP: echo answers anything with itself, served
// only what has a payload, tftp from another port; silent takes and says
// nothing. "by" names the router that sends the error. OPTIONS are:
//
//	os linux|windows|oldbsd|bare   shape of its TCP (linux)
//	ttl N                    default: as the os
//	mac MAC                  default: from a hash of the address
//	no echo|timestamp|neighbour  what it does not answer
//	mask                     it answers address mask requests
//	sleeps D                 lost is what comes within D of the first packet, which wakes it
//	limit RATE burst N       of its ICMP errors, for each host
//	synack-retries N         repeated after 1, 3, 7 s... unless answered (2)
//	half-open strict|linux   what a second SYN on the same ports does: strict
//	                         swallows the same sequence number for 500 ms and resets
//	                         any other; linux (6.18) repeats the SYN-ACK at most every
//	                         500 ms, resets another number within the window and
//	                         sends a challenge ACK for any other
//
// LINE is one of
//
//	line [there|back] [loss N%] [delay D] [spread D] [jitter D] [dup N%]
//	     [rate RATE queue N] [down D-D]
//
// without a direction it means both. A line's state (its queue) is its own, not
// a path's: two paths over one router share the line before it. Jitter is added
// to the delay, equally distributed, and reorders; spread adds up to D too, but
// always the same for one host.
package simnet
