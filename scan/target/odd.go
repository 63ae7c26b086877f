package target

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// This file is about words that are no target as they stand, but were meant as one:
// what people paste from browsers, tables and other programs. Where the meaning is
// certain they are taken; else the error says what to write instead.

// errAdvice is an error with what to write instead: those of instead that are
// targets. What would be refused in its turn is not proposed.
type errAdvice struct {
	text, purpose string
	instead       []string
}

func advise(text string, instead ...string) error { return &errAdvice{text, "", instead} }

func (e *errAdvice) Error() string {
	var good []string
	for _, words := range e.instead {
		if !slices.ContainsFunc(splitList(words), func(w string) bool { _, err := parseWord(w); return err != nil }) {
			good = append(good, words)
		}
	}
	if len(good) == 0 {
		return e.text
	}
	return e.text + "; " + e.purpose + "write " + strings.Join(good, " or ")
}

// errPort is the error of a target that a port was meant with. What to write
// depends on whether ports are asked at all.
type errPort struct{ host, port string }

func (e *errPort) Error() string { return e.text(false) }

// text is the error where ports are asked, or are not.
func (e *errPort) text(ports bool) string {
	switch {
	case e.host == "" && ports:
		return fmt.Sprintf("is a number, and no target; if a port was meant, write -p %s", e.port)
	case e.host == "":
		return "is a number, and no target"
	case ports:
		return fmt.Sprintf("a target has no port; write %s -p %s", e.host, e.port)
	}
	return "a target has no port; write " + e.host
}

// isPort tells whether s is the number of a port, as -p takes it.
func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// cutPort recognises host:port, network:port and [host]:port, which people paste.
func cutPort(word string) *errPort {
	i := strings.LastIndexByte(word, ':')
	if i < 0 || !isPort(word[i+1:]) {
		return nil
	}
	host, port := word[:i], strings.TrimLeft(word[i+1:], "0")
	if inner, found := strings.CutPrefix(host, "["); found {
		host = strings.TrimSuffix(inner, "]")
		if a, err := netip.ParseAddr(host); err != nil || a.Is4() {
			return nil
		}
	} else if strings.Contains(host, ":") {
		return nil
	}
	if _, err := parseWord(host); err != nil {
		return nil
	}
	return &errPort{host, port}
}

// odd is the error of a word that is certainly no target as it stands; nil if it
// may be one.
func odd(word string) error {
	if word == "" {
		return errors.New("is empty")
	}
	if !utf8.ValidString(word) {
		return errors.New("is no text in UTF-8")
	}
	if err := unseen(word); err != nil {
		return err
	}
	if bare := strings.Trim(word, `"'<>()`+"`;“”„‘’«»"); bare != word && bare != "" {
		return advise("has quotes, brackets or a semicolon around it", bare)
	}
	if _, rest, ok := strings.Cut(word, "://"); ok {
		return urlError(rest)
	}
	if i := strings.LastIndexByte(word, '@'); i >= 0 {
		return advise("names a user, and a target has none", word[i+1:])
	}
	if parts := strings.Fields(word); len(parts) > 1 {
		return advise("has blanks in it", strings.Join(JoinRanges(parts), ","))
	}
	if strings.Trim(word, "-") == "" {
		return errors.New("stands alone; a range is two addresses with a dash between them")
	}
	if strings.ContainsAny(word, ";|") {
		return errors.New("targets stand apart by commas or blanks")
	}
	return nil
}

// unseen is about characters that look like others or like nothing: typed with care
// by a word processor or a web page.
func unseen(word string) error {
	strange := rune(0)
	plain := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Mn, r) || unicode.IsSpace(r) && r != ' ':
			strange = r
			return -1
		case r >= 0xff01 && r <= 0xff5e: // the wide forms of ASCII
			strange = r
			return r - 0xff01 + '!'
		case r == 0x3002: // the full stop that goes with them
			strange = r
			return '.'
		}
		return r
	}, word)
	switch {
	case strange == 0:
		return nil
	case unicode.IsPrint(strange) && !unicode.Is(unicode.Mn, strange):
		return advise(fmt.Sprintf("has %q (U+%04X), which only looks like ASCII", strange, strange), plain)
	}
	return advise(fmt.Sprintf("has a character that cannot be seen, U+%04X", strange), plain)
}

