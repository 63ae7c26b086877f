package main

import (
	"regexp"
	"strings"
	"testing"

	"sonde/scan/lab"
)

// nmapLines are command lines of nmap's manual and of those who use it, for hosts of the
// lab. V4 is the server, NET a part of its network, DOWN an address that nobody has.
const nmapLines = `
-n V4
-n -F V4
-n -p 22 V4
-n -p22,80,443 V4
-n -p 20-30 V4
-n -p 1-200 V4
-n -p T:22,80 V4
-n -p ssh,http V4
-n -p http* V4
-n -p 1-65535 -T4 V4
-n -p- -T4 V4
-n --top-ports 10 V4
-n --top-ports=100 V4
-n -sS -p 22,25,443,80 V4
-n -sT -p 22,25,443,80 V4
-n -sA -p 22,25 V4
-n -sF -p 22,25,80 V4
-n -sN -p 22,25,80 V4
-n -sX -p 22,25,80 V4
-n -sM -p 22,25,80 V4
-n -sW -p 22,25,80 V4
-n -sU -p 53,54 V4
-n -sU -p U:53,54 V4
-n -Pn -p 22,80 V4
-n -P0 -p 22,80 V4
-n -PN -sS -p 22,80 V4
-n -PN -sU -p 53 V4
-n -PN -p 445,28080,28443 V4
-n -PN -p T:80,443 V4
-n -PE -p 22 V4
-n -PS22 -p 22 V4
-n -PA80 -p 22 V4
-n -PP -p 22 V4
-n -PU53 -p 22 V4
-n -sn V4
-n -sP V4
-n -sn NET
-n -sP NET
-n -sn -PE NET
-n -sn -PS22 NET
-n -sn -PA80 NET
-n -sn -PE V4 10.2.0.2
-n -sn DOWN
-n -v -sn DOWN
-n -p 22 NET
-n -p 22,80 NET
-n -p 22 --open NET
-n --open -p 1-200 V4
-n -p 22,25,443,80 --reason V4
-n -sn --reason V4
-n -sU -p 53,54 --reason V4
-n -p 22 -g 53 V4
-n -p 22 --source-port 20 V4
-n -p 22 -e eth0 V4
-n -p 22 -S 10.1.0.1 -e eth0 V4
-n -p 22 --ttl 10 V4
-n -p 22 --data-length 24 V4
-n -p 22 --data-string hello V4
-n -p 22 --data 0xdeadbeef V4
-n -p 22 --badsum V4
-n -p 22 -f V4
-n -p 22 --mtu 16 V4
-n -p 22,80 -T5 V4
-n -p 22,80 -T polite V4
-n -p 22,25 --max-retries 0 V4
-n -p 22 --max-rate 100 V4
-n -p 22 --min-rate 100 V4
-n -p 22 --scan-delay 100ms V4
-n -p 22 --host-timeout 30s V4
-n -p 22 --max-rtt-timeout 200ms V4
-n -p 20-30 --exclude-ports 25 V4
-n -p 22 NET --exclude 10.2.0.10
-n -p 22 -r V4
-n -p 22 10.2.0.2,10
-n -p 22 10.2.0.9-11
-n -p 22 10.2.0.8/30
-n -p 22 --scanflags SYN V4
-n -6 -p 22,25,80 V6
-n -6 -sn V6
-n -6 -sU -p 53 V6
-n -6 -F V6
-n -6 -sA -p 22,25 V6
-n -6 -sF -p 22,25 V6
-n -6 -Pn -p 22,80 V6
-n -p 22 --unprivileged V4
-n -p 22 --send-ip --no-stylesheet V4
-n -nF V4
-n -sL V4
-n -sL NET
-n -sL -v 10.2.0.8/30
-n -sL NET --exclude 10.2.0.8/30
-n -6 -sL fd02::10/126
-n -sL 10.2.0.1-3,7
-n -sS -sU -p 22,53 V4
-n -sSU -p T:22,25,80,U:53,54 V4
-n -sS -sU -p U:53,54,T:22-30 V4
-n -sT -sU -p T:22,25,80,U:53 V4
-n -sSU -Pn -p 22,80,53 V4
-n -sSU -p T:1-100,U:53 V4
-n -sSU -p T:22,U:50-90 V4
-n -sSU --open -p T:22,25,80,U:53,54 V4
-n -sSU --reason -p T:22,25,81,U:53,54 V4
-n -sAU -p T:22,25,U:53 V4
-n -6 -sSU -p T:22,25,80,U:53 V6
-n -sS -p T:22,U:53 V4
-n -sU -p T:22,U:53 V4
-n -sSU -p T:22 V4
-n -v -p 22,80 V4
-n -vv -p 22 V4
-n -p -100 V4
-n -p 60000- V4
-n -p 0-100 V4
-n -p [1-100] V4
-n -p 1,3,5-7 V4
-n -p T:-30,U:53 V4
-n --randomize-hosts -p 22 V4
-n --webxml -p 22 V4
-n --datadir /usr/share/nmap -p 22 V4
-n -p 22 --ip-options R V4
-n -p 22 --ip-options T V4
-n -p 22 --ip-options \x01*4 V4
-n -sn -PS -PA -PU V4
-n -sn --reason NET
-n -sn -PE -PP -PM V4
-n -sn -PS22,80 -PA21,23 -PU53 NET
-n -sP -PE -PA21,23,80,3389 NET
-n --disable-arp-ping -sn V4
-n --max-parallelism 10 --min-hostgroup 5 -p 22 V4
-n --min-rtt-timeout 100ms --initial-rtt-timeout 500ms -p 22 V4
-n --max-scan-delay 10ms --defeat-rst-ratelimit -p 22 V4
-n -p 22 10.2.0.10 10.2.0.11 10.2.0.12
-n -p 22 10.2.0.10/32
-n -p 22 10.2.0-0.10
-n -p 22 10.2.0.8-11,2
-n -v -p 22 DOWN
-n -p 22 DOWN
-n -p T:22 -sS -Pn DOWN
-n -Pn -p 22 NET
-n -sn -v NET
-n -sT -p 22,80 NET
-n -sU -F V4
-n -p- --open -T5 V4
-n -sS -F --open --reason -v V4
-n --exclude-ports 22-30,T:80 -p 20-90 V4
-n --unique -p 22 V4 V4
-n -p 22 --scanflags FIN V4
-n -p 22 V4 V4
-n -p 22 10.1.0.2
`

