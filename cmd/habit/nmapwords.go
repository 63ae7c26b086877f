package habit

import "sync"

// option is one of nmap's, with what it becomes.
type option struct {
	value bool
	to    string // sonde's words, as in habit.to
	run   string // the command that it asks for; "": none
	note  string // what is said beside: it changes nothing
	no    string // why it is refused
}

// What is said of options that change nothing.
const (
	finds = "sonde finds out by itself how fast it may ask"
	not   = "is not there"
	// guesses is said where nmap would guess more boldly.
	guesses = "a system is named with its probability, or not at all"
)

// The tables are made when a line of nmap's is read, and not each time that the program
// starts.

// nmapLong are nmap's options with a name.
var nmapLong = sync.OnceValue(func() map[string]option {
	return map[string]option{
		"exclude": {value: true, to: "--exclude {}"}, "excludefile": {value: true, to: "--exclude-file {}"},
		"exclude-ports": {value: true, to: "--exclude-ports {}"}, "top-ports": {value: true, to: "--top {}"},
		"source-port": {value: true, to: "-g {}"}, "ttl": {value: true, to: "--ttl {}"}, "mtu": {value: true, to: "--fragment {}"},
		"data": {value: true, to: "--data {hex}"}, "data-string": {value: true, to: "--data-string {}"}, "data-length": {value: true, to: "--data-length {}"},
		"ip-options": {value: true, to: "--ip-options {options}"}, "badsum": {to: "--badsum"}, "scanflags": {value: true, to: "--flags {flags}"},
		"max-rate": {value: true, to: "--rate {}"}, "scan-delay": {value: true, to: "--rate {gap}"}, "max-scan-delay": {value: true, note: finds},
		"max-retries": {value: true, to: "--max-retries {}"}, "host-timeout": {value: true, to: "--host-timeout {s}"},
		"max-rtt-timeout": {value: true, to: "--timeout {s}"}, "initial-rtt-timeout": {value: true, note: finds}, "min-rtt-timeout": {value: true, note: finds},
		"min-rate": {value: true, note: finds}, "min-hostgroup": {value: true, note: finds}, "max-hostgroup": {value: true, note: finds},
		"min-parallelism": {value: true, note: finds}, "max-parallelism": {value: true, note: finds},
		"open": {to: "--open"}, "packet-trace": {to: "--packet-trace"}, "reason": {}, "traceroute": {},
		"unprivileged": {to: "--via connect"}, "privileged": {}, "send-eth": {}, "send-ip": {}, "noninteractive": {}, "system-dns": {},
		"no-stylesheet": {}, "version-light": {note: "every service is asked what its port suggests"}, "version-all": {note: "every service is asked what its port suggests"},
		"version-intensity": {value: true, note: "every service is asked what its port suggests"},
		"disable-arp-ping":  {note: "hosts on the link are asked by ARP or ND, since nothing else can be said of them"},
		"stats-every":       {value: true, to: "--stats {s}"}, "defeat-rst-ratelimit": {note: finds}, "nsock-engine": {value: true, note: finds},
		"iflist": {run: "doctor"}, "version": {run: "version"}, "help": {run: "help"},

		"script": {value: true, no: "scripts are nmap's own"}, "script-args": {value: true, no: "scripts are nmap's own"},
		"script-help": {value: true, no: "scripts are nmap's own"}, "script-updatedb": {no: "scripts are nmap's own"}, "script-trace": {no: "scripts are nmap's own"},
		"osscan-guess": {note: guesses}, "osscan-limit": {note: "hosts without an open port are not asked which system they are anyway"},
		"spoof-mac": {value: true, no: "frames leave with the address of their interface"}, "proxies": {value: true, no: "there is no way through proxies"},
		"dns-servers": {value: true, no: "names are looked up as this machine does"}, "append-output": {no: "files are written anew"},
		"resume": {value: true, no: "type sonde tcp --resume FILE, which keeps what is decided"}, "port-ratio": {value: true, no: "type --top-ports N"},
		"adler32": {no: "SCTP " + not}, "stylesheet": {value: true, note: "the XML names no stylesheet"}, "webxml": {note: "the XML names no stylesheet"},
		"datadir": {value: true, note: "there are no files of data"}, "servicedb": {value: true, note: "there are no files of data"}, "versiondb": {value: true, note: "there are no files of data"},
		"discovery-ignore-rst": {no: "a RST is an answer"}, "script-timeout": {value: true, no: "scripts are nmap's own"}, "script-args-file": {value: true, no: "scripts are nmap's own"},
		"version-trace": {note: "--packet-trace shows packets"}, "release-memory": {}, "nogcc": {}, "log-errors": {}, "fuzzy": {note: guesses}, "max-os-tries": {value: true, note: "each question about a system is asked twice at most"},
		"deprecated-xml-osclass": {}, "allports": {}, "randomize-hosts": {note: "hosts are asked in an order of chance anyway, and told of by address"}, "rH": {}, "resolve-all": {to: "--all-addresses"}, "unique": {},
	}
})

// nmapShort are nmap's options of one letter, those of -s, -P and -o aside.
var nmapShort = sync.OnceValue(func() map[byte]option {
	return map[byte]option{
		'p': {value: true, to: "-p {}"}, 'F': {to: "--top 100"}, 'r': {}, 'e': {value: true, to: "-e {}"}, 'S': {value: true, to: "-S {}"},
		'g': {value: true, to: "-g {}"}, 'n': {}, 'R': {}, 'T': {value: true, to: "-T{}"}, '6': {to: "-6"}, '4': {to: "-4"}, 'v': {to: "-v"}, 'd': {to: "-v"},
		'f': {to: "--fragment 8"}, 'A': {}, 'O': {run: "os"}, 'V': {run: "version"}, 'h': {run: "help"},
		'D': {value: true, no: "decoys put third parties in the picture"}, 'b': {value: true, no: "an FTP bounce puts a third party in the picture"},
		'M': {value: true, note: finds}, 'q': {no: "is no option of nmap's any more"},
	}
})

// nmapScans are the letters behind -s.
var nmapScans = sync.OnceValue(func() map[byte]option {
	return map[byte]option{
		'S': {run: "tcp", to: "-sS"}, 'T': {run: "tcp", to: "-sT"}, 'A': {run: "tcp", to: "-sA"}, 'W': {run: "tcp", to: "-sW"},
		'M': {run: "tcp", to: "-sM"}, 'N': {run: "tcp", to: "-sN"}, 'F': {run: "tcp", to: "-sF"}, 'X': {run: "tcp", to: "-sX"},
		'U': {run: "udp"}, 'V': {run: "fp"}, 'C': {no: "scripts are nmap's own"}, 'n': {run: "sweep"}, 'P': {run: "sweep"},
		'L': {run: "list"}, 'I': {no: "an idle scan puts a third party in the picture"},
		'O': {no: "the protocol scan " + not}, 'Y': {no: "SCTP " + not}, 'Z': {no: "SCTP " + not}, 'R': {no: "is no option of nmap's any more"},
	}
})