// urlError is the error of a URL, of which rest stands behind the scheme.
func urlError(rest string) error {
	host := rest
	if i := strings.IndexAny(host, "/?#"); i >= 0 {
		host = host[:i]
	}
	host = host[strings.LastIndexByte(host, '@')+1:]
	if e := cutPort(host); e != nil {
		return e
	}
	return advise("is a URL, and a target is only the host in it", strings.TrimSuffix(host, ":"))
}

// hexNumber reads addresses that are written in hexadecimal, whole or by octets.
func hexNumber(word string) error {
	if !strings.HasPrefix(word, "0x") && !strings.HasPrefix(word, "0X") && !strings.Contains(strings.ToLower(word), ".0x") {
		return nil
	}
	parts := strings.Split(word, ".")
	if len(parts) > 4 {
		return nil
	}
	whole := uint64(0)
	for i, p := range parts {
		bits := 8
		if i == len(parts)-1 { // the last stands for all octets that are left (inet_aton(3))
			bits = 8 * (5 - len(parts))
		}
		n, err := strconv.ParseUint(p, 0, bits)
		if err != nil {
			return nil
		}
		whole = whole<<bits | n
	}
	return advise("is written in hexadecimal", numberAddr(whole).String())
}

// numberAddr is the IPv4 address of a number.
func numberAddr(n uint64) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// numberError is the error of a number without a dot. A small one is a port that
// stands where a target does.
func numberError(word string) error {
	if isPort(word) {
		return &errPort{"", strings.TrimLeft(word, "0")}
	}
	n, err := strconv.ParseUint(word, 10, 32)
	if err != nil || word[0] == '0' {
		return errors.New("is a number, and no target")
	}
	return advise("is an address as one number", numberAddr(n).String())
}

// undress takes what is around an address and changes nothing of what it means:
// brackets around an IPv6 address, a full stop behind an IPv4 address.
func undress(word string) string {
	if inner, ok := strings.CutPrefix(word, "["); ok {
		addr, rest, closed := strings.Cut(inner, "]")
		if a, err := netip.ParseAddr(addr); closed && err == nil && !a.Is4() && (rest == "" || rest[0] == '/' || rest == ".") {
			return addr + strings.TrimSuffix(rest, ".")
		}
	}
	if bare, ok := strings.CutSuffix(word, "."); ok && strings.Count(bare, ".") == 3 && isNumeric(bare) && !strings.HasSuffix(bare, ".") {
		return bare
	}
	return word
}

// unpadded is word without zeros before its numbers.
func unpadded(word string) string {
	var b strings.Builder
	for i := 0; i < len(word); i++ {
		begins := i == 0 || word[i-1] < '0' || word[i-1] > '9'
		for begins && word[i] == '0' && i+1 < len(word) && word[i+1] >= '0' && word[i+1] <= '9' {
			i++
		}
		b.WriteByte(word[i])
	}
	return b.String()
}

// maskLength is the prefix length that an IPv4 mask stands for. A mask whose ones
// come last is meant the other way round in access lists, and is refused.
func maskLength(host, mask string) (int, error) {
	a, err := parseIPv4Address(mask)
	if err != nil {
		return 0, fmt.Errorf("the mask %q: %w", mask, err)
	}
	b := a.As4()
	ones, size := net.IPMask(b[:]).Size()
	if size != 0 && ones > 0 {
		return ones, nil
	}
	wild := net.IPv4Mask(^b[0], ^b[1], ^b[2], ^b[3])
	if ones, size = wild.Size(); size != 0 {
		return 0, advise(fmt.Sprintf("the mask %s has its ones at the end", mask), host+"/"+strconv.Itoa(ones))
	}
	return 0, fmt.Errorf("the mask %s is of no network: its ones must come first, as in 255.255.255.0", mask)
}
