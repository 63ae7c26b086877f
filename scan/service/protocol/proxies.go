package protocol

import "strings"

// haproxyErrors are HAProxy's own error pages behind their headings, which no header names.
var haproxyErrors = map[string]string{
	"<h1>400 Bad request</h1>":         "Your browser sent an invalid request.",
	"<h1>403 Forbidden</h1>":           "Request forbidden by administrative rules.",
	"<h1>408 Request Time-out</h1>":    "Your browser didn't send a complete request in time.",
	"<h1>502 Bad Gateway</h1>":         "The server returned an invalid or incomplete response.",
	"<h1>503 Service Unavailable</h1>": "No server is available to handle this request.",
	"<h1>504 Gateway Time-out</h1>":    "The server didn't respond in time.",
}

// haproxy knows HAProxy by its error pages.
func haproxy(p Page) (f Facts, ok bool) {
	ok = haproxyError(string(p.Body), &f)
	return f, ok
}

// haproxyStatistics reads the statistics as a table, whose columns are HAProxy's own. The
// page for people has its version behind a style sheet that is longer than what is read.
func haproxyStatistics(p Page) (f Facts, ok bool) {
	return Facts{Product: "HAProxy", CPE: []string{"cpe:/a:haproxy:haproxy"}}, strings.HasPrefix(string(p.Body), "# pxname,svname,qcur,qmax,scur,")
}

// haproxyError reads the body of an error page.
func haproxyError(body string, f *Facts) bool {
	heading, rest, ok := strings.Cut(strings.TrimPrefix(body, "<html><body>"), "\n")
	text := haproxyErrors[heading]
	if !ok || text == "" || !strings.HasPrefix(rest, text+"\n</body></html>") {
		return false
	}
	f.Product, f.CPE = "HAProxy", []string{"cpe:/a:haproxy:haproxy"}
	return true
}

// privoxy refuses who is no client of a proxy in words of its own.
func privoxy(p Page) (f Facts, ok bool) {
	if p.Status != 400 || string(p.Body) != "Invalid header received from client.\n" {
		return f, false
	}
	return Facts{Product: "Privoxy", CPE: []string{"cpe:/a:privoxy:privoxy"}}, true
}
