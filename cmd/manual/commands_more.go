package manual

// This file has what the commands say that compare, or ask nothing.

var trial = command{
	text: `trial sends variants of one packet, each once in every block, in an order of the
block's own, and counts what is answered. Then it names the property that makes a
difference, by how much and how sure that is; or says that nothing makes one larger
than so much; or that these were too few packets, and how many more would settle it.

Every --vary is a factor: a field of the packet by the name of its flag, or source,
iface, sport, size. Several make all combinations. default leaves a field as it is.
TCP options are taken apart: each of them, its value and their order are properties.
Each packet has a source port of its own and is sent once, so what is lost is counted.

Before that it asks the same flows again and again, since loss may belong to them: of a
bundle of links with a dead member a share of the flows never answers, whatever is in
the packets. --locate then looks for the hops between which the difference begins.

It ends with 0 if something is named, 1 if nothing makes a difference, 3 if it cannot
tell.`,
	examples: []Example{
		{"sonde trial 192.0.2.7 -p 21 -c 200 \\\n    --vary tcp-options='none|mss|mss,sackok|mss,wscale=7|mss,ts|linux'", "which TCP option has SYNs go unanswered"},
		{"sonde trial 192.0.2.7 -p 443 --vary 'ecn=0|2' --vary 'flags=S|SEC' --until-sure", "ECN in the IP header, in the TCP header, or both; until it is settled"},
		{"sonde trial 192.0.2.7 --proto icmp --vary 'size=100|1000|1472' --locate", "whether larger packets are lost, and between which hops"},
		{"sonde trial 192.0.2.7 -p 443 --vary 'dscp=cs0|ef|af41'", "whether a class of traffic fares worse"},
		{"sonde trial 192.0.2.7 -p 80 --vary 'ttl=64|128' -c 50 -o json", "a JSON object a line: variants, effects, the conclusion"},
	},
	columns: []Term{
		{"VARIANT", "the values of the factors; of a single factor its name stands above"},
		{"ANSWERED", "how many packets were answered, of how many"},
		{"RATE", "the share, and as a picture with its interval of 95 %"},
		{"ANSWERS", "how many answers of each sort there were, where there was more than one sort, or with -v"},
		{"RTT", "the median round trip; with -v shortest, median and 95 %"},
	},
}

var diff = command{
	text: `diff reads what two runs have written, as JSON (-o json) or XML (-o xml, nmap -oX), and
lists which hosts, ports, services, products, systems, hops and names have changed.

It lists what the answers prove; silence does where it cannot be loss, by how often the
questions were asked that were answered (which XML does not say). Else a difference is
weak: one line counts these, and -v lists them. What one run has not asked, or not
decided, is not compared. Hops may differ by the flow: ask both runs with the same -g.

A file may hold a run and what went on from it, or all shards; - is stdin. Memory is for
48 bytes a host and port, where ports in a row have one state for all of these, and for 2
million of them at most. Ends with 0 if nothing is proven to have changed, 1 if something
is, and 2 if a file cannot be read or they have nothing in common.`,
	examples: []Example{
		{"sonde fp -o json=monday.json 192.0.2.0/24", "a run to compare with"},
		{"sonde diff monday.json tuesday.json", "what the answers prove to have changed"},
		{"sonde diff -v -o json old.xml new.xml", "nmap's XML, weak differences, too, a JSON object a line"},
		{"sonde diff -q monday.json tuesday.json || echo something is different", "for scripts: the exit code alone"},
		{"cat shard1.json shard2.json | sonde diff whole.json -", "all shards of a run, against a whole one"},
	},
	columns: []Term{
		{"+ - ~", "there now; no more; something else"},
		{"ADDRESS", "of the host"},
		{"WHAT", "the host, a port, its service or product, a hop, a name"},
		{"DIFFERENCE", "old → new, and the reasons of both"},
	},
}

var compare = command{
	text: `compare reads two captures of the same traffic: NEAR, made where the questions
left, and FAR, made where they went to. It finds each packet of one in the
other, whatever NATs, firewalls and scrubbers made of it on the way, and says of
each SYN, datagram, echo request and piece of data: it never arrived, it arrived
and was not answered, its answer was lost, or it was answered; and what was
changed on the way, in each direction. Where packets are too much alike to tell,
it says that it is unsure.

Captures are pcap or pcapng, gzip or not, of Ethernet, VLANs, raw IP or any
interface (tcpdump -i any), as tcpdump, dumpcap and sonde --pcap write them.
Clocks need not agree: by how much they differ, and drift, is found out. It cannot
be told from a way there that is longer than the way back, nor can anybody else.
A capture shows that it was being made between its first and its last packet;
pcapng of dumpcap and of sonde --pcap says itself from when to when. What is
missing at its edges is not called lost, unless anything else is very unlikely.
Questions that are answered are not listed without -v; JSON has one record for
each flow, and one for each question in it that was not answered.`,
	examples: []Example{
		{"tcpdump -i eth0 -w near.pcap host 198.51.100.10", "here, and there as far.pcap"},
		{"sonde compare near.pcap far.pcap", "what became of each question"},
		{"sonde compare -v near.pcap far.pcap", "what was answered, too, and all changes on the way"},
		{"sonde compare -o json near.pcapng far.pcap.gz", "a JSON object a line"},
		{"sonde tcp -PN -p 21 -c 50 --pcap near.pcapng 192.0.2.7", "a capture of what sonde asks itself"},
		{"sonde compare -q near.pcapng far.pcap -o json=lost.json", "a file alone, and nothing on the screen"},
	},
	columns: []Term{
		{"VERDICT", "what became of the question"},
		{"SENT (UTC)", "when it left, by the clock of NEAR"},
		{"QUESTION", "what was asked, and of which flow; below, how many of each sort have which verdict"},
		{"CHANGED", "a field that is not as it was sent, in how many packets, and both values"},
	},
}