// untestedUp is of hosts that nobody asked whether they are there.
const untestedUp = "nmap says up of hosts that nobody tested and that did not answer"

// nmapDiffers are lines in which the two differ, and why.
var nmapDiffers = map[string]string{
	"-n -p ssh,http V4":           "names of ports are IANA's",
	"-n -p http* V4":              "names of ports are IANA's",
	"-n --top-ports 10 V4":        "the ranking is made from other figures",
	"-n -p 22 --badsum V4":        "pings have right checksums, so that it is known whether the host is up",
	"-n -sn -PE V4 10.2.0.2":      "hosts are in the order of their addresses",
	"-n -p T:22 -sS -Pn DOWN":     untestedUp,
	"-n -Pn -p 22 NET":            untestedUp,
	"-n -p 22 --scanflags FIN V4": "a FIN that nobody answers shows a port that is open or filtered (RFC 9293 §3.10.7)",
	"-n -p 0-100 V4":              "port 0 is not asked",
	"-n -p [1-100] V4":            "all ports are asked, not only those with a name",
	"-n -p 22 V4 V4":              "who is named twice is asked once",
	"-n -p 22 10.1.0.2":           "who is named is pinged as everybody else, and a hardware address is shown of whom ARP asked",
}

// TestNmapLinesPeers: what sonde prints for an nmap line is what nmap prints, but for names,
// times and versions, and for the differences that are listed.
func TestNmapLinesPeers(t *testing.T) {
	needNmap(t)
	o := newOffice(t)
	o.server.TCP(22)
	o.server.TCP(80)
	o.router.Firewall(
		lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: "25", Do: lab.Drop},
		lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: "443", Do: lab.AdminProhibited},
		lab.Rule{Chain: lab.Forward, Proto: "udp", Dport: "54", Do: lab.Drop})
	lines := strings.Split(strings.TrimSpace(nmapLines), "\n")
	t.Logf("%d lines", len(lines))
	for _, line := range lines {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			args := strings.Fields(strings.NewReplacer("V4", "10.2.0.10", "V6", "fd02::10", "NET", "10.2.0.0/28", "DOWN", "10.2.0.9").Replace(line))
			theirs := run(t, o.client.Command("nmap", args...))
			ours := run(t, o.client.Command(program(t), append([]string{"nmap"}, args...)...))
			why, differ := nmapDiffers[line]
			if a, b := plain(theirs), plain(ours); a != b != differ {
				t.Errorf("listed as different: %v %s\nnmap:\n%s\nsonde:\n%s", differ, why, theirs, ours)
			}
		})
	}
}

// plain is what the two must print alike.
func plain(out []byte) string {
	text := string(out)
	for _, r := range [][2]string{
		{`(?m)^(Starting|Initiating|Scanning|Completed|Discovered|Read data files from:) .*\n`, ""},
		// That nmap gave up, or may have.
		{`(?m)^(Warning: \S+ giving up on port|Some closed ports may be reported) .*\n`, ""},
		{`(?m)^ +Raw packets sent: .*\n`, ""},
		{`(?m)^Scanned at .*\n`, ""},
		// Of an address that says nothing sonde knows only that, until a router says more.
		{`\[host unknown\]`, "[host down]"},
		{`(?m)^([0-9]+/[a-z]+) +(\S+) +\S+(?: +(.*))?$`, "$1 $2 $3"}, // without the name
		{`(?m)^PORT +STATE +SERVICE( +REASON)?$`, "PORT"},
		{`\([0-9.]+s latency\)`, "(latency)"},
		{`scanned in [0-9.]+ seconds`, "scanned"},
	} {
		text = regexp.MustCompile(r[0]).ReplaceAllString(text, r[1])
	}
	return text
}
