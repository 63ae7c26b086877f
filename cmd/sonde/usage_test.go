package main

import (
	"strings"
	"testing"
)

// TestUsage: a command line that cannot be meant is refused with exit 2 and one
// line that says why, before anything is sent.
func TestUsage(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"nosuch", "unknown command \"nosuch\" for \"sonde\""},
		{"--nosuch", "unknown flag: --nosuch: sonde --help lists the flags"},
		{"sweep", "no target: name addresses, networks or hosts, or a file with -i"},
		{"tcp", "no target: name addresses, networks or hosts, or a file with -i"},
		{"udp -p 53", "no target: name addresses, networks or hosts, or a file with -i"},
		{"version now", "unknown command \"now\" for \"sonde version\""},
		{"sweep 10.0.0.256", "target \"10.0.0.256\": the octet 256 is above 255"},
		{"sweep 10.0.0", "target \"10.0.0\": an IPv4 address has four octets, this has 3; for the network write 10.0.0.0/24 or 10.0.0.*"},
		{"sweep 1.2.3.4.5", "target \"1.2.3.4.5\": an IPv4 address has four octets, this has 5"},
		{"sweep 010.0.0.1", "target \"010.0.0.1\": the octet 010 has a leading zero, which some read as octal; write 10"},
		{"sweep 10.0.0.9-10.0.0.2", "target \"10.0.0.9-10.0.0.2\": the range runs backwards; write 10.0.0.2-10.0.0.9"},
		{"sweep 10.0.0.0/33", "target \"10.0.0.0/33\": the prefix length 33 is above 32"},
		{"sweep 2001:db8::/64", "target \"2001:db8::/64\": a /64 holds 2^64 IPv6 addresses, too many to ask one by one; give a /108 or longer, or single addresses"},
		{"sweep 2001:db8::1::2", "target \"2001:db8::1::2\": is no IPv6 address"},
		{"sweep fe80::1%", "target \"fe80::1%\": is no IPv6 address"},
		{"sweep 10.0.0.2,,10.0.0.3", "target \"10.0.0.2,,10.0.0.3\": nothing stands beside a comma"},
		{"sweep host..example", "target \"host..example\": has an empty label; a host name has something between the dots"},
		{"swep", "unknown command \"swep\" for \"sonde\""},
		{"sweep hôst", "target \"hôst\": has letters outside ASCII; write the name in its xn-- form"},
		{"sweep 10.0.0.2 --exclude 10.0.0.0/24", "no target is left after the exclusions"},
		{"sweep 10.0.0.2 --exclude 10.0.0.300", "exclusion \"10.0.0.300\": the octet 300 is above 255"},
		{"sweep -i /nonexistent/targets", "-i open /nonexistent/targets: no such file or directory"},
		{"sweep 10.0.0.2 --exclude-file /nonexistent/targets", "--exclude-file open /nonexistent/targets: no such file or directory"},
		{"sweep 8.0.0.0/6", "these targets are 50331648 public IPv4 addresses; more than 2^24 need an --exclude-file that lists who must not be asked"},
		{"sweep 10.0.0.2 --all-addresses", "--all-addresses: no target is a name"},
		{"sweep -6 10.0.0.2", "-6: the target 10.0.0.2 is an IPv4 address"},
		{"sweep -4 2001:db8::2", "-4: the target 2001:db8::2 is an IPv6 address"},
		{"sweep -4 -6 10.0.0.2", "-4 and -6 exclude each other"},
		{"tcp -p 0 10.0.0.2", "-p 0: port \"0\": ports are 1 to 65535, not 0"},
		{"tcp -p 65536 10.0.0.2", "-p 65536: port \"65536\": ports are 1 to 65535, not 65536"},
		{"tcp -p 80- 10.0.0.2", "-p 80-: port \"80-\": a range has two ends; write 80-65535"},
		{"tcp -p -80 10.0.0.2", "-p -80: port \"-80\": a range has two ends; write 1-80"},
		{"tcp -p 90-80 10.0.0.2", "-p 90-80: port \"90-80\": the range runs backwards; write 80-90"},
		{"tcp -p 80,,443 10.0.0.2", "-p 80,,443: port \"\": a port is missing; write ports as in 22,80,8000-8100, or - for all"},
		{"tcp -p nosuchservice 10.0.0.2", "-p nosuchservice: port \"nosuchservice\": no tcp service of that name is registered; give its number"},
		{"tcp -p X:80 10.0.0.2", "-p X:80: port \"X:80\": the letter before the colon is T for TCP or U for UDP"},
		{"tcp -p U:53 10.0.0.2", "-p U:53: only TCP ports are asked"},
		{"tcp -p T:80,U:53 10.0.0.2", "-p T:80,U:53: only TCP ports are asked"},
		{"udp -p T:53 10.0.0.2", "-p T:53: only UDP ports are asked"},
		{"sweep -PS80,443 -PU:53 10.0.0.2", "-PU:53: port \":53\": the letter before the colon is T for TCP or U for UDP"},
		{"tcp -p 80 --top 10 10.0.0.2", "-p and --top exclude each other"},
		{"tcp --top 0 10.0.0.2", "--top: at least 1"},
		{"tcp --top -3 10.0.0.2", "--top: at least 1"},
		{"tcp --top 70000 10.0.0.2", "--top 70000: there are 1 to 65535 top ports, not 70000"},
		{"tcp -p 80 --exclude-ports 80 10.0.0.2", "no port is left to ask"},
		{"tcp -p 80 --exclude-ports U:53 10.0.0.2", "--exclude-ports U:53: ports of the other protocol are not asked anyway"},
		{"tcp -g 0 -p 80 10.0.0.2", "-g: a port from 1 to 65535"},
		{"tcp -g 65536 -p 80 10.0.0.2", "-g: a port from 1 to 65535"},
		{"tcp -g http -p 80 10.0.0.2", "--source-port http: not a whole number"},
		{"tcp --rate 0 -p 80 10.0.0.2", "--rate: more than 0 packets a second"},
		{"tcp --rate -1 -p 80 10.0.0.2", "--rate: more than 0 packets a second"},
		{"tcp --rate NaN -p 80 10.0.0.2", "--rate: more than 0 packets a second"},
		{"tcp --rate Inf -p 80 10.0.0.2", "--rate: more than 0 packets a second"},
		{"tcp --rate many -p 80 10.0.0.2", "--rate many: not a number"},
		{"tcp -T 9 -p 80 10.0.0.2", "--timing 9: a number from 0 to 5, or one of paranoid, sneaky, polite, normal, aggressive, insane"},
		{"tcp -T quick -p 80 10.0.0.2", "--timing quick: a number from 0 to 5, or one of paranoid, sneaky, polite, normal, aggressive, insane"},
		{"tcp --max-retries -1 -p 80 10.0.0.2", "--max-retries: 0 to 100"},
		{"tcp --timeout 0s -p 80 10.0.0.2", "--timeout: more than 0"},
		{"tcp --timeout 5 -p 80 10.0.0.2", "--timeout 5: not a duration such as 500ms, 5s or 2m"},
		{"tcp --host-timeout -1s -p 80 10.0.0.2", "--host-timeout: more than 0"},
		{"tcp --deadline 0s -p 80 10.0.0.2", "--deadline: more than 0"},
		{"tcp --ttl 0 -p 80 10.0.0.2", "--ttl: 1 to 255"},
		{"tcp --ttl 256 -p 80 10.0.0.2", "--ttl: 1 to 255"},
		{"tcp --tos 256 -p 80 10.0.0.2", "--tos 256: a number from 0 to 255"},
		{"tcp --dscp fast -p 80 10.0.0.2", "--dscp fast: DSCP \"fast\": neither a number from 0 to 63 nor a name (ef, va, le, cs0 to cs7, af11 to af43)"},
		{"tcp --tos 184 --dscp ef -p 80 10.0.0.2", "--tos and --dscp set the same byte"},
		{"tcp --seed -1 -p 80 10.0.0.2", "--seed -1: not a whole number from 0 on"},
		{"tcp --seed 9007199254740992 -p 80 10.0.0.2", "--seed: below 2^53, as JSON readers demand"},
		{"tcp --tcp-options mss=70000 -p 80 10.0.0.2", "--tcp-options mss=70000: TCP option \"mss=70000\": \"70000\" is not a number from 0 to 65535"},
		{"tcp --tcp-options nosuch -p 80 10.0.0.2", "--tcp-options nosuch: TCP option \"nosuch\": unknown (mss, sackok, ts, nop, wscale, eol, opt=KIND:HEX, raw=HEX, or none, linux, windows, macos, freebsd)"},
		{"tcp --via connect --tcp-options linux -p 80 10.0.0.2", "--tcp-options: the kernel makes the packets of --via connect"},
		{"tcp --via bus -p 80 10.0.0.2", "--via: raw or connect"},
		{"tcp --via connect --pcap x.pcapng -p 80 10.0.0.2", "--pcap: --via connect lets the kernel ask, whose packets we do not see"},
		{"tcp --via connect --packet-trace -p 80 10.0.0.2", "--packet-trace: --via connect lets the kernel ask, whose packets we do not see"},
		{"tcp --via connect -sS -p 80 10.0.0.2", "-sS needs packets of our own: it excludes --via connect"},
		{"tcp --via raw -sT -p 80 10.0.0.2", "-sT lets the kernel ask: it excludes --via raw"},
		{"tcp -sT --tcp-options none -p 80 10.0.0.2", "-sT lets the kernel make the packets: it excludes --tcp-options"},
		{"tcp -sT --packet-trace -p 80 10.0.0.2", "--packet-trace: --via connect lets the kernel ask, whose packets we do not see"},
		{"tcp -sQ -p 80 10.0.0.2", "-sQ: unknown way of asking: A ack, F fin, M maimon, N null, S syn, T connect, W window, X xmas"},
		{"tcp -sF --confirm -p 80 10.0.0.2", "--confirm completes handshakes, which -sF does not begin"},
		{"tcp --confirm -g 53 -p 80 10.0.0.2", "--confirm and -g exclude each other: handshakes need ports of their own"},
		{"udp --confirm --max-retries 1 -p 80 10.0.0.2", "--confirm asks more often than --max-retries allows"},
		{"tcp --confirm --dry-run -p 80 10.0.0.2", "--confirm: --dry-run gets no answers to confirm"},
		{"tcp -sF --tcp-options mss=1460 -p 80 10.0.0.2", "--tcp-options: only SYNs carry them, and -sF sends none"},
		{"tcp -sX --via connect -p 80 10.0.0.2", "-sX needs packets of our own: it excludes --via connect"},
		{"tcp --rst-guard --via connect -p 80 10.0.0.2", "--rst-guard: the kernel resets no connection of --via connect, for it makes them itself"},
		{"tcp --rst-guard -sT -p 80 10.0.0.2", "--rst-guard: the kernel resets no connection of --via connect, for it makes them itself"},
		{"tcp --rst-guard -sA -p 80 10.0.0.2", "--rst-guard: only SYNs are answered by SYN-ACKs, and -sA sends none"},
		{"tcp --rst-guard -sF -PS -p 80 10.0.0.2", "--rst-guard: only SYNs are answered by SYN-ACKs, and -sF sends none"},
		{"tcp --rst-guard -S 192.0.2.9 -p 80 10.0.0.2", "--rst-guard: -S 192.0.2.9 is not ours, so our kernel gets no SYN-ACK to answer"},
		{"tcp --rst-guard -PR -p 80 192.0.2.1", "-PR: 192.0.2.1 is not on a link of ours, so neither ARP nor ND can reach it"},
		{"udp --rst-guard -p 53 10.0.0.2", "unknown flag: --rst-guard: sonde udp --help lists the flags"},
		{"tcp -sS -sT -p 80 10.0.0.2", "-sS -sT: one way of asking at a time"},
		{"udp -sU -p 53 10.0.0.2", "unknown shorthand flag: 's' in -sU: sonde udp --help lists the flags"},
		{"udp --tcp-options none -p 53 10.0.0.2", "unknown flag: --tcp-options: sonde udp --help lists the flags"},
		{"tcp -S nowhere -p 80 10.0.0.2", "-S nowhere: not an address"},
		{"tcp -S 0.0.0.0 -p 80 10.0.0.2", "-S 0.0.0.0: not an address that packets can come from"},
		{"tcp -S 2001:db8::1 -p 80 10.0.0.2", "-S 2001:db8::1 cannot ask 10.0.0.2: not the same family"},
		{"tcp -S 10.0.0.1 -p 80 2001:db8::2", "-S 10.0.0.1 cannot ask 2001:db8::2: not the same family"},
		{"tcp -S 10.0.0.1 -p 80 fe80::2%eth0", "-S 10.0.0.1 cannot ask fe80::2%eth0: not the same family"},
		{"tcp -n -R -p 80 10.0.0.2", "-n and -R exclude each other"},
		{"tcp -q -v -p 80 10.0.0.2", "-q and -v exclude each other"},
		{"tcp -q -o json -p 80 10.0.0.2", "-q and -o to stdout exclude each other"},
		{"tcp -q --open -p 80 10.0.0.2", "--open: -q lists nothing"},
		{"tcp -q -R -p 80 10.0.0.2", "--resolve: -q lists nothing"},
		{"tcp -q --packet-trace -p 80 10.0.0.2", "-q and --packet-trace exclude each other"},
		{"tcp -oX scan.xml -p 80 10.0.0.2", "-oX FILE is the form of nmap: write -o X=FILE"},
		{"tcp -o X scan.xml -p 80 10.0.0.2", "-oX FILE in two words belongs to `sonde nmap`; here it is -o X=FILE"},
		{"tcp -oA scan -p 80 10.0.0.2", "-oA FILE is the form of nmap: write -o FORMAT=FILE"},
		{"tcp -o yaml -p 80 10.0.0.2", "-o yaml: no output format \"yaml\"; there are text, json"},
		{"tcp -o json= -p 80 10.0.0.2", "-o json=: no file behind the equals sign"},
		{"tcp -o json -o text -p 80 10.0.0.2", "-o json and -o text both go to stdout"},
		{"tcp --pcap - -p 80 10.0.0.2", "--pcap -: name a file, for stdout carries the results"},
		{"tcp --pcap out -o json=./out -p 80 10.0.0.2", "--pcap and -o json both go to ./out"},
		{"tcp --expect up -p 80 10.0.0.2", "--expect up: one of open closed filtered unfiltered open|filtered closed|filtered unknown"},
		{"tcp --expect yes -p 80 10.0.0.2", "--expect yes: one of open closed filtered unfiltered open|filtered closed|filtered unknown"},
		{"sweep --expect open 10.0.0.2", "--expect open: one of up down unknown"},
		{"sweep --open 10.0.0.2", "--open: a sweep has no ports"},
		{"sweep -p 80 10.0.0.2", "unknown shorthand flag: 'p' in -p: sonde sweep --help lists the flags"},
		{"sweep -PN 10.0.0.2", "-PN: a sweep that asks nothing finds nothing"},
		{"sweep -PQ 10.0.0.2", "-PQ: unknown kind of ping: N not at all, A[ports] ACK, E echo request, M address mask request, P timestamp request, R ARP or ND request, S[ports] SYN, U[ports] UDP packet"},
		{"sweep -PP fd00::1", "-PP: IPv6 has no timestamp request, and the target fd00::1 is IPv6"},
		{"sweep -PM -PE fd00::/120", "-PM: IPv6 has no address mask request, and the target fd00:: is IPv6"},
		{"sweep -PP 10.0.0.2 fd00::1", "-PP: IPv6 has no timestamp request, and the target fd00::1 is IPv6"},
		{"sweep -PP --tcp-options none 10.0.0.2", "--tcp-options: none of these pings is a SYN; choose one with -PS"},
		{"sweep -PM -g 53 10.0.0.2", "-g: none of these pings has ports; choose another with -P"},
		{"sweep -PP --via connect 10.0.0.2", "a ping by timestamp needs packets of our own, and the kernel shall ask: connect"},
		{"sweep -PE7 10.0.0.2", "-PE7: a ping by echo has no ports"},
		{"sweep -PS0 10.0.0.2", "-PS0: port \"0\": ports are 1 to 65535, not 0"},
		{"sweep -PU:53 10.0.0.2", "-PU:53: port \":53\": the letter before the colon is T for TCP or U for UDP"},
		{"sweep -PST:80,U:53 10.0.0.2", "-PST:80,U:53: a ping by syn asks ports of its own protocol only"},
		{"sweep -PR --via connect 10.0.0.2", "a ping by neighbour needs packets of our own, and the kernel shall ask: connect"},
		{"sweep -PA --via connect 10.0.0.2", "a ping by ack needs packets of our own, and the kernel shall ask: connect"},
		{"sweep -PR 192.0.2.1", "-PR: 192.0.2.1 is not on a link of ours, so neither ARP nor ND can reach it"},
		{"sweep -PR -PE 192.0.2.1", "-PR: 192.0.2.1 is not on a link of ours, so neither ARP nor ND can reach it"},
		{"sweep -PE -g 53 192.0.2.1", "-g: none of these pings has ports; choose another with -P"},
		{"sweep -PR --ttl 5 10.0.0.2", "--ttl: nothing but ARP or ND is asked, which has no such field; choose another ping with -P"},
		{"sweep -PR --dscp ef 10.0.0.2", "--dscp: nothing but ARP or ND is asked, which has no such field; choose another ping with -P"},
		{"sweep -PE --tcp-options none 192.0.2.1", "--tcp-options: none of these pings is a SYN; choose one with -PS"},
		{"sweep -PA --tcp-options none 192.0.2.1", "--tcp-options: none of these pings is a SYN; choose one with -PS"},
		{"sweep -g 53 10.0.0.2", "-g: none of these pings has ports; choose another with -P"},
		{"sweep --rst-guard 10.0.0.2", "--rst-guard: none of these pings is a SYN; choose one with -PS"},
		{"sweep --rst-guard -PE -PA 192.0.2.1", "--rst-guard: none of these pings is a SYN; choose one with -PS"},
		{"sweep --rst-guard -S 192.0.2.9 10.0.0.2", "--rst-guard: -S 192.0.2.9 is not ours, so our kernel gets no SYN-ACK to answer"},
		{"sweep --rst-guard --via connect 192.0.2.1", "--rst-guard: the kernel resets no connection of --via connect, for it makes them itself"},
		{"tcp -PN -PE -p 80 10.0.0.2", "-PN: no ping at all goes with no other ping"},
		{"tcp -PR -p 80 192.0.2.1", "-PR: 192.0.2.1 is not on a link of ours, so neither ARP nor ND can reach it"},
		{"tcp --dry-run -o json -p 80 10.0.0.2", "--output: --dry-run gets no answers to report"},
		{"tcp --dry-run --pcap x -p 80 10.0.0.2", "--pcap: --dry-run gets no answers to report"},
		{"tcp --dry-run -q -p 80 10.0.0.2", "--quiet: --dry-run gets no answers to report"},
		{"tcp --dry-run --expect open -p 80 10.0.0.2", "--expect: --dry-run gets no answers to report"},
		{"trace", "no target: name addresses, networks or hosts, or a file with -i"},
		{"trace -p 80,81 10.0.0.2", "-p 80,81: one port at a time"},
		{"trace -p 0 10.0.0.2", "-p 0: port \"0\": ports are 1 to 65535, not 0"},
		{"trace -p U:53 10.0.0.2", "-p U:53: only TCP ports are asked"},
		{"trace --proto udp -p T:53 10.0.0.2", "-p T:53: only UDP ports are asked"},
		{"trace --proto icmp -p 80 10.0.0.2", "-p 80: icmp has no ports"},
		{"trace --proto sctp 10.0.0.2", "--proto sctp: icmp, tcp or udp"},
		{"trace --proto udp --tcp-options none 10.0.0.2", "--tcp-options: a trace by udp has none"},
		{"trace --tcp-options none 10.0.0.2", "--tcp-options: a trace by icmp has none"},
		{"trace -g 53 10.0.0.2", "-g: a trace by icmp has no ports"},
		{"trace --hops 0 10.0.0.2", "--hops: 1 to 63"},
		{"trace --hops 64 10.0.0.2", "--hops: 1 to 63"},
		{"trace --ttl 5 10.0.0.2", "--ttl: a trace has none"},
		{"trace --open 10.0.0.2", "--open: a trace has none"},
		{"trace -PE 10.0.0.2", "--ping: a trace has none"},
		{"trace --max-retries 1 10.0.0.2", "--max-retries: a trace has none"},
		{"trace --expect up 10.0.0.2", "--expect: a trace has none"},
		{"trace --dry-run 10.0.0.2", "--dry-run: a trace has none"},
		{"trace 10.0.0.0/23", "512 targets: a trace is for a few"},
		{"trace -S 192.0.2.9 10.0.0.2", "-S 192.0.2.9 is not ours: what the hops say would go elsewhere"},
		{"trace --via connect -p 80 --tcp-options none 10.0.0.2", "--tcp-options: the kernel makes the packets of --via connect"},
		{"trace --via connect --pcap x 10.0.0.2", "--pcap: --via connect lets the kernel ask, whose packets we do not see"},
		{"trace -sS 10.0.0.2", "unknown shorthand flag: 's' in -sS: sonde trace --help lists the flags"},
		{"trace --rst-guard -p 80 10.0.0.2", "unknown flag: --rst-guard: sonde trace --help lists the flags"},
		{"fp", "no target: name addresses, networks or hosts, or a file with -i"},
		{"fp -p U:53 10.0.0.2", "-p U:53: only TCP ports are asked"},
		{"fp -p 80 --top 10 10.0.0.2", "-p and --top exclude each other"},
		{"fp -g 53 10.0.0.2", "--source-port: fp has none"},
		{"fp --ttl 5 10.0.0.2", "--ttl: fp has none"},
		{"fp --dry-run 10.0.0.2", "--dry-run: fp has none"},
		{"fp --expect open 10.0.0.2", "--expect: fp has none"},
		{"fp -S 192.0.2.9 -p 22 10.0.0.2", "-S 192.0.2.9 is not ours: no conversation comes about from there"},
		{"fp -sS 10.0.0.2", "unknown shorthand flag: 's' in -sS: sonde fp --help lists the flags"},
		{"fp --proto udp 10.0.0.2", "unknown flag: --proto: sonde fp --help lists the flags"},
		{"fp --via connect --tcp-options none 10.0.0.2", "--tcp-options: the kernel makes the packets of --via connect"},
		{"fp --rst-guard --via connect 10.0.0.2", "--rst-guard: the kernel resets no connection of --via connect, for it makes them itself"},
		{"fp --rst-guard -S 192.0.2.9 -p 22 10.0.0.2", "--rst-guard: -S 192.0.2.9 is not ours, so our kernel gets no SYN-ACK to answer"},
		{"doctor --rst-guard", "unknown flag: --rst-guard: sonde doctor --help lists the flags"},
		{"doctor --ttl 5", "--ttl: doctor sends nothing"},
		{"doctor -PE 10.0.0.2", "--ping: doctor sends nothing"},
		{"doctor --dry-run 10.0.0.2", "--dry-run: doctor sends nothing"},
		{"doctor --pcap x 10.0.0.2", "--pcap: doctor sends nothing"},
		{"doctor -R 10.0.0.2", "--resolve: doctor sends nothing"},
		{"doctor --all-addresses host.example", "--all-addresses: doctor always shows them"},
		{"doctor -S 10.0.0.1", "--source: there is no target"},
		{"doctor -4", "--ipv4: there is no target"},
		{"doctor --exclude 10.0.0.1", "--exclude: there is no target"},
		{"doctor -S 10.0.0.1 2001:db8::2", "-S 10.0.0.1 cannot ask 2001:db8::2: not the same family"},
		{"doctor -6 10.0.0.2", "-6: the target 10.0.0.2 is an IPv4 address"},
		{"doctor --via bus", "--via: raw or connect"},
		{"doctor -q -o json", "-q and -o to stdout exclude each other"},
		{"doctor 10.0.0.256", "target \"10.0.0.256\": the octet 256 is above 255"},
		{"doctor -p 80 10.0.0.2", "unknown shorthand flag: 'p' in -p: sonde doctor --help lists the flags"},
		{"doctor --tcp-options none 10.0.0.2", "unknown flag: --tcp-options: sonde doctor --help lists the flags"},
		{"tcp -p", "flag needs an argument: 'p' in -p"},
	} {
		t.Run(tt.line, func(t *testing.T) { refused(t, strings.Fields(tt.line), tt.want) })
	}
}

