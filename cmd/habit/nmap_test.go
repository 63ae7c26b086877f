package habit

import (
	"strings"
	"testing"
)

// TestFromNmap: lines of nmap's in sonde's words.
func TestFromNmap(t *testing.T) {
	for line, want := range map[string]string{
		// The mission's.
		"-sP 10.101.192.0/24":                 "sweep -R -o nmap 10.101.192.0/24",
		"-A -T4 10.0.0.7":                     "fp PINGS -R -T4 -o nmap 10.0.0.7",
		"-PN -sU -p 80 10.0.0.7":              "udp -PN -R -p 80 -o nmap 10.0.0.7",
		"-PN -sS -p 445,28080,28443 H":        "tcp -sS -PN -R -p 445,28080,28443 -o nmap H",
		"-sU -g 53 -p 12053 H":                "udp PINGS -R -g 53 -p 12053 -o nmap H",
		"-sP -PE -e eth0 -S 10.42.48.1 H":     "sweep -PE -R -e eth0 -S 10.42.48.1 -o nmap H",
		"-PN -sS -p 8081 --max-retries 0 H":   "tcp -sS -PN -R -p 8081 --max-retries 0 -o nmap H",
		"-PN -sS -p T:80,443 H":               "tcp -sS -PN -R -p T:80,443 -o nmap H",
		"H":                                   "tcp PINGS -R -o nmap H",
		"-sn H":                               "sweep -R -o nmap H",
		"-sn -PE -PP -PM -n H":                "sweep -PE -PP -PM -n -o nmap H",
		"-sn -PS22,80 -PA443 -PU53 H":         "sweep -PS22,80 -PA443 -PU53 -R -o nmap H",
		"-sn -PR H":                           "sweep -PR -R -o nmap H",
		"-sn -PB H":                           "sweep -PE -PA -R -o nmap H",
		"-sn -PT80 -PI H":                     "sweep -PA80 -PE -R -o nmap H",
		"-Pn H":                               "tcp -PN -R -o nmap H",
		"-P0 H":                               "tcp -PN -R -o nmap H",
		"-sT H":                               "tcp -sT -R -o nmap H",
		"-sA H":                               "tcp -sA PINGS -R -o nmap H",
		"-sW H":                               "tcp -sW PINGS -R -o nmap H",
		"-sM H":                               "tcp -sM PINGS -R -o nmap H",
		"-sN H":                               "tcp -sN PINGS -R -o nmap H",
		"-sF H":                               "tcp -sF PINGS -R -o nmap H",
		"-sX H":                               "tcp -sX PINGS -R -o nmap H",
		"-sU H":                               "udp PINGS --top 1000 -R -o nmap H",
		"-sU -F H":                            "udp PINGS -R --top 100 -o nmap H",
		"-O H":                                "fp PINGS -R -o nmap H",
		"-O -sV --osscan-guess H":             "fp PINGS -R -o nmap H",
		"-sV H":                               "fp --no-os PINGS -R -o nmap H",
		"-sSV H":                              "fp --no-os PINGS -R -o nmap H",
		"-sS -sV H":                           "fp --no-os PINGS -R -o nmap H",
		"-sT -sV H":                           "fp --via connect --no-os -R -o nmap H",
		"-F H":                                "tcp PINGS -R --top 100 -o nmap H",
		"--top-ports 20 H":                    "tcp PINGS -R --top 20 -o nmap H",
		"--top-ports=20 H":                    "tcp PINGS -R --top 20 -o nmap H",
		"-top-ports 20 H":                     "tcp PINGS -R --top 20 -o nmap H",
		"-p- H":                               "tcp PINGS -R -p - -o nmap H",
		"-p22 H":                              "tcp PINGS -R -p 22 -o nmap H",
		"-p http* H":                          "tcp PINGS -R -p http* -o nmap H",
		"-p 22 -r H":                          "tcp PINGS -R -p 22 -o nmap H",
		"--exclude-ports 22 H":                "tcp PINGS -R --exclude-ports 22 -o nmap H",
		"10.0.0.0/24 --exclude 10.0.0.7":      "tcp PINGS -R --exclude 10.0.0.7 -o nmap 10.0.0.0/24",
		"-iL hosts --excludefile not":         "tcp PINGS -R -i hosts --exclude-file not -o nmap",
		"-iLhosts":                            "tcp PINGS -R -i hosts -o nmap",
		"-n H":                                "tcp PINGS -n -o nmap H",
		"-R H":                                "tcp PINGS -R -o nmap H",
		"-T aggressive H":                     "tcp PINGS -R -Taggressive -o nmap H",
		"-T0 H":                               "tcp PINGS -R -T0 -o nmap H",
		"--max-rate 100 H":                    "tcp PINGS -R --rate 100 -o nmap H",
		"--min-rate 100 H":                    "tcp PINGS -R -o nmap H",
		"--scan-delay 1s H":                   "tcp PINGS -R --rate 1 -o nmap H",
		"--scan-delay 0.5 H":                  "tcp PINGS -R --rate 2 -o nmap H",
		"--scan-delay 20ms H":                 "tcp PINGS -R --rate 50 -o nmap H",
		"--host-timeout 30 H":                 "tcp PINGS -R --host-timeout 30s -o nmap H",
		"--host-timeout 5m H":                 "tcp PINGS -R --host-timeout 5m -o nmap H",
		"--max-rtt-timeout 100ms H":           "tcp PINGS -R --timeout 100ms -o nmap H",
		"--ttl 5 H":                           "tcp PINGS -R --ttl 5 -o nmap H",
		"--data 0xdeadbeef H":                 "tcp PINGS -R --data deadbeef -o nmap H",
		`--data \xca\xfe H`:                   "tcp PINGS -R --data cafe -o nmap H",
		"--data-string hello H":               "tcp PINGS -R --data-string hello -o nmap H",
		"--data-length 25 H":                  "tcp PINGS -R --data-length 25 -o nmap H",
		"--badsum H":                          "tcp PINGS -R --badsum -o nmap H",
		"-f H":                                "tcp PINGS -R --fragment 8 -o nmap H",
		"-ff H":                               "tcp PINGS -R --fragment 16 -o nmap H",
		"--mtu 16 H":                          "tcp PINGS -R --fragment 16 -o nmap H",
		"--scanflags SYNFIN H":                "tcp PINGS -R --flags FS -o nmap H",
		"--scanflags URGACKPSHRSTSYNFIN H":    "tcp PINGS -R --flags FSRPAU -o nmap H",
		"--scanflags 9 H":                     "tcp PINGS -R --flags FP -o nmap H",
		"--source-port 53 H":                  "tcp PINGS -R -g 53 -o nmap H",
		"-oN out H":                           "tcp PINGS -R -o nmap -o nmap=out H",
		"-oX out H":                           "tcp PINGS -R -o nmap -o xml=out H",
		"-oX - H":                             "tcp PINGS -R -o xml=- H",
		"-oG - H":                             "tcp PINGS -R -o grep=- H",
		"-oGout H":                            "tcp PINGS -R -o nmap -o grep=out H",
		"-oA scan H":                          "tcp PINGS -R -o nmap -o nmap=scan.nmap -o xml=scan.xml -o grep=scan.gnmap H",
		"-v H":                                "tcp PINGS -R -v -o nmap H",
		"-vv H":                               "tcp PINGS -R -v -o nmap H",
		"-v -d H":                             "tcp PINGS -R -v -v -o nmap H",
		"-d2 H":                               "tcp PINGS -R -v -o nmap H",
		"--reason H":                          "tcp PINGS -R -o nmap H",
		"--open H":                            "tcp PINGS -R --open -o nmap H",
		"--packet-trace H":                    "tcp PINGS -R --packet-trace -o nmap H",
		"-6 H":                                "tcp PINGS6 -R -6 -o nmap H",
		"-6 -sn H":                            "sweep -R -6 -o nmap H",
		"-sn --traceroute H":                  "trace -R -o nmap H",
		"--iflist":                            "doctor",
		"-p -100 H":                           "tcp PINGS -R -p 1-100 -o nmap H",
		"-p 60000- H":                         "tcp PINGS -R -p 60000-65535 -o nmap H",
		"-p 0-9,[20-30],T:0-5 H":              "tcp PINGS -R -p 1-9,20-30,1-5 -o nmap H",
		"-p [-] H":                            "tcp PINGS -R -p - -o nmap H",
		"--exclude-ports -22,90- H":           "tcp PINGS -R --exclude-ports 1-22,90-65535 -o nmap H",
		"--ip-options R H":                    "tcp PINGS -R --ip-options 072704" + strings.Repeat("00", 37) + " -o nmap H",
		`--ip-options \x01\x07\x04*2\010\9 H`: "tcp PINGS -R --ip-options 010704040809 -o nmap H",
		"--ip-options 0x0101 H":               "tcp PINGS -R --ip-options 0101 -o nmap H",
		"--randomize-hosts --webxml --datadir d H": "tcp PINGS -R -o nmap H",
		"-sL H": "sweep --list -R -o nmap H",
		"-sL -n -T4 -p 22 -iL f -oG - --exclude X": "sweep --list -n -i f --exclude X -o grep=-",
		"-sn -Pn H":                         "sweep --list -R -o nmap H",
		"--traceroute H":                    "fp --no-os PINGS -R -o nmap H",
		"-sS --traceroute -p 80 H":          "fp --no-os PINGS -R -p 80 -o nmap H",
		"-sS -sU H":                         "tcp -sS --udp PINGS --top 1000 -R -o nmap H",
		"-sSU H":                            "tcp -sS --udp PINGS --top 1000 -R -o nmap H",
		"-sS -sU -F H":                      "tcp -sS --udp PINGS -R --top 100 -o nmap H",
		"-sSU -p U:53,111,137,T:21-25,80 H": "tcp -sS --udp PINGS -R -p U:53,111,137,T:21-25,80 -o nmap H",
		"-sSU -p 53 H":                      "tcp -sS --udp PINGS -R -p 53 -o nmap H",
		"-sSU -p T:53 H":                    "tcp -sS PINGS -R -p T:53 -o nmap H",
		"-sTU -p 53 H":                      "tcp -sT --udp -R -p 53 -o nmap H",
		"-sA -sU -p 53 H":                   "tcp -sA --udp PINGS -R -p 53 -o nmap H",
		"-sS -p T:22,U:53 H":                "tcp -sS PINGS -R -p 22 -o nmap H",
		"-sU -p 7,T:22,U:53 H":              "udp PINGS -R -p 7,53 -o nmap H",
		"-sU -sV -p 53 H":                   "udp --services PINGS -R -p 53 -o nmap H",
		"-sSUV -p T:22,U:53 H":              "fp --udp --no-os PINGS -R -p T:22,U:53 -o nmap H",
		"-sS -sU -sV H":                     "fp --udp --no-os PINGS --top 1000 -R -o nmap H",
		"-sU -A -p 53 H":                    "fp --udp PINGS -R -p U:53 -o nmap H",
		"-sU -O -F H":                       "fp --udp PINGS -R --top 100 --exclude-ports T:- -o nmap H",
		"-sU -O -F --exclude-ports 7 H":     "fp --udp PINGS -R --top 100 --exclude-ports U:7,T:- -o nmap H",
		"-sn -Pn --traceroute H":            "trace -R -o nmap H",
		"-sS --exclude-ports U:53 H":        "tcp -sS PINGS -R -o nmap H",
		"-p 22 -sU --exclude-ports 7,T:9 H": "udp PINGS -R -p 22 --exclude-ports 7 -o nmap H",
		"-V":                                "version",
		"-h":                                "help",
		"--unprivileged H":                  "tcp -R --via connect -o nmap H",
		"--no-stylesheet --send-ip H":       "tcp PINGS -R -o nmap H",
		"--max-retr 2 H":                    "tcp PINGS -R --max-retries 2 -o nmap H",
		"-nvF H":                            "tcp PINGS -n -v --top 100 -o nmap H",
		"--stats-every 5 H":                 "tcp PINGS -R --stats 5s -o nmap H",
		"-vvv -p22 H":                       "tcp PINGS -R -v -p 22 -o nmap H",
	} {
		got, err := FromNmap(strings.Fields(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if text := strings.Join(got.Args, " "); text != strings.NewReplacer("PINGS6", "-PE -PS443 -PA80", "PINGS", "-PE -PS443 -PA80 -PP").Replace(want) {
			t.Errorf("%s: %s, want %s", line, text, want)
		}
	}
}

// TestFromNmapRefuses: what has no equivalent is refused by its name, with the reason.
func TestFromNmapRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"-D RND:5 H":              "-D: decoys put third parties in the picture",
		"-sI zombie H":            "-sI: an idle scan puts a third party in the picture",
		"-b ftp H":                "-b: an FTP bounce puts a third party in the picture",
		"-iR 100":                 "-iR: who is asked at random has not asked for it",
		"-sC H":                   "-sC: scripts are nmap's own",
		"--script vuln H":         "--script: scripts are nmap's own",
		"--script=vuln H":         "--script: scripts are nmap's own",
		"-sY H":                   "-sY: SCTP is not there",
		"-sO H":                   "-sO: the protocol scan is not there",
		"-PO H":                   "-PO: the ping by protocols is not there",
		"-sL -sS H":               "-sL beside a scan: it asks nobody",
		"-sS -sU -p U:53 H":       "-p U:53: it names no TCP port; leave -sS or -sT out",
		"-sS -p U:53 H":           "-p U:53: no such port is asked; -sS asks TCP ports, and -sU UDP ports",
		"-sU -p T:53 H":           "-p T:53: no such port is asked; -sS asks TCP ports, and -sU UDP ports",
		"-sn -sU H":               "-sn beside a port scan",
		"--spoof-mac 0 H":         "--spoof-mac: frames leave with the address of their interface",
		"--proxies x H":           "--proxies: there is no way through proxies",
		"-oS x H":                 "-oS: this format is not there",
		"-sS -sA H":               "-sS beside another scan: one run asks in one way",
		"--nosuch H":              "unrecognized option --nosuch",
		"-K H":                    "unrecognized option -K in -K",
		"-p":                      "option -p requires an argument",
		"--ttl":                   "option --ttl requires an argument",
		"-s H":                    "-s: name a scan",
		"-sQ H":                   "no scan is called -sQ",
		"-PQ H":                   "no ping is called -PQ",
		"--scanflags NOSUCH H":    "--scanflags: no TCP flags are called NOSUCH",
		"--scan-delay never H":    "--scan-delay never: no time between packets",
		"--append-output -oN x H": "--append-output: files are written anew",
		"--min H":                 "unrecognized option --min",
		`--ip-options \x1ff H`:    `--ip-options: \x1ff is no byte`,
		`--ip-options \1*41 H`:    "--ip-options: at most 40 bytes",
		"--ip-options L H":        "--ip-options: L: name 1 to 9 addresses",
	} {
		_, err := FromNmap(strings.Fields(line))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}

// TestFromNmapTells: what a line is to show, and what is said of what it means here.
func TestFromNmapTells(t *testing.T) {
	for line, want := range map[string]struct {
		reasons bool
		note    string
	}{
		"-v H": {}, "-v1 H": {}, "-vv H": {reasons: true}, "-v2 H": {reasons: true}, "--reason H": {reasons: true}, "-d H": {reasons: true},
		"-p 0-9 H":      {note: "-p 0-9: port 0 is not asked"},
		"-p [1-9] H":    {note: "-p [1-9]: all these ports are asked, not only those with a name"},
		"-sn -Pn H":     {note: "-Pn with -sn asks nobody: the targets are listed"},
		"-sSU -p T:1 H": {note: "-p T:1: it names ports of one protocol, and the other is not asked"},
		"--webxml H":    {note: "--webxml changes nothing: the XML names no stylesheet"},
	} {
		n, err := FromNmap(strings.Fields(line))
		if err != nil || n.Reasons != want.reasons || strings.Join(n.Notes, "\n") != want.note {
			t.Errorf("%s: %+v, %v", line, n, err)
		}
	}
}

// TestIPOptions: the options of RFC 791 section 3.1, by nmap's letters.
func TestIPOptions(t *testing.T) {
	for text, want := range map[string]string{
		"T":                   "44280500" + strings.Repeat("00", 36),
		"U":                   "44240501" + strings.Repeat("00", 32),
		"L 10.1.0.2":          "018307040a010002",
		"S 10.1.0.2 10.2.0.2": "01890b040a0100020a020002",
	} {
		if got, err := ipOptions(text); got != want || err != nil {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"R x", "L fd01::2", "S x", `\`, `\x`} {
		if got, err := ipOptions(text); err == nil {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// FuzzFromNmap: any line is read or refused.
func FuzzFromNmap(f *testing.F) {
	for _, line := range []string{"-sSV -p22 H", "-oX - -vvd2 H", "-f --mtu=8 -T", "--scanflags 255 x", "-PS -PE -iL x", "-d", "-v9", "-"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		n, err := FromNmap(strings.Split(line, " "))
		if err == nil && len(n.Args) == 0 {
			t.Error("neither read nor refused")
		}
	})
}
