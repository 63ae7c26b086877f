package main

import (
	"net/netip"
	"strings"
	"time"

	"sonde/scan/lab"
)

// A link that takes its time, there and back together, and loses a share of what
// is sent in each direction: of the questions 5 % stay unanswered.
const (
	farDelay = 50 * time.Millisecond
	farLoss  = 0.0253
)

// What stands behind addresses. The truth about each is computed, see truth.
var (
	desks = lab.Answers{Alive: 0.05}
	webs  = lab.Answers{Alive: 0.05, OpenShare: 0.4}      // 2 % of the addresses have a port open
	host  = lab.Answers{Alive: 1, OpenShare: 20. / 65535} // closed ports refuse
	hosts = lab.Answers{Alive: 1, OpenShare: 0.019}
)

func dropped(a lab.Answers) lab.Answers { a.Dropped = true; return a }

func far(a lab.Answers) lab.Answers { a.Delay, a.Loss = farDelay, farLoss; return a }

// What zmap and masscan have to be told in a network without a default route.
const (
	zmap    = "zmap -q -i {iface} -G {mac} -b /dev/null -o {out} "
	masscan = "masscan -e {iface} --adapter-ip {source} --router-mac {mac} -oL {out} "
)

// jobs are all jobs with all command lines. Programs print what is open, not
// what is closed; the rest of each line is what the contest is about.
// It is one table, longer than functions are: rows are read beside each other.
func jobs() []job {
	return []job{
		{
			name: "sweep-24", title: "who is there, of a /24", targets: prefix("10.128.14.0/24"), answers: desks,
			contests: []contest{
				{asUsual, "sonde sweep -o json {targets}", "nmap -n -sn -oG {out} {targets}"},
				{asBest, "sonde sweep -PE -T5 --max-retries 0 -o json {targets}", "nmap -n -sn -PE -T5 --min-rate 50000 --max-retries 0 -oG {out} {targets}"},
				{"fping", "sonde sweep -PE --max-retries 1 -o json {targets}", "fping -q -a -i 1 -r 1 -g {targets}"},
			},
		}, {
			name: "sweep-20", title: "who is there, of a /20", targets: prefix("10.128.16.0/20"), answers: desks,
			contests: []contest{
				{asUsual, "sonde sweep -o json {targets}", "nmap -n -sn -oG {out} {targets}"},
				{asBest, "sonde sweep -PE -T5 --max-retries 0 -o json {targets}", "nmap -n -sn -PE -T5 --min-rate 50000 --max-retries 0 -oG {out} {targets}"},
			},
		}, {
			name: "sweep-16", title: "who is there, of a /16", targets: prefix("10.129.0.0/16"), answers: desks,
			contests: []contest{
				{asUsual, "sonde sweep -o json {targets}", zmap + "-M icmp_echoscan {targets}"},
				{asBest, "sonde sweep -PE -T5 --max-retries 0 -o json {targets}", zmap + "-M icmp_echoscan -c 1 {targets}"},
				{"nmap -T4", "sonde sweep -T4 -o json {targets}", "nmap -n -sn -T4 -oG {out} {targets}"},
			},
		}, {
			name: "ports", title: "65,535 ports, the closed ones refuse", targets: prefix("10.128.0.1/32"), ports: "1-65535", answers: host,
			contests: []contest{
				{asUsual, "sonde tcp -T4 -p {ports} --open -o json {targets}", "nmap -n -T4 -p {ports} -oG {out} {targets}"},
				{asBest, "sonde tcp -PN -T4 -p {ports} --open -o json {targets}", "nmap -n -Pn -T4 -p {ports} -oG {out} {targets}"},
			},
		}, {
			name: "ports-dropped", title: "65,535 ports, the closed ones are silent", targets: prefix("10.128.0.1/32"), ports: "1-65535", answers: dropped(host),
			contests: []contest{
				{asUsual, "sonde tcp -T4 -p {ports} --open -o json {targets}", "nmap -n -T4 -p {ports} -oG {out} {targets}"},
				{asBest, "sonde tcp -PN -T5 --rate 1000000 --max-retries 0 -p {ports} --open -o json {targets}", "nmap -n -Pn -T5 --min-rate 1000000 --max-retries 0 -p {ports} -oG {out} {targets}"},
				{"one retry", "sonde tcp -PN -T5 --rate 1000000 --max-retries 1 -p {ports} --open -o json {targets}", "nmap -n -Pn -T5 --min-rate 1000000 --max-retries 1 -p {ports} -oG {out} {targets}"},
			},
		}, {
			name: "web-16", title: "port 443 on a /16", targets: prefix("10.129.0.0/16"), ports: "443", answers: webs,
			contests: []contest{
				{asUsual, "sonde tcp -PN -p {ports} --open -o json {targets}", zmap + "-p {ports} {targets}"},
				{asBest, "sonde tcp -PN -T5 --max-retries 0 -p {ports} --open -o json {targets}", zmap + "-c 1 -p {ports} {targets}"},
				{"masscan", "sonde tcp -PN -T4 -p {ports} --open -o json {targets}", masscan + "--rate 300000 --wait 1 -p {ports} {targets}"},
			},
		}, {
			name: "web-12", title: "port 443 on a /12", targets: prefix("10.144.0.0/12"), ports: "443", answers: webs,
			contests: []contest{
				{asBest, "sonde tcp -PN -T5 --max-retries 0 -p {ports} --open -o json {targets}", zmap + "-T 2 -c 1 -p {ports} {targets}"},
			},
		}, {
			name: "hosts", title: "1000 ports of 16 hosts, the closed ones refuse", targets: prefix("10.128.32.0/28"), ports: "1-1000", answers: hosts,
			contests: []contest{
				{asUsual, "sonde tcp -T4 -p {ports} --open -o json {targets}", "nmap -n -T4 -p {ports} -oG {out} {targets}"},
				{asBest, "sonde tcp -PN -T5 --max-retries 0 -p {ports} --open -o json {targets}", "nmap -n -Pn -T5 --min-rate 50000 --max-retries 0 -p {ports} -oG {out} {targets}"},
			},
		}, {
			name: "hosts-dropped", title: "1000 ports of 16 hosts, the closed ones are silent", targets: prefix("10.128.32.0/28"), ports: "1-1000", answers: dropped(hosts),
			contests: []contest{
				{asUsual, "sonde tcp -T4 -p {ports} --open -o json {targets}", "nmap -n -T4 -p {ports} -oG {out} {targets}"},
				{asBest, "sonde tcp -PN -T5 --max-retries 0 -p {ports} --open -o json {targets}", "nmap -n -Pn -T5 --min-rate 50000 --max-retries 0 -p {ports} -oG {out} {targets}"},
				{"one retry", "sonde tcp -PN -T5 --max-retries 1 -p {ports} --open -o json {targets}", "nmap -n -Pn -T5 --min-rate 50000 --max-retries 1 -p {ports} -oG {out} {targets}"},
			},
		}, {
			name: "udp", title: "the 100 UDP ports most often open, 3 are, ICMP limited to 1/s", targets: prefix("10.128.0.1/32"),
			kernel: serveUDP(53, 123, 161), open: []uint16{53, 123, 161},
			contests: []contest{
				{asUsual, "sonde udp --open -o json {targets}", "nmap -n -sU -F -oG {out} {targets}"},
				{asBest, "sonde udp -PN -T5 --max-retries 2 --open -o json {targets}", "nmap -n -Pn -sU -F --min-rate 1000 --max-retries 2 -oG {out} {targets}"},
			},
		}, {
			name: "far-hosts", title: "1000 ports of 64 hosts, 50 ms away, 5 % lost", targets: prefix("10.128.64.0/26"), ports: "1-1000", answers: far(hosts),
			contests: []contest{
				{asUsual, "sonde tcp -T4 -p {ports} --open -o json {targets}", "nmap -n -T4 -p {ports} -oG {out} {targets}"},
				{asBest, "sonde tcp -PN -T5 -p {ports} --open -o json {targets}", "nmap -n -Pn -T5 --min-rate 50000 -p {ports} -oG {out} {targets}"},
				{"masscan", "sonde tcp -PN -T4 -p {ports} --open -o json {targets}", masscan + "--rate 300000 --wait 1 -p {ports} {targets}"},
			},
		}, {
			name: "far-ports", title: "65,535 ports, 50 ms away, 5 % lost", targets: prefix("10.128.0.1/32"), ports: "1-65535", answers: far(host),
			contests: []contest{
				{asUsual, "sonde tcp -T4 -p {ports} --open -o json {targets}", "nmap -n -T4 -p {ports} -oG {out} {targets}"},
				{asBest, "sonde tcp -PN -T5 -p {ports} --open -o json {targets}", "nmap -n -Pn -T4 --min-rate 20000 -p {ports} -oG {out} {targets}"},
			},
		}, {
			name: "far-web", title: "port 443 on a /16, 50 ms away, 5 % lost", targets: prefix("10.129.0.0/16"), ports: "443", answers: far(webs),
			contests: []contest{
				{asUsual, "sonde tcp -PN -p {ports} --open -o json {targets}", zmap + "-p {ports} {targets}"},
				{asBest, "sonde tcp -PN -T5 -p {ports} --open -o json {targets}", zmap + "-P 3 -c 1 -p {ports} {targets}"},
			},
		}, {
			name: "trace", title: "ten hops, 50 ms away", targets: prefix("10.200.9.2/32"), way: tenHops(false),
			contests: []contest{
				{asUsual, "sonde trace -o json {targets}", "traceroute -n {targets}"},
				{asBest, "sonde trace -o json {targets}", "traceroute -n -q 1 -N 32 {targets}"},
				{"by TCP", "sonde trace -p 80 -o json {targets}", "traceroute -n -T -p 80 {targets}"},
				{"mtr", "sonde trace -o json {targets}", "mtr -n -r -c 3 {targets}"},
				{"mtr once", "sonde trace -o json {targets}", "mtr -n -r -c 1 {targets}"},
				{"nmap", "sonde trace -o json {targets}", "nmap -n -sn -PE --traceroute {targets}"},
				{"scamper", "sonde trace -o json {targets}", "scamper -p 1000 -c trace -i {targets}"},
			},
		}, {
			name: "trace-6", title: "ten hops of IPv6, 50 ms away", targets: prefix("fd00:200:0:9::2/128"), way: tenHops(true),
			contests: []contest{
				{asUsual, "sonde trace -o json {targets}", "traceroute -n {targets}"},
				{asBest, "sonde trace -o json {targets}", "traceroute -n -q 1 -N 32 {targets}"},
				{"mtr", "sonde trace -o json {targets}", "mtr -n -r -c 3 {targets}"},
				{"nmap", "sonde trace -o json {targets}", "nmap -6 -n -sn -PE --traceroute {targets}"},
				{"scamper", "sonde trace -o json {targets}", "scamper -p 1000 -c trace -i {targets}"},
			},
		}, {
			name: "one", title: "one port that answers", targets: prefix("10.128.0.1/32"), ports: "80",
			kernel: serveTCP(80), open: []uint16{80}, often: 11,
			contests: []contest{
				{asUsual, "sonde tcp -p {ports} -o json {targets}", "nmap -n -p {ports} -oG {out} {targets}"},
				{asBest, "sonde tcp -p {ports} -o json {targets}", "nc -z -w 5 {targets} {ports}"},
				{"hping3", "sonde tcp -p {ports} -o json {targets}", "hping3 -S -c 1 -p {ports} {targets}"},
			},
		}, {
			name: "connect", title: "65,535 ports by connect, the closed ones refuse", targets: prefix("10.128.0.1/32"), ports: "1-65535",
			kernel: serveTCP(connectPorts...), open: connectPorts,
			contests: []contest{
				{asUsual, "sonde tcp -sT -p {ports} --open -o json {targets}", "nmap -n -sT -p {ports} -oG {out} {targets}"},
				{asBest, "sonde tcp -PN -sT -T4 -p {ports} --open -o json {targets}", "nmap -n -Pn -sT -T4 -p {ports} -oG {out} {targets}"},
			},
		},
	}
}

// other is how command lines name the sonde of -against.
const other = "other-sonde"

// against are the jobs with each command line of sonde once, and the other one's in
// place of its peers'.
func against(list []job) []job {
	for i := range list {
		seen := map[string]bool{}
		var contests []contest
		for _, c := range list[i].contests {
			if !seen[c.sonde] {
				seen[c.sonde] = true
				contests = append(contests, contest{c.as, c.sonde, other + strings.TrimPrefix(c.sonde, "sonde")})
			}
		}
		list[i].contests = contests
	}
	return list
}

// connectPorts are twenty, all over the range.
var connectPorts = []uint16{
	7, 22, 80, 443, 993, 3306, 5432, 8080, 9100, 12345, 17001, 22222, 27017, 31337, 36000, 41414, 47808, 52525, 60001, 65535,
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func serveTCP(ports ...uint16) func(*lab.Host) {
	return func(h *lab.Host) {
		for _, p := range ports {
			h.TCP(int(p))
		}
	}
}

func serveUDP(ports ...uint16) func(*lab.Host) {
	return func(h *lab.Host) {
		for _, p := range ports {
			h.UDP(int(p), lab.Echo)
		}
	}
}
