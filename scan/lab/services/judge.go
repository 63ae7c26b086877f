package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// port is one that a server listens at, and what is there.
type port struct {
	proto   string
	number  int
	service string // a regular expression of the names that it has
	product string // likewise; "": the server does not say
	tells   bool   // it tells its version
}

// said is what a program says of a port; "" is nothing.
type said struct{ service, product, version string }

// answers are what a program says, by "tcp/22".
type answers map[string]said

// verdict is how right an answer is.
type verdict string

const (
	right verdict = "right" // service and, as far as they are told, product and version
	part  verdict = "part"  // the service, but less than the server tells
	wrong verdict = "wrong" // another service, product or version
	open  verdict = "open"  // no service
)

func (p *port) key() string { return fmt.Sprintf("%s/%d", p.proto, p.number) }

// judge holds an answer against what is there. version is the package's, which may stand
// beside the product's name.
func (p *port) judge(a said, version string) verdict {
	matches := func(pattern, text string) bool {
		return regexp.MustCompile("(?i)" + pattern).MatchString(text)
	}
	named := a.product + " " + a.version
	switch {
	case a.service == "":
		return open
	case !matches("^("+p.service+")$", a.service):
		return wrong
	case a.product == "" && p.product != "":
		return part
	case a.product != "" && p.product != "" && !matches(p.product, a.product):
		return wrong
	case p.tells && !strings.ContainsAny(named, "0123456789"):
		return part
	case p.tells && !strings.Contains(named, version):
		return wrong
	}
	return right
}

// ports lists all ports, as -p of both programs takes them.
func ports(list []*server) string {
	by := map[string][]string{}
	for _, s := range list {
		for _, p := range s.ports {
			by[p.proto] = append(by[p.proto], fmt.Sprint(p.number))
		}
	}
	var parts []string
	for _, one := range []struct{ letter, proto string }{{"T:", "tcp"}, {"U:", "udp"}} {
		if len(by[one.proto]) > 0 {
			parts = append(parts, one.letter+strings.Join(by[one.proto], ","))
		}
	}
	return strings.Join(parts, ",")
}

// table is what both say of each port.
func table(list []*server, ours, theirs answers) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%-10s %-24s %-40s %-6s %-40s %s\n", "PORT", "SERVER", "SONDE", "", "NMAP", "")
	for _, s := range list {
		for _, p := range s.ports {
			x, y := ours[p.key()], theirs[p.key()]
			fmt.Fprintf(&b, "%-10s %-24s %-40.40s %-6s %-40.40s %s\n", p.key(), s.debian+" "+s.version, x, p.judge(x, s.version), y, p.judge(y, s.version))
		}
	}
	return b.String()
}

func (a said) String() string {
	return fmt.Sprintf("%q", strings.TrimSpace(a.service+" "+a.product+" "+a.version))
}

// sum counts the verdicts.
func sum(list []*server, a answers) string {
	count := map[verdict]int{}
	for _, s := range list {
		for _, p := range s.ports {
			count[p.judge(a[p.key()], s.version)]++
		}
	}
	return fmt.Sprintf("%d right, %d in part, %d wrong, %d open", count[right], count[part], count[wrong], count[open])
}

// readSonde reads sonde's JSON, a record a line.
func readSonde(text []byte) (answers, error) {
	a := answers{}
	for line := range bytes.Lines(text) {
		var r struct {
			Type, Proto, Service, Product, Version string
			Port                                   json.RawMessage
		}
		if err := json.Unmarshal(line, &r); err != nil && !bytes.Contains(line, []byte(`"type":"service"`)) {
			continue // another record, whose fields are others
		} else if err != nil {
			return nil, err
		}
		if r.Type == "service" {
			a[r.Proto+"/"+string(r.Port)] = said{r.Service, r.Product, r.Version}
		}
	}
	return a, nil
}

// readNmap reads nmap's XML. What it takes from its table of ports alone is no answer.
func readNmap(text []byte) (answers, error) {
	var run struct {
		Ports []struct {
			Proto   string `xml:"protocol,attr"`
			Number  int    `xml:"portid,attr"`
			Service struct {
				Name    string `xml:"name,attr"`
				Product string `xml:"product,attr"`
				Version string `xml:"version,attr"`
				Method  string `xml:"method,attr"`
				Tunnel  string `xml:"tunnel,attr"`
			} `xml:"service"`
		} `xml:"host>ports>port"`
	}
	if err := xml.Unmarshal(text, &run); err != nil {
		return nil, err
	}
	a := answers{}
	for _, p := range run.Ports {
		if s := p.Service; s.Method == "probed" && !slices.Contains([]string{"tcpwrapped", "unknown"}, s.Name) {
			if s.Tunnel == "ssl" {
				s.Name = "ssl/" + s.Name
			}
			a[fmt.Sprintf("%s/%d", p.Proto, p.Number)] = said{s.Name, s.Product, s.Version}
		}
	}
	return a, nil
}
