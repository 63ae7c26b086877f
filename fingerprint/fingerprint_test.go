package fingerprint

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestServiceName(t *testing.T) {
	for _, tt := range []struct {
		proto string
		port  uint16
		want  string
	}{
		{"tcp", 22, "ssh"}, {"tcp", 80, "http"}, {"udp", 80, "http"}, {"tcp", 443, "https"}, {"tcp", 25, "smtp"},
		{"udp", 53, "domain"}, {"udp", 123, "ntp"}, {"tcp", 445, "microsoft-ds"}, {"tcp", 465, "submissions"},
		{"tcp", 631, "ipp"}, {"tcp", 3306, "mysql"}, {"tcp", 3389, "ms-wbt-server"}, {"tcp", 8080, "http-alt"},
		{"tcp", 63, "whoispp"}, {"tcp", 6063, "x11"}, {"udp", 5353, "mdns"},
		{"tcp", 28443, ""}, {"tcp", 0, ""}, {"udp", 65535, ""}, {"sctp", 80, ""},
	} {
		if got := ServiceName(tt.proto, tt.port); got != tt.want {
			t.Errorf("%s %d: %q, want %q", tt.proto, tt.port, got, tt.want)
		}
	}
}

func TestPortsOf(t *testing.T) {
	for _, tt := range []struct {
		pattern, proto string
		want           []uint16
	}{
		{"ssh", "tcp", []uint16{22}},
		{"SSH", "tcp", []uint16{22}},
		{"www", "tcp", []uint16{80}}, // an alias finds its port
		{"http-alt", "tcp", []uint16{591, 8008, 8080}},
		{"ms-wbt-serve?", "udp", []uint16{3389}},
		{"EtherNet/IP-1", "tcp", []uint16{2222}},
		{"nosuch", "tcp", nil},
		{"ssh", "sctp", nil},
		{"", "tcp", nil},
	} {
		if got := PortsOf(tt.pattern, tt.proto); !slices.Equal(got, tt.want) {
			t.Errorf("%s %s: %v, want %v", tt.pattern, tt.proto, got, tt.want)
		}
	}
	http := PortsOf("http*", "tcp")
	for _, p := range []uint16{80, 443, 591, 8008, 8080} {
		if !slices.Contains(http, p) {
			t.Errorf("http* lacks %d: %v", p, http)
		}
	}
	if !slices.IsSorted(http) || slices.Contains(http, 22) {
		t.Errorf("http*: %v", http)
	}
	if n := len(PortsOf("x11", "tcp")); n != 64 {
		t.Errorf("x11 has %d ports, want 64", n)
	}
}

func TestMatchGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true}, {"*", "", true}, {"?", "", false}, {"a*c", "abbbc", true}, {"a*c", "abbb", false}, {"*b*", "abc", true},
		{"a**", "a", true}, {"*a?", "aaab", true}, {"*a?", "aaba", false}, {"[a]", "a", false},
		{strings.Repeat("*a", 50), strings.Repeat("a", 49), false},
	} {
		if got := matchGlob(tt.pattern, tt.name); got != tt.want {
			t.Errorf("%q %q: %v", tt.pattern, tt.name, got)
		}
	}
}

func TestTopPorts(t *testing.T) {
	for _, tt := range []struct {
		proto  string
		listed int      // at least so many are in the file
		head   int      // the first so many
		want   []uint16 // hold these
	}{
		{"tcp", 1000, 30, []uint16{80, 443, 22, 21, 25, 53, 110, 143, 445, 3306, 3389, 8080, 8443, 23, 139, 993, 995}},
		{"tcp", 1000, 100, []uint16{179, 631, 873, 5432, 6379, 7547, 9200, 27017, 1883, 502}},
		{"tcp", 1000, 1000, []uint16{88, 554, 2049, 3000, 8000, 8081, 9090, 10000, 49152, 853}},
		{"udp", 100, 50, []uint16{53, 123, 161, 137, 500, 1900, 5353, 443, 3478, 69, 111}},
		{"udp", 100, 100, []uint16{67, 514, 520}},
	} {
		list, err := parseRanking(rankingText)
		if err != nil {
			t.Fatal(err)
		}
		if len(list[tt.proto]) < tt.listed {
			t.Errorf("%s: %d ports are listed, want %d", tt.proto, len(list[tt.proto]), tt.listed)
		}
		top := TopPorts(tt.proto, tt.head)
		if len(top) != tt.head {
			t.Errorf("%s: top %d has %d", tt.proto, tt.head, len(top))
		}
		for _, p := range tt.want {
			if !slices.Contains(top, p) {
				t.Errorf("%s: top %d lacks %d", tt.proto, tt.head, p)
			}
		}
		all := TopPorts(tt.proto, 70000)
		sorted := slices.Clone(all)
		slices.Sort(sorted)
		if len(all) != 65535 || sorted[0] != 1 || sorted[65534] != 65535 || len(slices.Compact(sorted)) != 65535 {
			t.Errorf("%s: not every port once", tt.proto)
		}
	}
	if top := TopPorts("tcp", 5); !slices.Equal(top, []uint16{80, 443, 22, 25, 21}) {
		t.Errorf("the five counted most are %v", top)
	}
	if TopPorts("tcp", 0) != nil && len(TopPorts("tcp", -1)) != 0 || len(TopPorts("sctp", 5)) != 0 {
		t.Error("nothing asked, something returned")
	}
	TopPorts("tcp", 5)[0] = 1
	if TopPorts("tcp", 1)[0] != 80 {
		t.Error("the caller's copy is not its own")
	}
}

