package manual

// This file has what the commands say that ask ports and hosts; the others follow in
// commands_more.go.

// repeats is what commands with -c and --wait-for say of these.
const repeats = `

-c N asks every question N times, as ping does: one packet each from a source port of
its own, the rounds an --interval apart, and each waited for just as long (--timeout; by
default 1 s). On a terminal each repetition has a line, where there are few questions;
files and pipes get what fping prints, the summary. --wait-for STATE asks again, an
--interval after the last answer, until everything has that state, and ends with 0 at
once; at the --deadline it ends with 3.`

// handing is what commands with --then say of it.
const handing = `

--then COMMAND runs a command once for each host that has an open port, or in a sweep is
up, when all is known of it. {addr} stands for its address, {ports} for its open ports as -p takes
them, {host} for its name, or its address where it has none that is a plain host name.
COMMAND is split into words as a shell does it, but no shell runs: to have one, name it. At
most four run at a time, without any privilege of sonde's, and for root as nobody. What a command writes,
and its exit code, are shown beneath the host, and are records of -o json; they do not change
the exit code of sonde. When sonde ends early, so do they.`

// ofPorts are the columns of tcp, udp and fp.
var ofPorts = []Term{
	{"PORT", "number and protocol; below it, indented, what else is known of the port"},
	{"STATE", "what the answer means, or silence: sonde help states"},
	{"SERVICE", "the name that is registered for the port with IANA, not what was found to be there"},
	{"REASON", "the one fact that decided the state, with the address that said so if it is not the target's"},
}

var tcp = command{
	text: `tcp asks TCP ports: by a SYN of our own where that is permitted, else by the
kernel's connect, and says so. Named targets are scanned whether or not they
answer a ping; of networks only what is up, unless -PN says otherwise. Hosts
are shown in the order of their addresses, as far as none has to wait for long.` + repeats + handing,
	examples: []Example{
		{"sonde tcp -PN -p 22,80,443 192.0.2.7", "asks three ports, and pings nobody before"},
		{"sonde tcp --top 100 --open 192.0.2.0/24", "of those in a network who are up, lists what is open among the 100 usual ports"},
		{"sonde tcp -q -p ssh --expect open 192.0.2.0/28 && echo all of them", "prints nothing, and ends with 0 if everybody has SSH"},
		{"sonde tcp -q -p 5432 --wait-for open --deadline 30s db.example && echo ready", "waits until the database listens, for 30 s at most"},
		{"sonde tcp -p 443 -c 100 --interval 100ms 192.0.2.7", "asks 100 times: loss and round trips of TCP itself"},
		{"sonde tcp --udp -p T:22,80,U:53,123 192.0.2.7", "TCP and UDP ports of a host in one run, and one table of them"},
		{"sonde tcp --services --open 192.0.2.0/28", "says of what is open what it is, too"},
		{"sonde tcp -p 22 --then 'ssh-keyscan -p {ports} {addr}' 192.0.2.0/28", "has ssh-keyscan ask each host that has SSH for its keys, and shows what it says"},
		{"sonde tcp -p- --resume all.kept -o json=all.json 192.0.2.7", "asks all ports, and goes on where it was when it is typed again"},
	},
	columns: ofPorts,
}

var udp = command{
	text: `udp asks each port in the words of the protocol that lives there (DNS, NTP,
SNMP, TFTP, SIP, IKE, QUIC, RADIUS and some forty others), others with an empty
datagram. A port that says nothing is open|filtered: it may have nothing to say.
What that means for the host is said, too.` + repeats + handing,
	examples: []Example{
		{"sonde udp -p 53,123 192.0.2.7", "asks a name server and a clock in their own words"},
		{"sonde udp -g 53 -p 12053 192.0.2.7", "asks from source port 53, which some firewalls let in"},
		{"sonde udp --top 20 --confirm 192.0.2.7", "asks silent ports again, as slowly as the host tells of closed ones"},
		{"sonde udp -p 161 --open 192.0.2.0/24 -o list", "lists who answers SNMP, an address and port a line"},
		{"sonde udp -p 161 --then 'snmpget -v2c -c public {addr} sysDescr.0' 192.0.2.0/28", "asks who answers SNMP what it is"},
		{"sonde udp --services -p 53,123,161 192.0.2.7", "names the programs that answer"},
		{"sonde udp -p 514 --data-string '<14>sonde: a test' 192.0.2.7", "sends a line to a log server"},
	},
	columns: ofPorts,
}

