package manual

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sonde/output"
	"sonde/probe"
	"sonde/probe/field"
	"sonde/scan"
	"sonde/scan/job"
)

// This file has the topics that tables of the code tell, so that they stay true.

func packets() []Part {
	var terms []Term
	for _, f := range field.All() {
		word := "--" + f.Name
		if f.Value != "" {
			word += " " + f.Value
		}
		terms = append(terms, Term{word, strings.ReplaceAll(f.Doc, "`", "") + ". " + headers(f.In)})
	}
	return []Part{
		{Text: `Each field of a packet can be chosen. Those that are not named are those of a Linux
client: a probe that looks like a real client meets what real clients meet. What a packet
cannot have is refused, and so is what leaves nothing by which an answer proves itself.`},
		{Title: "Fields", Terms: terms},
		{Title: "TCP options", Text: `A list in the order of the packet: mss=1460, sackok, ts, nop, wscale=7, eol, and any
other by its number and bytes as opt=34:0102. mss, ts and wscale without a value take
those of a Linux client. none, linux, windows, macos and freebsd are whole lists.`},
		{Title: "Examples", Examples: []Example{
			{"sonde tcp -PN -p 80 --tos 184 -g 4025 -v 192.0.2.7", "chosen TOS and source port; the reply field by field"},
			{"sonde tcp -PN -p 80 --flags SEC --tcp-options mss=1400,nop,wscale=7 192.0.2.7", "a SYN that offers ECN, and options of your own"},
			{"sonde tcp -PN -p 80 --flags FPU --window 512 --no-df 192.0.2.7", "FIN, PSH and URG"},
			{"sonde udp -PN -p 53 --data 00ff10 --ttl 3 192.0.2.7", "bytes of your own, three hops far"},
			{"sonde tcp -p 80 --dry-run -v 192.0.2.7", "all fields of what would be sent, and nothing is"},
		}},
	}
}

// headers says where a field is.
func headers(in field.Layers) string {
	v4, v6 := in&field.IPv4 != 0, in&field.IPv6 != 0
	var of []string
	for _, l := range []struct {
		layer field.Layers
		name  string
	}{{field.TCP, "TCP"}, {field.UDP, "UDP"}, {field.ICMP, "ICMP"}} {
		if in&l.layer != 0 {
			of = append(of, l.name)
		}
	}
	family := "IPv4 and IPv6"
	switch {
	case !v6:
		family = "IPv4 only"
	case !v4:
		family = "IPv6 only"
	}
	return "(" + family + "; " + strings.Join(of, ", ") + ")"
}

// meaning says what a state means.
func meaning(s probe.State) string {
	return [...]string{
		probe.Open:           "somebody accepts connections or datagrams there",
		probe.Closed:         "the host itself says that nobody does; loss alone never makes a port closed",
		probe.Filtered:       "something on the way refuses, or nothing answers where a port would",
		probe.Unfiltered:     "packets come to the port; this way of asking (-sA) does not tell whether it is open",
		probe.OpenFiltered:   "silence that an open port keeps as well as a firewall does",
		probe.ClosedFiltered: "a closed port or a firewall; which of them is not told",
		probe.Unknown:        "could not be asked from here, or nothing tells",
		probe.Up:             "of a host: it answered something",
		probe.Down:           "of a host: there is evidence that nobody is there, such as ARP without an answer",
		probe.NotTested:      "of a host: it was not pinged, and has answered nothing",
	}[s]
}

