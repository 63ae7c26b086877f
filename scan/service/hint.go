package service

import "time"

// hint is what a port's number suggests: which conversation goes first.
type hint uint8

const (
	unhinted    hint = iota
	greets           // the server speaks first
	web              // the client speaks first, HTTP
	secureWeb        // TLS at once, HTTP inside
	secureGreet      // TLS at once, inside the server speaks first
	prints           // whatever is sent comes out on paper
)

// hintOf returns the hint of a port, from IANA's registry and common use.
func hintOf(port uint16) hint {
	switch port {
	case 21, 22, 23, 25, 26, 106, 110, 119, 143, 220, 366, 433, 587, 873, 2121, 2200, 2222, 2323, 2525,
		3306, 3307, 4190, 5900, 5901, 5902, 5903, 22222:
		return greets
	case 80, 81, 82, 280, 591, 631, 3000, 3128, 5000, 5357, 5985, 7001, 8000, 8001, 8008, 8080, 8081, 8082, 8083,
		8086, 8088, 8090, 8118, 8123, 8181, 8200, 8500, 8880, 8888, 9000, 9080, 9090, 9091, 9200, 49152:
		return web
	case 443, 2083, 2087, 2096, 2376, 4443, 5986, 6443, 7443, 8006, 8443, 9443, 10250, 10443:
		return secureWeb
	case 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 3269, 5061, 5671, 6514, 6697, 8883:
		return secureGreet
	case 9100, 9101, 9102, 9103, 9104, 9105, 9106, 9107:
		return prints
	}
	return unhinted
}

// step is a conversation and when it starts at the latest. It starts sooner when
// all before it have ended without a verdict.
type step struct {
	after time.Duration
	talk  talk
}

// plan returns the steps for a port, at most maxConns. A conversation has one
// connection at a time, so there are no more connections than steps.
func plan(h hint, w waits) []step {
	switch h {
	case greets:
		// What is sent before a late greeting spoils it (RFC 5321 section 4.3.1):
		// so the others have connections of their own.
		return []step{{0, talk{listen: true}}, {w.second, talk{tls: true}}, {w.second, talk{get: true}}}
	case web:
		return []step{{0, talk{get: true}}, {w.second, talk{tls: true}}, {w.second, talk{listen: true}}}
	case secureWeb, secureGreet:
		return []step{{0, talk{tls: true}}, {w.second, talk{listen: true, get: true}}}
	case prints:
		return []step{{0, talk{listen: true}}}
	}
	return []step{{0, talk{listen: true, get: true}}, {0, talk{tls: true}}}
}

const maxConns = 3

// waits are how long to wait for what, from the round-trip time.
type waits struct {
	greeting time.Duration // for a greeting, before something is asked
	patient  time.Duration // the same, where a greeting is expected
	second   time.Duration // before other languages are tried
	better   time.Duration // for a better answer, when there is one
	prompt   time.Duration // between the pieces of a text without line end
	binary   time.Duration // the same, where it is no text
}

func waitsFor(rtt time.Duration) waits {
	return waits{
		greeting: min(max(2*rtt, 40*time.Millisecond), 250*time.Millisecond),
		patient:  time.Second + 2*rtt,
		second:   max(300*time.Millisecond, 3*rtt+100*time.Millisecond),
		better:   time.Second + 3*rtt,
		prompt:   1500*time.Millisecond + 2*rtt,
		binary:   150*time.Millisecond + 2*rtt,
	}
}