func TestVendor(t *testing.T) {
	for mac, want := range map[[6]byte]string{
		{0x00, 0x00, 0x0c, 1, 2, 3}:          "Cisco Systems, Inc",
		{0xb8, 0x27, 0xeb, 1, 2, 3}:          "Raspberry Pi Foundation",
		{0x00, 0x50, 0x56, 1, 2, 3}:          "VMware, Inc.",
		{0xc8, 0x5c, 0xe2, 0x70, 0, 1}:       "SYNERGY SYSTEMS AND SOLUTIONS",   // 28 bits
		{0x8c, 0x1f, 0x64, 0xaf, 0xa0, 1}:    "DATA ELECTRONIC DEVICES, INC",    // 36 bits
		{0x00, 0x50, 0xc2, 0xf7, 0x10, 0xff}: "RF Code",                         // an IAB
		{0x02, 0x42, 0xac, 1, 2, 3}:          "",                                // locally administered
		{0x01, 0x00, 0x5e, 1, 2, 3}:          "",                                // a group
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}: "",                                // everybody
		{}:                                   Vendor([6]byte{0, 0, 0, 9, 9, 9}), // a block as any other
	} {
		if got := Vendor(mac); got != want {
			t.Errorf("%x: %q, want %q", mac, got, want)
		}
	}
	vendors := vendors()
	for i, least := range []int{10000, 5000, 35000} {
		if n := len(vendors.blocks[i]); n < least {
			t.Errorf("%d prefixes of %d bits, want %d", n, vendorBits[i], least)
		}
	}
	mac := [6]byte{0xb8, 0x27, 0xeb}
	if n := testing.AllocsPerRun(100, func() { Vendor(mac); ServiceName("tcp", 80) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Databases are text with a header that says where they are from, and stay small.
func TestDatabases(t *testing.T) {
	for name, most := range map[string]int64{"services.txt": 200 << 10, "ranking.txt": 60 << 10, "vendors.txt.gz": 700 << 10} {
		st, err := os.Stat(name)
		if err != nil || st.Size() > most {
			t.Errorf("%s: %v, %v, want at most %d bytes", name, st, err, most)
		}
	}
	for text, words := range map[string][]string{
		servicesText: {"IANA", "CC0", "gen_services.go"},
		rankingText:  {"gen_ranking.go", "github.com/rapid7/data", "Shadowserver"},
	} {
		head, _, _ := strings.Cut(text, "\ntcp")
		for _, w := range words {
			if !strings.Contains(head, w) {
				t.Errorf("the header %.40q… does not say %s", head, w)
			}
		}
	}
	seen := map[string]bool{}
	for _, name := range services().names {
		if seen[name] {
			t.Errorf("services.txt: %q stands twice", name)
		}
		seen[name] = true
	}
}

func TestBrokenDatabases(t *testing.T) {
	for text, want := range map[string]string{
		"ssh":                    `services.txt:1: "ssh" has no port`,
		"# x\n\nssh 22/tcp\nssh": `services.txt:4: "ssh" has no port`,
		"a 0/tcp":                `services.txt:1: "0/tcp" is no port`,
		"a 9-8/tcp":              `services.txt:1: "9-8/tcp" is no port`,
		"a 1000022/tcp":          `services.txt:1: "1000022/tcp" is no port`,
		"a /tcp":                 `services.txt:1: "/tcp" is no port`,
		"a 1-/tcp":               `services.txt:1: "1-/tcp" is no port`,
		"a 65536/udp":            `services.txt:1: "65536/udp" is no port`,
		"a 1/sctp":               `services.txt:1: "1/sctp" is no port`,
		"b 22/tcp\na 21/tcp":     `services.txt:2: port 21 is behind 22`,
	} {
		if _, err := parseServices(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"tcp":                        `ranking.txt:1: "tcp" is not protocol, port and tier`,
		"tcp 80":                     `ranking.txt:1: "tcp 80" is not protocol, port and tier`,
		"tcp 0 web":                  `ranking.txt:1: "tcp 0 web" is not protocol, port and tier`,
		"sctp 1 web":                 `ranking.txt:1: "sctp 1 web" is not protocol, port and tier`,
		"tcp 1 guessed":              `ranking.txt:1: "tcp 1 guessed" is not protocol, port and tier`,
		"tcp 80 web\ntcp 80 rfc":     `ranking.txt:2: tcp 80 stands twice`,
		"tcp 80 web\ntcp 81 counted": `ranking.txt:2: tier counted is behind web`,
	} {
		if _, err := parseRanking(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"b\t000001\na\t000002": `vendors.txt:2: "a" is out of order`,
		"a\t00001":             `vendors.txt:1: "00001" is no prefix of 24, 28 or 36 bits`,
		"a\t00000G":            `vendors.txt:1: "00000G" is no prefix of 24, 28 or 36 bits`,
		"a\t000001 000001":     `vendors.txt: prefix 1 stands twice`,
	} {
		if _, err := parseVendors(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func BenchmarkLoadServices(b *testing.B) {
	for range b.N {
		parseServices(servicesText)
	}
}

func BenchmarkLoadRanking(b *testing.B) {
	for range b.N {
		parseRanking(rankingText)
	}
}

// ServiceNames says of few ports what ServiceName says of each.
func TestServiceNames(t *testing.T) {
	for _, proto := range []string{"tcp", "udp", "sctp"} {
		for port := 1; port < 65536; port += 97 {
			ports := []uint16{uint16(port), 80, uint16(65536 - port)}
			names := ServiceNames(proto, ports)
			for _, p := range ports {
				if got, want := names[p], ServiceName(proto, p); got != want {
					t.Fatalf("%d/%s: %q, want %q", p, proto, got, want)
				}
			}
		}
	}
	if names := ServiceNames("tcp", nil); len(names) != 0 {
		t.Errorf("of no port: %v", names)
	}
}