var sweep = command{
	text: `sweep asks which hosts are there: by ARP or ND on the link, elsewhere by an
echo request, a SYN to port 443, an ACK to port 80, a timestamp request (IPv4)
and a DNS question to UDP port 53. One answer is enough. With -c it is
asked by the echo request alone, if -P does not say otherwise.

Hosts are listed in the order of their addresses, when all are decided; those of more
than 2048 addresses, or of a sweep that is slow on purpose (-T0 to -T2, --rate below
1000, -c, --wait-for, --resume), as they are found. With -o json they always are.

With --local it asks everybody on the links of this machine, and sends nothing that
a router would pass on: IPv4 by ARP, address by address (links up to a /16); IPv6 by an
echo request to all nodes, plain and with an option that nobody knows, which hosts
must refuse; no MLD query, which would take the part of a router. Who is found is then
asked for its name by mDNS, LLMNR and NetBIOS. These names are the hosts' own
word; -R looks them up in the DNS.` + repeats + handing,
	examples: []Example{
		{"sonde sweep 192.0.2.0/24", "lists who is up, and counts"},
		{"sonde sweep -PE -PS22,443 192.0.2.0/24 -o json", "pings by echo and by SYNs to two ports, a JSON object a line"},
		{"sonde sweep -c 10 192.0.2.7", "pings ten times, for loss and round trips"},
		{"sonde sweep -PE --expect up -q 192.0.2.7 192.0.2.8 || echo somebody is missing", "prints nothing, and ends with 0 if both are up"},
		{"sonde sweep --then 'traceroute -n {addr}' 192.0.2.0/28", "traces the way to each host that is up"},
		{"sonde sweep --list -R --exclude 192.0.2.7 192.0.2.0/28", "asks nobody: lists whom the others would ask, and their names"},
		{"sonde sweep --local", "lists everybody on the links of this machine, by IPv4 and IPv6"},
		{"sonde sweep -o list 192.0.2.0/24 | sonde tcp -i - -p 22", "asks those who are up for SSH"},
	},
	after: `Each line has an address, its name where one is known, the state, the reason, and the
round trip; on a link the hardware address, too.`,
}

var fp = command{
	text: `fp scans TCP ports as sonde tcp does, with --udp or U: UDP ports as sonde udp does, and
asks every open one what it is, as soon as it is seen open: its greeting, its web
page, its certificate, its answers to the questions of its protocol. Meanwhile it
traces the way to each host, and asks by odd packets which system it is.`,
	examples: []Example{
		{"sonde fp 192.0.2.7", "the 1000 usual ports, their services, and the way there"},
		{"sonde fp -T4 -p 22,80,443 www.example.net", "three ports, faster"},
		{"sonde fp -p 443 -v 192.0.2.7", "all of a certificate, and what the handshake settled"},
		{"sonde fp --top 20 192.0.2.0/28 -o xml=scan.xml -o text", "a network, for people and for what reads nmap's XML"},
		{"sonde fp --udp -p T:22,80,U:53,123,161 192.0.2.7", "TCP and UDP ports in one run"},
		{"sonde fp --via connect -p 22 192.0.2.7", "by the kernel's connections alone, which needs no privileges"},
	},
	columns: []Term{ofPorts[0], ofPorts[1],
		{"SERVICE", "what is spoken there; else the registered name, with a question mark where it was asked and did not tell"},
		{"VERSION", "product and version, as far as it says so itself"}, ofPorts[3],
		hops[0], hops[1], hops[2]},
}