var doctor = command{
	text: `doctor looks at this machine, and sends nothing but look-ups of names: what you
may do here, what to type where something is missing, interfaces, default
routes, limits. Of each target it tells by which interface, from which source
address and over which next hop packets would leave, and how sweep, tcp and udp
would ask. It shows all addresses of a name, and of a network the stretches that
go the same way.`,
	examples: []Example{
		{"sonde doctor", "privileges, interfaces, routes and limits"},
		{"sonde doctor 192.0.2.7 198.51.100.0/24", "which way packets to these would take"},
		{"sonde doctor -S 192.0.2.1 192.0.2.7", "the same, from an address of ours"},
		{"sonde doctor --via raw -q || echo not permitted", "for scripts: may sonde send packets of its own?"},
		{"sonde doctor -o json 192.0.2.7", "a JSON object a line"},
	},
	columns: []Term{
		{"PRIVILEGE, HERE, WHY", "what may be done, whether you may, and what that follows from"},
		{"INTERFACE", "its index, state, kind, MTU and hardware address"},
		{"DEFAULT ROUTE", "of each family and table: interface, next hop, source and metric"},
		{"LIMIT", "what bounds how much can be asked at a time"},
	},
}

var nmap = command{
	text: `nmap takes a command line as nmap does, asks what it asks, and prints what it prints.
What sonde has no equivalent for is refused by its name. A link to sonde that is called
nmap behaves so, too. It ends with 0 if the scan was made, else with 1.

A host that nobody tested (-Pn) is not called up, nor is one that did not answer.`,
	examples: []Example{
		{"sonde nmap -sn 192.0.2.0/24", "who is there"},
		{"sonde nmap -sS -p 22,80,443 -oX scan.xml 192.0.2.7", "three ports, and nmap's XML"},
		{"sonde nmap -A -T4 192.0.2.7", "ports, services and the way there"},
		{"sonde nmap -sU -Pn -p 53,123 192.0.2.7", "two UDP ports, without a ping"},
		{"sonde nmap -n -Pn -F --open --reason 192.0.2.7", "what is open among the 100 usual ports, and why"},
	},
}

var schema = command{
	text: `schema prints the JSON Schema (draft 2020-12) that every line of -o json satisfies.
sonde help json tells the same in words.`,
	examples: []Example{{"sonde schema > sonde.schema.json", "keeps it in a file"}},
}

var version = command{
	text: `version prints the version, and below it the commit that it was built from with the
day of that, and the Go that built it.`,
	examples: []Example{{"sonde version", ""}},
}

var completion = command{
	text: `completion prints what makes a shell complete commands, flags and their values: states,
kinds of probe, interfaces, names of ports, formats. Packages install it.`,
	examples: []Example{
		{"sonde completion bash > /etc/bash_completion.d/sonde", "for all users of bash"},
		{"sonde completion zsh > /usr/local/share/zsh/site-functions/_sonde", "for zsh"},
		{"sonde completion fish > ~/.config/fish/completions/sonde.fish", "for yourself, in fish"},
	},
}

var man = command{
	text: `man prints the manual page of sonde, or writes all manual pages to a folder: sonde.1,
one for each command as sonde-tcp.1, and one for each topic as sonde-targets.7.`,
	examples: []Example{
		{"sonde man | man -l -", "shows the page of sonde"},
		{"sonde man /usr/local/share/man", "installs all of them, in man1 and man7 of that folder"},
	},
}

// commands are all of these, in the order in which help lists them.
var commands = []struct {
	name string
	*command
}{
	{"sweep", &sweep}, {"tcp", &tcp}, {"udp", &udp}, {"fp", &fp}, {"trace", &trace}, {"trial", &trial}, {"compare", &compare}, {"diff", &diff},
	{"doctor", &doctor}, {"nmap", &nmap}, {"schema", &schema}, {"completion", &completion}, {"man", &man}, {"version", &version},
}

// place is where a command stands in that order; one that is not there comes behind.
func place(name string) int {
	for i := range commands {
		if commands[i].name == name {
			return i
		}
	}
	return len(commands)
}
