package habit

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// This file reads what nmap's --ip-options takes: one of its letters, or bytes.

// mostOptions is how many bytes of options an IPv4 header has room for (RFC 791 section 3.1).
const mostOptions = 40

// ipOptions returns options as hex digits: R records the route, T the times, U both, L and S
// are followed by the addresses of a loose or strict source route (RFC 791 section 3.1); else
// bytes are \x01, \001 or \10, 0x0107 or 0107, and *3 repeats the one before.
func ipOptions(text string) (string, error) {
	var b []byte
	letter, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	switch letter {
	case "R":
		b = []byte{7, 39, 4}
	case "T":
		b = []byte{68, 40, 5, 0}
	case "U":
		b = []byte{68, 36, 5, 1}
	case "L", "S":
		return sourceRoute(letter, strings.Fields(rest))
	default:
		return optionBytes(text)
	}
	if rest != "" {
		return "", fmt.Errorf("nothing may follow %s", letter)
	}
	b = append(b, make([]byte, int(b[1])-len(b))...)
	return hex.EncodeToString(append(b, make([]byte, -len(b)&3)...)), nil
}

// sourceRoute is a loose or strict source route.
func sourceRoute(letter string, addrs []string) (string, error) {
	kind := byte(131)
	if letter == "S" {
		kind = 137
	}
	b := []byte{1, kind, byte(3 + 4*len(addrs)), 4} // a NOP before it, so that addresses are aligned
	if len(addrs) == 0 || len(b)+4*len(addrs) > mostOptions {
		return "", fmt.Errorf("%s: name 1 to 9 addresses", letter)
	}
	for _, w := range addrs {
		a, err := netip.ParseAddr(w)
		if err != nil || !a.Is4() {
			return "", fmt.Errorf("%s is no IPv4 address", w)
		}
		b = append(b, a.AsSlice()...)
	}
	return hex.EncodeToString(b), nil
}

// optionBytes reads bytes.
func optionBytes(text string) (string, error) {
	if !strings.HasPrefix(text, `\`) {
		return strings.TrimPrefix(text, "0x"), nil
	}
	var b []byte
	for w := range strings.SplitSeq(text[1:], `\`) {
		one, times, repeated := strings.Cut(w, "*")
		base := 10
		if digits, ok := strings.CutPrefix(one, "x"); ok {
			one, base = digits, 16
		} else if len(one) == 3 && one[0] == '0' {
			base = 8
		}
		v, err := strconv.ParseUint(one, base, 8)
		n := uint64(1)
		if repeated && err == nil {
			n, err = strconv.ParseUint(times, 10, 8)
		}
		if err != nil {
			return "", fmt.Errorf(`\%s is no byte`, w)
		}
		if len(b)+int(n) > mostOptions {
			return "", errors.New("at most 40 bytes")
		}
		for range n {
			b = append(b, byte(v))
		}
	}
	return hex.EncodeToString(b), nil
}
