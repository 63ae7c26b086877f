package main

import "testing"

// TestJudge: what is not said is not right, and what is said otherwise is wrong.
func TestJudge(t *testing.T) {
	p := &port{proto: "udp", number: 53, service: "domain|dns", product: "dnsmasq", tells: true}
	for want, list := range map[verdict][]said{
		right: {{"domain", "dnsmasq", "2.90"}, {"dns", "Dnsmasq", "2.90-1"}, {"dns", "Dnsmasq (2.90)", ""}},
		part:  {{"domain", "", ""}, {"domain", "dnsmasq", ""}},
		wrong: {{"ntp", "", ""}, {"domain", "Unbound", "2.90"}, {"domain", "dnsmasq", "2.80"}},
		open:  {{}},
	} {
		for _, a := range list {
			if got := p.judge(a, "2.90"); got != want {
				t.Errorf("%v: %s, want %s", a, got, want)
			}
		}
	}
	silent := &port{proto: "udp", number: 69, service: "tftp"}
	if got := silent.judge(said{service: "tftp"}, "1"); got != right {
		t.Errorf("nothing more is told, and it is %s", got)
	}
}

// TestRead: both outputs are read; guesses of nmap's table are no answers.
func TestRead(t *testing.T) {
	a, err := readSonde([]byte(`{"type":"scan","services":true}` + "\n" + `{"type":"service","proto":"udp","port":53,"service":"domain","product":"dnsmasq","version":"2.90"}` + "\n"))
	if err != nil || a["udp/53"] != (said{"domain", "dnsmasq", "2.90"}) {
		t.Errorf("%v, %v", a, err)
	}
	a, err = readNmap([]byte(`<nmaprun><host><ports><port protocol="udp" portid="53"><service name="domain" product="dnsmasq" method="probed"/></port>` +
		`<port protocol="tcp" portid="443"><service name="http" tunnel="ssl" method="probed"/></port><port protocol="udp" portid="88"><service name="kerberos-sec" method="table"/></port></ports></host></nmaprun>`))
	if err != nil || len(a) != 2 || a["udp/53"].product != "dnsmasq" || a["tcp/443"].service != "ssl/http" {
		t.Errorf("%v, %v", a, err)
	}
	if _, err := readNmap([]byte("not XML")); err == nil {
		t.Error("no error")
	}
}

// TestServers: no port is in two servers.
func TestServers(t *testing.T) {
	seen := map[string]string{}
	for i := range servers {
		for _, p := range servers[i].ports {
			if other := seen[p.key()]; other != "" {
				t.Errorf("%s is of %s and %s", p.key(), other, servers[i].debian)
			}
			seen[p.key()] = servers[i].debian
			p.judge(said{service: "x", product: "y"}, "1") // its expressions can be compiled
		}
	}
}
