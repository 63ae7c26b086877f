package protocol

import "testing"

func TestServerTokens(t *testing.T) {
	for in, want := range map[string]string{
		"":                                  "||",
		"Foo":                               "Foo||",
		"Foo/1.2 (bar) baz/3":               "Foo|1.2|(bar) baz/3",
		"Linux/5.10 UPnP/1.0 MiniDLNA/1.3":  "MiniDLNA|1.3|Linux/5.10 UPnP/1.0",
		"Debian/12, UPnP/1.0, Gerbera/1.12": "Gerbera|1.12|Debian/12, UPnP/1.0,",
		"Linux/2.6":                         "||Linux/2.6",
		"Linux, HTTP/1.1, DIR-300 Ver 1":    "DIR-300||Linux, HTTP/1.1, Ver 1",
		"Icecast 2.4.4":                     "Icecast|2.4.4|",
		"monit 5.33.0 (x)":                  "monit|5.33.0|(x)",
		"Foo 2 bar":                         "Foo||2 bar",
		"Unix":                              "||Unix",
		"(x)":                               "||(x)",
		"/1":                                "||/1",
	} {
		product, version, rest := ServerTokens(in)
		if got := product + "|" + version + "|" + rest; got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func FuzzServerTokens(f *testing.F) {
	f.Add("Linux/5.10 UPnP/1.0 MiniDLNA/1.3")
	f.Fuzz(func(t *testing.T, s string) {
		if product, version, rest := ServerTokens(s); len(product)+len(version) > len(s) || len(rest) > len(s) {
			t.Errorf("%q: %q %q %q", s, product, version, rest)
		}
	})
}