// grounds says what a reason means.
func grounds(r probe.Reason) string {
	return [...]string{
		probe.NoResponse: "nothing came, however often it was asked", probe.SynAck: "a SYN-ACK", probe.Syn: "a SYN: both sides open at once",
		probe.Reset: "a RST", probe.ConnRefused: "the kernel's connect was refused by a RST", probe.UDPResponse: "a datagram from the port",
		probe.EchoReply: "an ICMP echo reply", probe.TimestampReply: "an ICMP timestamp reply", probe.MaskReply: "an ICMP address mask reply",
		probe.ARPReply: "an answer to ARP", probe.NDReply: "an answer to neighbour discovery",
		probe.NetUnreach: "ICMP: no way to the network", probe.HostUnreach: "ICMP: no way to the host",
		probe.ProtoUnreach: "ICMP: the host has no such protocol", probe.PortUnreach: "ICMP: nobody has the port",
		probe.NetProhibited: "ICMP: the network is prohibited", probe.HostProhibited: "ICMP: the host is prohibited",
		probe.AdminProhibited: "ICMP: a firewall says no", probe.NoRoute: "ICMPv6: no route", probe.AddrUnreach: "ICMPv6: the address does not answer",
		probe.BeyondScope: "ICMPv6: the source address does not reach that far", probe.PolicyFail: "ICMPv6: the source address is not allowed",
		probe.RejectRoute: "ICMPv6: a route says reject", probe.TimeExceeded: "ICMP: the TTL was used up",
		probe.ParamProblem: "ICMP: something in the header is not understood", probe.PacketTooBig: "ICMP: the packet is too big for a link",
		probe.ReasonLocalError: "this machine could not ask", probe.ReasonNoNeighbour: "nobody on the link answers to ARP or neighbour discovery",
		probe.SpoofedSource:  "it was sent as somebody else, who gets the answer",
		probe.ReasonDeadline: "the time was over before it was decided",
	}[r]
}

func states() []Part {
	var of, why []Term
	for i, name := range probe.States() {
		of = append(of, Term{name, meaning(probe.State(i))})
	}
	for i, name := range probe.Reasons() {
		why = append(why, Term{name, grounds(probe.Reason(i))})
	}
	return []Part{
		{Text: `A state is what an answer means, or silence. With it comes its reason, the one fact that
decided it, and the address that said so if it is not the target's. Silence is asked again,
as often as the measured loss demands.`},
		{Title: "States", Terms: of},
		{Title: "Reasons", Terms: why},
		{Title: "Ways of asking", Terms: kinds()},
	}
}

// kinds are the ways of asking, with their flags.
func kinds() (terms []Term) {
	for _, e := range probe.Kinds() {
		word := ""
		if e.Scan != "" {
			word = "-s" + e.Scan
		}
		if e.Ping != "" {
			word = strings.TrimPrefix(word+", -P"+e.Ping, ", ")
		}
		if word != "" {
			terms = append(terms, Term{word, e.Kind.Doc()})
		}
	}
	return terms
}