// hops are the columns of trace.
var hops = []Term{
	{"HOP", "the TTL that the packet left with"},
	{"ADDRESS", "who answered; * nobody"},
	{"RTT (ms)", "the shortest, the mean and the longest round trip"},
	{"NAME", "with -R: the name of the address"},
	{"P50 / P90 / P99", "with -c or --watch: so long half of the round trips took at most, 90 and 99 in a hundred"},
	{"JITTER", "with -c or --watch: the mean difference of a round trip to the one before, in milliseconds"},
	{"LOSS", "with -c or --watch: the share of questions that got lost, there or on the way back; - where the hop does not answer all that come"},
	{"AS", "with --asn: the autonomous system that announces the address, and its name"},
	{"DSCP, ECN", "as the packet came there, by what the hop quotes of it; a → b: not as it was sent"},
}

var trace = command{
	text: `trace asks every hop at once, in one flow: who it is, how far away, and what it
got of our packet, as far as it quotes it. Every field is compared with what was
sent, from DSCP to TCP options, and a change is said under the first hop that
quotes it, with the last one that saw the field as it was: it was changed between
them, or by one of both. What is not quoted is not visible; of what comes behind the
last router only the target's answer tells.

The way is followed beyond a router that refuses as long as anybody answers there.
Routers that send packets to each other are named. The target is reached when it
answers anything, from whichever of its addresses.

With -c each hop is asked so many times more. What gets lost on the way to a hop, or on
the way back, is missing of the hops beyond it, too: that is LOSS, and from which hop
on it is said. Where those lack less, or answers come as regularly as from who limits
them, it is replies of the hop, and no loss. Many routers send one a second: with a
shorter --interval it shows which.

With --watch the hops are asked in rounds, an --interval apart and in the same flow, until
it is stopped, or for the time of --for: each change of the way is told when it is seen, and
at the end the hops, as -c tells them. A hop that does not answer in a round is no change.
Where several answer by turns, round for round, packets of one flow are spread, and that is
said once. -v shows each round, -o json has a record for each of its hops. Hops that the ways
to several targets have in common are asked on one of them.`,
	examples: []Example{
		{"sonde trace 192.0.2.7", "by echo requests"},
		{"sonde trace --watch 192.0.2.7", "until Ctrl-C: what the way does, and what gets lost on it"},
		{"sonde trace --watch --for 8h -o json=night.json -i hosts.txt", "each round of a night, for programs, to many targets"},
		{"sonde trace -c 100 --interval 200ms 192.0.2.7", "loss, jitter and percentiles of each hop, and from which one on packets get lost"},
		{"sonde trace -p 443 192.0.2.7", "by SYNs to a port, through firewalls that let these in"},
		{"sonde trace -p 80 --dscp ef 192.0.2.7", "names the hop at which the DSCP is wiped"},
		{"sonde trace --flows 256 -p 443 192.0.2.7", "all ways over which routers balance load, and how they choose"},
		{"sonde trace --mtu 192.0.2.7", "how large packets may be on the way, and whose link is the narrowest"},
		{"sonde trace --proto udp -p 53 --hops 12 192.0.2.7", "by datagrams, at most 12 hops"},
		{"sonde trace --asn pfx2as.gz 192.0.2.7", "with the autonomous systems of the hops, from a file of prefixes and numbers"},
		{"sonde trace --watch --metrics 9117 192.0.2.7", "on a screen, and for Prometheus at http://127.0.0.1:9117/metrics"},
		{"sonde trace --replay rounds.json", "on a screen, what a watched trace found that -o json=rounds.json recorded"},
		{"sonde trace -R -o json=way.json -o text 192.0.2.7", "with the names of the hops, for people and for programs"},
	},
	columns: hops,
}
