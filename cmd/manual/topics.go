package manual

// topics are what several commands have in common, in the order in which help lists them.
var topics = []struct {
	name, short string
	parts       func() []Part
}{
	{"targets", "How to say who is asked", targets},
	{"ports", "How to say which ports are asked", ports},
	{"packets", "What can be chosen in a packet", packets},
	{"states", "What states and reasons mean", states},
	{"exit-codes", "What sonde ends with", exitCodes},
	{"timing", "How fast and how patiently sonde asks", timing},
	{"formats", "What -o writes", formats},
	{"json", "What the keys of JSON mean", jsonKeys},
	{"defaults", "Where flags are set that are not typed", defaults},
	{"keys", "What keys do while sonde runs", keys},
}

// Topics are the names of all topics.
func Topics() []string {
	names := make([]string, len(topics))
	for i := range topics {
		names[i] = topics[i].name
	}
	return names
}

// Topic is the page of a topic; nil: there is none of that name.
func Topic(name string) *Page {
	for i := range topics {
		if t := &topics[i]; t.name == name {
			return &Page{Name: name, Short: t.short, Parts: t.parts()}
		}
	}
	return nil
}

func targets() []Part {
	return []Part{
		{Text: `Targets stand behind the command, in any number, or in lists (-i). IPv4 and IPv6 may
mix. Who is named several times is asked once.`},
		{Title: "Forms", Terms: []Term{
			{"192.0.2.7", "an address: a word of digits and dots is never a name"},
			{"2001:db8::7, fe80::1%eth0", "an IPv6 address; a link-local one with its zone"},
			{"192.0.2.0/24, 192.0.2.*", "a network; of IPv6 no more than 2^20 addresses, as /108"},
			{"192.0.2.1-192.0.2.40", "a range"},
			{"192.0.0-2.1,5-9", "octets as lists and ranges"},
			{"www.example.net", "a name: its first address of a family that there is a way to; --all-addresses asks all, -4 and -6 choose"},
			{"www.example.net/28", "the network that its address is in"},
		}},
		{Title: "Networks", Text: `An address or a name is asked in any case, and pinged only if -P says so. A network or
a range is swept first, and only who is up is asked for ports; -PN leaves that out.`},
		{Title: "Lists and exceptions", Text: `-i FILE reads targets from a file, one or several a line; # begins a comment, and - is
stdin. An address may have a port behind it, as -o list writes it. --exclude and
--exclude-file leave out. More than 2^24 public IPv4 addresses want an --exclude-file.`},
		{Title: "Examples", Examples: []Example{
			{"sonde sweep 192.0.2.0/24 --exclude 192.0.2.1,192.0.2.40-192.0.2.50", "a network without a router and a range"},
			{"sonde sweep 2001:db8::/112 192.0.2.1-20", "both families, in one run"},
			{"sonde tcp -p 22 --all-addresses www.example.net", "every address of a name"},
			{"printf '192.0.2.7:22\\n[2001:db8::7]:443\\n' | sonde tcp -i -", "a list with ports"},
			{"sonde tcp -PN -p 443 192.0.2.0/28", "everybody in a network, whether or not anybody answers a ping"},
		}},
	}
}

func ports() []Part {
	return []Part{
		{Text: `-p says which ports are asked; given several times, the lists add up. Without it tcp
and fp ask the 1000 ports that are open most often, and udp the 100.`},
		{Title: "Forms", Terms: []Term{
			{"22,80,443", "single ports"},
			{"1-1024", "a range, which has two ends"},
			{"-", "all, from 1 to 65535"},
			{"ssh, http*", "by the names that IANA registered, with * for anything"},
			{"T:80,443", "T: before TCP ports, U: before UDP ports"},
		}},
		{Title: "Beside it", Terms: []Term{
			{"--top N", "the N ports that are open most often, by published figures"},
			{"--exclude-ports LIST", "which to leave out, in the same forms"},
		}},
		{Title: "Examples", Examples: []Example{
			{"sonde tcp -p 22,80,8000-8100 192.0.2.7", "two ports and a range"},
			{"sonde tcp -p- --exclude-ports 9100-9107 192.0.2.7", "all, but for those on which printers print what they get"},
			{"sonde tcp -p 'http*' 192.0.2.7", "all that have such a name"},
			{"sonde udp -p domain,ntp,snmp 192.0.2.7", "three services by their names"},
			{"sonde udp --top 20 192.0.2.7", "the usual twenty"},
		}},
	}
}

func defaults() []Part {
	return []Part{
		{Text: `What a command line says counts. For flags that it does not give there may be defaults,
which are told on stderr, and in the first JSON record. The strongest counts of`},
		{Title: "Places", Terms: []Term{
			{"SONDE_RATE", "a variable: SONDE_, and the name of the flag in capitals, with _ for -; others that begin so are left alone"},
			{"[tcp]", "of ~/.config/sonde/config.toml ($XDG_CONFIG_HOME): the table of the command"},
			{"rate = 100", "before all tables of that file, for all commands that have the flag"},
		}},
		{Title: "The file", Text: `It is TOML: keys are flags without dashes; values are text, numbers, true or false, or
lists of these for flags that add up. A key that is no flag is an error that names its
line. Where sonde runs as root or with capabilities, the file and its folder must be
root's or your own, and nobody else may write to them. Under sudo root's file counts. sonde
doctor shows all defaults, and where they are from.`},
		{Title: "What has none", Text: `--input and --resume, which say what one run is about, and sonde nmap, whose lines are
nmap's. A default that does not go with the command line is left out, which is told, too.`},
		{Title: "Examples", Examples: []Example{
			{"SONDE_RATE=50 sonde tcp -p- 192.0.2.7", "no more than 50 packets a second"},
			{"export SONDE_INTERFACE=eth0; sonde sweep 192.0.2.0/24", "by one interface, from now on"},
			{"SONDE_VIA=connect sonde fp -p 443 192.0.2.7", "by the kernel's connections"},
			{"sonde tcp --rate 1000 -p- 192.0.2.7", "whatever the defaults say of it"},
			{"env -i sonde tcp -p 443 192.0.2.7", "without any defaults"},
		}},
	}
}

func keys() []Part {
	return []Part{
		{Text: `While sonde runs, a line at the bottom of the terminal tells how far it is: the pass,
how much of it is asked, packets a second, answers, loss, and how long it will still take.
It is there from half a second on, and only if both stdout and stderr are the terminal.`},
		{Title: "Keys", Terms: []Term{
			{"q", "ends the run with what is known: the exit code is 0 if there is a yes already, else 3"},
			{"any other key", "draws the line at once"},
			{"Ctrl-C", "interrupts: what is known is still reported, marked incomplete, with exit code 130"},
			{"Ctrl-\\", "likewise, with 131"},
		}},
		{Title: "Without a terminal", Text: `--stats 10s tells the same each ten seconds, as lines on stderr.`},
	}
}
