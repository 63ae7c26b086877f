package job

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"sonde/probe"
	"sonde/scan/report"
)

// Expectation is one line of --expect-file: the state that a port is to have, or in a sweep a
// host.
type Expectation struct {
	Host   string   `json:"host"`           // an address or a name
	Port   uint16   `json:"port,omitempty"` // 0: of the host itself
	States []string `json:"states"`         // any of which will do
	Place  string   `json:"-"`              // where it stands, for errors: "file:7: "
}

// maxExpectations is how many lines such a file may have.
const maxExpectations = 1 << 20

// ReadExpectations reads the file of --expect-file, which errors call name. Where s does not
// say whom to ask, it is the hosts of the file; where it names no ports, these of the file.
func (s *Spec) ReadExpectations(name string, r io.Reader) (err error) {
	if s.Expectations, err = readExpectations(name, r, s.Command); err != nil {
		return err
	}
	hosts, ports := expectedTargets(s.Expectations)
	if len(s.Targets.Words) == 0 {
		s.Targets.Words = hosts
	}
	if s.Ask.Ports == "" && s.Ask.Top == nil {
		s.Ask.Ports = ports
	}
	return nil
}

// readExpectations reads what is expected by a command, a line each: "10.0.0.1:80 open",
// "[2001:db8::1]:53 open closed", "db.example:5432 open,filtered", of a sweep "10.0.0.1 up".
// "#" begins a comment. Errors name the line; those of r are returned as they are.
func readExpectations(name string, r io.Reader, command string) (list []Expectation, err error) {
	sc := bufio.NewScanner(r)
	lines := map[string]int{}
	number := 0
	for sc.Scan() {
		number++
		text, _, _ := strings.Cut(string(bytes.TrimPrefix(sc.Bytes(), []byte("\ufeff"))), "#")
		words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == '\r' })
		if len(words) == 0 {
			continue
		}
		e := Expectation{States: words[1:], Place: fmt.Sprintf("%s:%d: ", name, number)}
		if e.Host, e.Port, err = expectedOf(words[0], command); err == nil {
			_, err = e.states(command)
		}
		if err != nil {
			return nil, fmt.Errorf("%s%w", e.Place, err)
		}
		key := e.Host + " " + strconv.Itoa(int(e.Port))
		switch {
		case lines[key] > 0:
			return nil, fmt.Errorf("%s%s stands in line %d already", e.Place, words[0], lines[key])
		case len(list) == maxExpectations:
			return nil, fmt.Errorf("%smore than %d lines", e.Place, maxExpectations)
		}
		lines[key] = number
		list = append(list, e)
	}
	switch {
	case sc.Err() == bufio.ErrTooLong:
		return nil, fmt.Errorf("%s:%d: longer than 64 KiB; is this a list of expectations?", name, number+1)
	case sc.Err() == nil && len(list) == 0:
		return nil, fmt.Errorf("%s: expects nothing: write a line for each, such as %s", name, expectExample(command))
	}
	return list, sc.Err()
}

func expectExample(command string) string {
	if command == "sweep" {
		return "\"10.0.0.1 up\""
	}
	return "\"10.0.0.1:80 open\""
}

// expectedOf reads what an expectation is about.
func expectedOf(word, command string) (host string, port uint16, err error) {
	if command == "sweep" {
		host = strings.TrimSuffix(strings.TrimPrefix(word, "["), "]")
		if _, err := netip.ParseAddr(host); err != nil && strings.ContainsAny(host, ":/[]") {
			return "", 0, fmt.Errorf("%q is no host: a sweep has no ports; write %s", word, expectExample(command))
		}
		return host, 0, nil
	}
	colon := strings.LastIndexByte(word, ':')
	if _, err := netip.ParseAddr(word); err == nil || colon < 0 {
		return "", 0, fmt.Errorf("%q has no port: write %s, or \"[2001:db8::1]:80 open\"", word, expectExample(command))
	}
	n, err := strconv.ParseUint(word[colon+1:], 10, 16)
	host = word[:colon]
	if inner, ok := strings.CutPrefix(host, "["); ok && strings.HasSuffix(inner, "]") {
		host = strings.TrimSuffix(inner, "]")
	} else if strings.ContainsAny(host, ":[]") {
		return "", 0, fmt.Errorf("%q: an IPv6 address stands in brackets: [2001:db8::1]:80", word)
	}
	if err != nil || n == 0 || host == "" || strings.Contains(host, "/") {
		return "", 0, fmt.Errorf("%q is no host and port: write %s", word, expectExample(command))
	}
	return host, uint16(n), nil
}

// states are those that will do.
func (e *Expectation) states(command string) (list []probe.State, err error) {
	of, names := States(command), ""
	for _, s := range of {
		names += " " + s.String()
	}
	for _, word := range e.States {
		s, ok := probe.ParseState(word)
		if !ok || !slices.Contains(of, s) {
			return nil, fmt.Errorf("%q is none of%s", word, names)
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: which state is expected? One of%s", e.Host, names)
	}
	return list, nil
}

// expectedTargets are the hosts and the ports that expectations are about, each once.
func expectedTargets(list []Expectation) (hosts []string, ports string) {
	known := map[string]bool{}
	var numbers []uint16
	for _, e := range list {
		if !known[e.Host] {
			known[e.Host] = true
			hosts = append(hosts, e.Host)
		}
		if e.Port != 0 {
			numbers = append(numbers, e.Port)
		}
	}
	return hosts, report.PortRanges(numbers)
}
