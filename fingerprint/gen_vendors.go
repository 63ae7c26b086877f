//go:build ignore

// gen_vendors writes vendors.txt.gz from the IEEE's listings of MAC address
// blocks:
//
//	go run gen_vendors.go 2024-07-22 oui.csv mam.csv oui36.csv iab.csv
//
// The date is that of the listings. They are at
// https://standards-oui.ieee.org/, and in Debian's package ieee-data. The IEEE
// asserts no copyright in them.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
)

const header = `# Organisations by MAC address prefix, from the IEEE's public listings of MA-L,
# MA-M, MA-S and IAB blocks of %s, in which the IEEE asserts no copyright.
# Written by gen_vendors.go. One line is one organisation: its name, a tab, its
# prefixes in hexadecimal (24, 28 or 36 bits), in order.
`

func main() {
	log.SetFlags(0)
	blocks := map[string][]string{} // organisation → prefixes
	seen := map[string]bool{}
	for _, name := range os.Args[2:] {
		f, err := os.Open(name)
		if err != nil {
			log.Fatal(err)
		}
		// Registry, Assignment, Organization Name, Organization Address
		records, err := csv.NewReader(f).ReadAll()
		if err != nil {
			log.Fatal(name, ": ", err)
		}
		for _, rec := range records[1:] {
			prefix := strings.ToUpper(rec[1])
			org := strings.Join(strings.Fields(rec[2]), " ")
			// A few prefixes were given twice: the first is kept. The authority's own
			// are those that it divides into smaller blocks, which are listed too.
			if org == "" || seen[prefix] || org == "IEEE Registration Authority" {
				continue
			}
			seen[prefix] = true
			blocks[org] = append(blocks[org], prefix)
		}
	}
	var orgs []string
	for org := range blocks {
		orgs = append(orgs, org)
	}
	slices.Sort(orgs)
	var text bytes.Buffer
	fmt.Fprintf(&text, header, os.Args[1])
	for _, org := range orgs {
		slices.Sort(blocks[org])
		fmt.Fprintf(&text, "%s\t%s\n", org, strings.Join(blocks[org], " "))
	}
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	z.Write(text.Bytes())
	z.Close()
	if err := os.WriteFile("vendors.txt.gz", out.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}
