package habit

// habit is a word of another tool, or of a web page, that people type here, and what says
// the same to sonde.
type habit struct {
	words string // as they are typed, apart by spaces
	value bool   // one follows, in the same word or in the next
	like  string // a regular expression of the values that are meant; "": all
	on    string // the commands on which it is read so, apart by spaces; "": all
	// to stands in its place, in words apart by spaces. {} is the value; {s} and {ms} are
	// a duration, whose unit is that where it has none; {gap} is a number of packets a
	// second, so long apart. "": nothing.
	to  string
	run string // the command that answers it; "": the one that was typed
	why string // why nothing stands in its place
}

// Values of habit.why.
const (
	always = "it is so anyway"
	itself = "sonde finds out by itself"
)

// habits are of nmap, masscan, zmap, naabu, fping, hping3, nc, mtr, traceroute, arp-scan
// and gh. Where two tools mean two things by a word, the command decides.
var habits = []habit{
	// What is asked.
	{words: "-sn -sP --ping-scan -ping", run: "sweep"},
	{words: "-sL --list-scan --list", run: "sweep", to: "--list"},
	{words: "-sU -u", on: "tcp udp sweep fp", run: "udp"},
	{words: "--udp", on: "udp sweep", run: "udp"},
	{words: "-sSU -sUS", on: "tcp udp sweep", run: "tcp", to: "-sS --udp"},
	{words: "-sTU -sUT", on: "tcp udp sweep", run: "tcp", to: "-sT --udp"},
	{words: "-sV", on: "udp", to: "--services"},
	{words: "-sUV -sVU", on: "tcp udp sweep fp", run: "udp", to: "--services"},
	{words: "--syn", on: "tcp", to: "-sS"},
	{words: "-sV -A -O --banner --banners -sC --osscan-guess --service-detection -nmap", run: "fp"},
	{words: "-sS", on: "udp sweep", run: "tcp", to: "-sS"},
	{words: "-sT", on: "udp sweep", run: "tcp", to: "-sT"},
	{words: "-sS", on: "fp", why: always},
	{words: "-sT", on: "fp", to: "--via connect"},
	{words: "-sS -sT", on: "trace", to: "--proto tcp"},
	{words: "--traceroute --tracepath", run: "trace"},
	{words: "-PI", on: "sweep tcp udp fp", to: "-PE"},
	{words: "-PT", value: true, on: "sweep tcp udp fp", to: "-PS{}"},
	{words: "-Pn --disable-arp-ping --skip-ping", to: "-PN"},
	{words: "--iflist", run: "doctor"},

	// Which ports.
	{words: "-F --fast", on: "tcp udp fp sweep", to: "--top 100"},
	{words: "--top-ports -top-ports -tp", value: true, to: "--top {}"},
	{words: "-p --ports", value: true, on: "sweep", run: "tcp", to: "-p {}"},
	{words: "--port -port --target-port --target-ports", value: true, to: "-p {}"},
	{words: "-r", on: "tcp udp fp", why: always},

	// Who.
	{words: "-iL --targets --target-list", value: true, to: "-i {}"},
	{words: "-l -list", value: true, on: "tcp udp fp", to: "-i {}"},
	{words: "-f", value: true, on: "sweep", to: "-i {}"},
	{words: "--excludefile --blocklist-file --blacklist-file -b", value: true, to: "--exclude-file {}"},
	{words: "--allowlist-file --whitelist-file", value: true, to: "-i {}"},
	{words: "-host --host", value: true, on: "tcp fp", to: "{}"},
	{words: "-g --generate", value: true, like: "[./:]", on: "sweep", to: "{}"},
	{words: "-a --alive", on: "sweep", why: always},

	{words: "--exclude-hosts -exclude-hosts -eh", value: true, to: "--exclude {}"},
	{words: "--top-tcp-ports --top-udp-ports", value: true, to: "--top {}"},
	{words: "--addresses", value: true, on: "tcp udp fp", to: "{}"},

	// How packets look, and where they leave.
	{words: "--adapter --dev --iface -I", value: true, on: "sweep tcp udp fp", to: "-e {}"},
	{words: "-i", value: true, like: "^(eth|en|wl|ww|br|bond|tun|tap|veth|lo)[a-z]*[0-9]*", to: "-e {}"},
	{words: "--source-ip --adapter-ip --spoof -a", value: true, on: "sweep tcp udp fp", to: "-S {}"},
	{words: "--adapter-port --baseport --sport", value: true, to: "-g {}"},
	{words: "--mtu", value: true, on: "tcp udp", to: "--fragment {}"},
	{words: "--send-eth --send-ip --privileged --unprivileged", why: itself},

	// How fast, how often, how long.
	{words: "--min-rate --min-parallelism --max-parallelism --min-hostgroup --max-hostgroup --min-rtt-timeout --threads", value: true, why: itself},
	{words: "--max-rate -rate --max-pps", value: true, to: "--rate {}"},
	{words: "--scan-delay --max-scan-delay", value: true, to: "--rate {gap}"},
	{words: "--max-rtt-timeout --initial-rtt-timeout --wait --cooldown-time", value: true, to: "--timeout {s}"},
	{words: "-w -W", value: true, to: "--timeout {s}"},
	{words: "-t", value: true, on: "sweep", to: "--timeout {ms}"},
	{words: "-t", value: true, on: "tcp udp", to: "--ttl {}"},
	{words: "--period", value: true, on: "sweep", to: "--interval {ms}"},
	{words: "-C", value: true, on: "sweep tcp udp", to: "-c {}"},
	{words: "-r", value: true, on: "sweep", to: "--max-retries {}"},
	{words: "--retry --retries --probes", value: true, to: "--max-retries {}"},
	{words: "--shards", value: true, to: "--shard {}"},

	// What is shown.
	{words: "-oN", value: true, to: "-o text={}"},
	{words: "-oJ", value: true, to: "-o json={}"},
	{words: "-oX", value: true, to: "-o xml={}"},
	{words: "-oG", value: true, to: "-o grep={}"},
	{words: "-oL", value: true, to: "-o list={}"},
	{words: "-o --output", value: true, like: `^[^=]+\.json$`, to: "-o json={}"},
	{words: "-o --output", value: true, like: `^[^=]+\.xml$`, to: "-o xml={}"},
	{words: "-o --output", value: true, like: `^[^=]+\.csv$`, to: "-o csv={}"},
	{words: "-o --output", value: true, like: `^[^=]+\.html?$`, to: "-o html={}"},
	{words: "-o --output", value: true, like: `^[^=]+\.(txt|log)$`, to: "-o text={}"},
	{words: "--only-open", to: "--open"},
	{words: "--json -json -j", to: "-o json"},
	{words: "--csv -csv", to: "-o csv"},
	{words: "--open-only", to: "--open"},
	{words: "--dryrun --echo", to: "--dry-run"},
	{words: "-silent --no-stylesheet --nocolor -nc --reason -e --show-progress -z", why: always},
	{words: "-d -vv -d2 -debug", to: "-v"},
	{words: "-V", on: "tcp udp fp sweep", run: "version"},

	// mtr and traceroute.
	{words: "-T --tcp", on: "trace", to: "--proto tcp"},
	{words: "-U -u --udp", on: "trace", to: "--proto udp"},
	{words: "-I --icmp", on: "trace", to: "--proto icmp"},
	{words: "-m --max-hops", value: true, on: "trace", to: "--hops {}"},
	{words: "-P --port", value: true, on: "trace", to: "-p {}"},
	{words: "-q --queries", value: true, on: "trace", why: itself},
	{words: "--report-cycles", value: true, on: "trace", why: itself},
	{words: "-r -b --report --report-wide -rw -rwc --show-ips --as-path-lookups", on: "trace", why: always},
	{words: "-rwzc -rwbzc -rwbc", value: true, on: "trace", to: "-c {}"},
	{words: "-f --first-ttl", value: true, on: "trace", why: itself},
}

// calls are names of tools, and of what they do, that are typed in the place of a command.
var calls = map[string]string{
	"ping": "sweep -PE", "fping": "sweep -PE", "arp-scan": "sweep", "arping": "sweep", "discover": "sweep", "hosts": "sweep",
	"scan": "tcp", "portscan": "tcp", "ports": "tcp", "syn": "tcp -sS", "connect": "tcp -sT", "nc": "tcp", "hping": "tcp", "hping3": "tcp",
	"masscan": "tcp", "rustscan": "tcp", "naabu": "tcp", "services": "fp", "service": "fp", "os": "fp", "fingerprint": "fp",
	"traceroute": "trace", "tracert": "trace", "tracepath": "trace", "mtr": "trace", "route": "trace", "iflist": "doctor",
}
