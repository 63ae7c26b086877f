package protocol

import "strings"

// HTTP is asked by package service, which has more to do there than to read one answer.
// Here is where it is usual, and what comes of it unasked.
var HTTP = register(Protocol{
	Name:   "http",
	Source: "RFC 9112 section 4",
	Ports: []uint16{80, 81, 82, 280, 591, 631, 3000, 3128, 5000, 5357, 5985, 7001, 8000, 8001, 8008, 8080, 8081, 8082, 8083,
		8086, 8088, 8090, 8118, 8123, 8181, 8200, 8500, 8880, 8888, 9000, 9080, 9090, 9091, 9200, 49152},
	Secure: []uint16{443, 2083, 2087, 2096, 2376, 4443, 5986, 6443, 7443, 8006, 8443, 9443, 10250, 10443},
	Inside: "https",
	Read: func(said Said) (Facts, Match) {
		line, whole := firstLine(said.Text())
		if !strings.HasPrefix(line, "HTTP/1.") {
			return Facts{}, No
		}
		if whole {
			return Facts{}, Some // others begin so, too, and go on in words of their own
		}
		return Facts{}, Begun
	},
})
