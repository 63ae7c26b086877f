//go:build ignore

// gen_services writes services.txt from IANA's registry:
//
//	go run gen_services.go service-names-port-numbers.csv >services.txt
//
// https://www.iana.org/assignments/service-names-port-numbers/service-names-port-numbers.csv
package main

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"fmt"
	"log"
	"os"
	"slices"
	"strconv"
	"strings"
)

const header = `# Service names of TCP and UDP ports.
#
# From IANA's Service Name and Transport Protocol Port Number Registry, which is
# in the public domain (CC0 1.0), as of its modification of %s:
# https://www.iana.org/assignments/service-names-port-numbers/
# Written by gen_services.go; do not edit.
#
# One line is one service: its name and its ports. Lines are in the order of the
# lowest port. Where two services have one port, the first line is its name, and
# the others serve to find the port by name.
`

// preferred are ports that the registry gives to two services and lists first
// the one that is hardly ever meant.
var preferred = map[string]string{
	"465/tcp": "submissions", // RFC 8314 section 7.3
}

type service struct {
	name   string
	alias  bool     // the registry itself points to another name
	ports  []string // "80/tcp" or "6000-6063/tcp"
	lowest int
	order  int // in the registry
}

func main() {
	log.SetFlags(0)
	f, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	r := csv.NewReader(bufio.NewReader(f))
	r.FieldsPerRecord = -1
	records, err := r.ReadAll()
	if err != nil {
		log.Fatal(err)
	}
	// Service Name, Port Number, Transport Protocol, Description, Assignee, Contact,
	// Registration Date, Modification Date, Reference, Service Code, Unauthorized
	// Use Reported, Assignment Notes
	services := map[string]*service{}
	newest := ""
	for i, rec := range records[1:] {
		newest = max(newest, rec[6], rec[7])
		name, port, proto := rec[0], rec[1], rec[2]
		if name == "" || port == "" || proto != "tcp" && proto != "udp" || strings.ContainsAny(name, " \t#") {
			continue
		}
		first, _, _ := strings.Cut(port, "-")
		n, err := strconv.Atoi(first)
		if err != nil {
			log.Fatal(rec)
		}
		s := services[name]
		if s == nil {
			s = &service{name: name, lowest: n, order: i}
			services[name] = s
		}
		notes := rec[len(rec)-1]
		s.alias = s.alias || strings.Contains(notes, "is an alias to") || strings.Contains(notes, "is a duplicate of")
		s.lowest = min(s.lowest, n)
		if p := port + "/" + proto; !slices.Contains(s.ports, p) {
			s.ports = append(s.ports, p)
		}
	}
	var list []*service
	for _, s := range services {
		list = append(list, s)
	}
	prefers := func(s *service) int {
		for p, name := range preferred {
			if slices.Contains(s.ports, p) && name == s.name {
				return -1
			}
		}
		return 0
	}
	slices.SortFunc(list, func(a, b *service) int {
		alias := map[bool]int{true: 1}
		return cmp.Or(cmp.Compare(a.lowest, b.lowest), cmp.Compare(prefers(a), prefers(b)),
			cmp.Compare(alias[a.alias], alias[b.alias]), cmp.Compare(a.order, b.order))
	})
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	fmt.Fprintf(w, header, newest)
	for _, s := range list {
		fmt.Fprintln(w, s.name, strings.Join(s.ports, " "))
	}
}
