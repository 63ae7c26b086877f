package protocol

import "strings"

// systems are words for operating systems and the like, in lower case: what a server was
// built for or with, never what it is.
var systems = map[string]bool{"linux": true, "unix": true, "posix": true, "debian": true, "ubuntu": true, "windows": true, "windowsnt": true, "win32": true,
	"freebsd": true, "netbsd": true, "openbsd": true, "darwin": true, "macosx": true, "vxworks": true, "android": true, "ucos": true, "freertos": true, "rtos": true,
	"openwrt": true, "solaris": true, "sunos": true, "unspecified": true, "unknown": true, "server": true, "dlnadoc": true, "upnp": true, "http": true}

// ServerTokens splits what a server calls itself: product *( RWS ( product / comment ) ),
// product = token ["/" version], the most significant first (RFC 9110 section 10.2.4). UPnP
// devices have system, UPnP and product instead (UPnP Device Architecture 1.1 section
// 1.3.3). A word for a system is never a product.
func ServerTokens(s string) (product, version, rest string) {
	words := strings.Fields(s)
	at := 0
	for i, word := range words {
		if strings.HasPrefix(strings.ToUpper(strings.TrimRight(word, ",")), "UPNP/") {
			at = i + 1
		}
	}
	for ; at < len(words); at++ {
		name, number, _ := strings.Cut(strings.TrimRight(words[at], ","), "/")
		if strings.HasPrefix(name, "(") {
			break
		}
		if name != "" && !systems[strings.ToLower(name)] && !isDigit(name[0]) {
			if number == "" && at+1 < len(words) && isVersion(words[at+1]) { // "Icecast 2.4.4"
				words = append(append(words[:at:at], name), words[at+2:]...)
				number = strings.Fields(s)[at+1]
			}
			rest = strings.TrimSpace(strings.Join(words[at+1:], " "))
			if at > 0 {
				rest = strings.Join(append(words[:at:at], words[at+1:]...), " ")
			}
			return name, number, rest
		}
	}
	return "", "", s
}

// isVersion tells whether a word is a version and no other number: "2.4.4", "v1.10".
func isVersion(word string) bool {
	word = strings.TrimPrefix(word, "v")
	return len(word) >= 3 && isDigit(word[0]) && strings.Contains(word, ".") && strings.Trim(word, "0123456789.abcdefghijklmnopqrstuvwxyz-+~_") == ""
}