func exitCodes() []Part {
	var terms []Term
	for _, c := range []struct {
		code  int
		means string
	}{
		{job.ExitYes, `yes: something is open (tcp, udp), up (sweep), reached (trace), identified (fp), compared (compare), the same (diff), a property named (trial), ready (doctor); with --expect STATE, everything is so`},
		{job.ExitNo, `no: an answer says otherwise; of a trace, that a router refuses, or that packets expire in a loop; of a trial, that nothing makes a difference; of diff, that something has changed`},
		{job.ExitUsage, `the command line cannot be meant; nothing was sent`},
		{job.ExitSilence, `no answer either way: silence, open|filtered, a deadline without a yes; of a trial, too few packets to tell`},
		{job.ExitLocal, `it could not be done here: privileges, no route, no such interface, output not writable`},
		{job.ExitName, `a name did not resolve; the rest was still done`},
		{job.ExitHungUp, `ended by SIGHUP, as when the terminal goes; what was known is reported`},
		{job.ExitInterrupted, `ended by SIGINT, likewise: Ctrl-C`},
		{job.ExitQuitted, `ended by SIGQUIT, likewise: Ctrl-\`},
		{job.ExitTerminated, `ended by SIGTERM, likewise`},
	} {
		terms = append(terms, Term{strconv.Itoa(c.code), c.means})
	}
	return []Part{
		{Title: "Exit codes", Terms: terms},
		{Title: "Several ports or hosts", Text: `One yes is enough for 0; without a yes it is 3 as soon as one of them stayed silent, else
1. With --expect STATE, and --expect-file, every one must have the state: one answer that says otherwise is 1,
else one silence that is not as expected is 3. 5 wins over 4, and 4 over 0, 1 and 3. sonde
nmap ends with 0 if the scan was made, else with 1.

With --nagios they are those of plugins: 0 all is as it should be, 1 something is not, or
answers were lost (-c), 2 nothing is, 3 that could not be found out. Silence is critical.`},
		{Title: "Examples", Examples: []Example{
			{"if sonde tcp -q -p 443 192.0.2.7; then echo open; fi", "asks in a script"},
			{"sonde tcp -q -p 22,443 --expect open 192.0.2.0/28 || echo alarm", "all of them"},
			{"sonde tcp -q -p 23 --expect closed 192.0.2.7", "what must not be there"},
			{"sonde sweep -q --expect down 192.0.2.99 || echo in use", "before an address is given away"},
			{"sonde tcp -p 443 --expect open --nagios 192.0.2.7", "as a plugin of Nagios"},
			{"sonde udp -q -p 53 --wait-for open --deadline 1m 192.0.2.7", "until it is there"},
		}},
	}
}

func timing() []Part {
	var terms []Term
	for n := range 6 {
		t := scan.Template(n)
		rates := pace(t.Start)
		if t.Quiet != t.Start {
			rates += " to begin with, at most " + pace(t.Quiet) + " without answers, " + pace(t.Ceiling) + " with them"
		}
		terms = append(terms, Term{fmt.Sprintf("-T%d", n), fmt.Sprintf("first wait %v; %d tries when nothing answers; %s", t.FirstWait, t.Tries, rates)})
	}
	return []Part{
		{Text: fmt.Sprintf(`-T has six templates, 3 by default; single flags override them. Waits shrink to what
measured round trips allow, and the rate grows while answers come. Silence is asked again
as often as the measured loss demands, at most %d times.`, scan.MostTries)},
		{Title: "Templates", Terms: terms},
		{Title: "Examples", Examples: []Example{
			{"sonde tcp -T4 --top 100 192.0.2.0/24", "a network nearby"},
			{"sonde tcp --rate 50 -p- 192.0.2.7", "no more than 50 packets a second"},
			{"sonde tcp -p 22 --timeout 300ms --max-retries 1 192.0.2.7", "two tries, and no more than 300 ms for an answer"},
			{"sonde sweep -T2 192.0.2.0/28", "so slowly that nobody minds"},
			{"sonde tcp -p- --deadline 10m --host-timeout 1m 192.0.2.0/28", "what is known after ten minutes"},
		}},
	}
}

// pace is a rate for people.
func pace(perSecond float64) string {
	switch {
	case perSecond == 0:
		return "any rate"
	case perSecond < 1:
		return "a packet each " + (time.Duration(float64(time.Second)/perSecond + 0.5)).Round(time.Millisecond).String()
	case perSecond < 1000:
		return strconv.FormatFloat(perSecond, 'g', 3, 64) + " packets/s"
	}
	return strconv.FormatFloat(perSecond, 'f', -1, 64) + " packets/s"
}

func formats() []Part {
	var terms []Term
	for _, f := range output.Formats() {
		means := f.Doc
		switch {
		case f.Streamed:
			means += "; a file of it grows line by line"
		case f.InPlace:
			means += "; a file of it grows host by host"
		default:
			means += "; its file gets its name at the end, all of it or nothing"
		}
		if f.Commands != nil {
			means += " (" + strings.Join(f.Commands, ", ") + ")"
		}
		terms = append(terms, Term{f.Name, means})
	}
	return []Part{
		{Text: `-o FORMAT writes to stdout, -o FORMAT=FILE to a file; several may be given, each with a
file of its own. Without it stdout gets text. What comes from the network is escaped in all
of them.`},
		{Title: "Formats", Terms: terms},
		{Title: "Examples", Examples: []Example{
			{"sonde tcp -o json 192.0.2.7", "a JSON object a line"},
			{"sonde fp -o xml=scan.xml -o csv=scan.csv -o text 192.0.2.0/28", "three at a time"},
			{"sonde sweep -o list 192.0.2.0/24 | sonde tcp -i - -p 22 -o list", "what the next command reads"},
			{"sonde tcp -p 443 -o prom=web.prom 192.0.2.7", "for the textfile collector of Prometheus"},
			{"sonde tcp -o text=scan.txt -o json=scan.json -p- 192.0.2.7", "files alone, and nothing on stdout"},
		}},
	}
}
