package fingerprint

import (
	"cmp"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed vendors.txt.gz
var vendorsGzip string

var vendors = sync.OnceValue(func() *vendorTable {
	z, err := gzip.NewReader(strings.NewReader(vendorsGzip))
	if err != nil {
		panic(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	t, err := parseVendors(string(text))
	if err != nil {
		panic(err)
	}
	return t
})

// vendorTable is vendors.txt: the blocks of each prefix length, sorted.
type vendorTable struct {
	names  []string
	blocks [3][]block // of vendorBits
}

// vendorBits are the lengths of the prefixes that the IEEE gives out: MA-S and
// IAB, MA-M, MA-L. The longest that fits is the owner.
var vendorBits = [3]uint{36, 28, 24}

type block struct {
	prefix uint64 // right-aligned
	name   uint32
}

// Vendor returns the organisation that the IEEE gave the block of mac to. It
// returns "" where there is none, and for locally administered and group
// addresses, which belong to nobody.
func Vendor(mac [6]byte) string {
	if mac[0]&3 != 0 {
		return ""
	}
	var v uint64
	for _, b := range mac {
		v = v<<8 | uint64(b)
	}
	t := vendors()
	for i, n := range vendorBits {
		j, ok := slices.BinarySearchFunc(t.blocks[i], v>>(48-n), func(b block, prefix uint64) int {
			return cmp.Compare(b.prefix, prefix)
		})
		if ok {
			return t.names[t.blocks[i][j].name]
		}
	}
	return ""
}

// parseVendors reads the text of vendors.txt.gz and refuses prefixes of another
// length and such as stand twice.
func parseVendors(text string) (*vendorTable, error) {
	t := &vendorTable{}
	for i, line := range lines(text) {
		name, prefixes, _ := strings.Cut(line, "\t")
		if len(t.names) > 0 && t.names[len(t.names)-1] >= name {
			return nil, fmt.Errorf("vendors.txt:%d: %q is out of order", i, name)
		}
		t.names = append(t.names, name)
		for p := range strings.FieldsSeq(prefixes) {
			v, err := strconv.ParseUint(p, 16, 64)
			length := slices.Index(vendorBits[:], uint(len(p))*4)
			if err != nil || length < 0 {
				return nil, fmt.Errorf("vendors.txt:%d: %q is no prefix of 24, 28 or 36 bits", i, p)
			}
			t.blocks[length] = append(t.blocks[length], block{v, uint32(len(t.names) - 1)})
		}
	}
	for _, b := range t.blocks {
		slices.SortFunc(b, func(x, y block) int { return cmp.Compare(x.prefix, y.prefix) })
		for i := 1; i < len(b); i++ {
			if b[i].prefix == b[i-1].prefix {
				return nil, fmt.Errorf("vendors.txt: prefix %X stands twice", b[i].prefix)
			}
		}
	}
	return t, nil
}
