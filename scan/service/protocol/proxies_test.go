package protocol

import (
	"testing"
)

// TestProxies: the pages of 400 are what servers of Debian 12 sent, that of 503 is as HAProxy's
// documents have it.
func TestProxies(t *testing.T) {
	for _, e := range []struct {
		page Page
		want string
	}{
		{Page{Status: 200, Title: "Statistics Report for HAProxy"}, ""}, // anybody's page may have the title
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

// TestHAProxyStatistics: the columns are as HAProxy's documents have them; anybody's page may have the title, but not the table.
func TestHAProxyStatistics(t *testing.T) {
	for body, want := range map[string]bool{"# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,": true, "<html># pxname,svname,qcur,qmax,scur,": false, "": false} {
		if _, ok := haproxyStatistics(Page{Status: 200, Body: []byte(body)}); ok != want {
			t.Errorf("%q: %v, want %v", body, ok, want)
		}
	}
}

func FuzzProxies(f *testing.F) {
	f.Add([]byte("<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request.\n</body></html>\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func(Page) (Facts, bool){haproxy, haproxyStatistics, privoxy} {
			if facts, ok := read(Page{Status: 400, Title: "Statistics Report for HAProxy", Body: b}); ok && (facts.Product == "" || len(facts.Version) > maxField) {
				t.Errorf("%+v", facts)
			}
		}
	})
}
