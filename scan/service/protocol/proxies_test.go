package protocol

import (
	"strings"
	"testing"
)

// TestProxies: bodies of pages that servers of Debian 12 sent.
func TestProxies(t *testing.T) {
	const statistics = "<html><head><title>Statistics Report for HAProxy</title></head>\n<body>" +
		"<h1><a href=\"http://www.haproxy.org/\" style=\"text-decoration: none;\">HAProxy version 2.6.12-1+deb12u4, released 2026/10/17</a></h1>\n"
	for _, e := range []struct {
		page Page
		want string
	}{
		{Page{Status: 200, Title: "Statistics Report for HAProxy", Body: []byte(statistics)}, "HAProxy 2.6.12"},
		{Page{Status: 200, Title: "Statistics Report for HAProxy", Body: []byte(strings.ReplaceAll(statistics, " version 2.6.12-1+deb12u4, released ", ""))}, "HAProxy "},
		{Page{Status: 200, Title: "Statistics Report for HAProxy"}, ""}, // anybody's page may have the title
		{Page{Status: 200, Title: "another", Body: []byte(statistics)}, ""},
		{Page{Status: 400, Body: []byte("<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request.\n</body></html>\n")}, "HAProxy "},
		{Page{Status: 503, Body: []byte("<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n")}, "HAProxy "},
		{Page{Status: 400, Body: []byte("<html><body><h1>400 Bad request</h1>\nSomething else.\n</body></html>\n")}, ""},
		{Page{Status: 400, Body: []byte("Invalid header received from client.\n")}, "Privoxy "},
		{Page{Status: 200, Body: []byte("Invalid header received from client.\n")}, ""},
	} {
		got := ""
		for _, a := range Apps {
			if a.Ask == nil {
				if f, ok := a.Read(e.page); ok {
					got += f.Product + " " + f.Version
				}
			}
		}
		if got != e.want {
			t.Errorf("%q: %q, want %q", e.page.Body, got, e.want)
		}
	}
}

func FuzzProxies(f *testing.F) {
	f.Add([]byte("<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request.\n</body></html>\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func(Page) (Facts, bool){haproxy, privoxy} {
			if facts, ok := read(Page{Status: 400, Title: "Statistics Report for HAProxy", Body: b}); ok && (facts.Product == "" || len(facts.Version) > maxField) {
				t.Errorf("%+v", facts)
			}
		}
	})
}