// TestEmptyValues: a shell variable that is not set must not turn into a scan of
// the defaults.
func TestEmptyValues(t *testing.T) {
	for _, name := range []string{"ports", "exclude-ports", "interface", "source", "tos", "dscp", "tcp-options", "input",
		"exclude", "exclude-file", "expect", "via", "pcap", "output", "ping"} {
		refused(t, []string{"tcp", "--" + name, "", "10.0.0.2"}, "--"+name+": the value is empty")
		refused(t, []string{"tcp", "--" + name + "=", "10.0.0.2"}, "--"+name+": the value is empty")
	}
}

// TestUsageBeforeNames: nobody is asked for a name by a command line that is
// refused in the end.
func TestUsageBeforeNames(t *testing.T) {
	for _, line := range []string{"tcp -o X scan.xml -p 80 host.example", "tcp --expect up host.example", "tcp -sS --via connect host.example",
		"tcp -sT --pcap x host.example", "sweep -PA --via connect host.example", "tcp -p U:53 host.example"} {
		s := on("lan.net", line)
		s.names = nil
		asked := false
		s.asked = func() { asked = true }
		if o := s.run(t); o.code != exitUsage || asked || o.opened {
			t.Errorf("%s: exit %d, a name was looked up: %v, the network was opened: %v", line, o.code, asked, o.opened)
		}
	}
}

// refused fails unless args give exit 2 and that line, and nothing else.
func refused(t *testing.T, args []string, want string) {
	t.Helper()
	s := &simulation{network: "lan.net", args: args}
	o := s.run(t)
	if o.code != exitUsage {
		t.Errorf("%q: exit %d, want 2", args, o.code)
	}
	if got := "sonde: " + want + "\n"; o.stderr != got {
		t.Errorf("%q: stderr is %q, want %q", args, o.stderr, got)
	}
	if o.stdout != "" || len(o.sent) > 0 {
		t.Errorf("%q: %d packets left, and stdout has %q", args, len(o.sent), o.stdout)
	}
}
