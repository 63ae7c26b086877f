package page

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// FuzzText: whatever the text is, it is one text, and one value of an attribute, which a
// parser reads as it was.
func FuzzText(f *testing.F) {
	f.Add(`"'><script>alert(1)</script>&amp;<!--`)
	f.Add("a\u2028b")
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsAny(s, "\x00\r") || strings.ToValidUTF8(s, "") != s {
			return // which nobody gives it: such are escaped before, and HTML has no way to hold them
		}
		b := Text([]byte(`<p class="`), s)
		b = append(Text(append(b, `">`...), s), "</p>"...)
		doc, err := html.Parse(strings.NewReader(string(b)))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for e := range doc.Descendants() {
			if e.Type != html.ElementNode || e.Data == "html" || e.Data == "head" || e.Data == "body" {
				continue
			}
			n++
			text := ""
			if e.FirstChild != nil {
				text = e.FirstChild.Data
			}
			if e.Data != "p" || len(e.Attr) != 1 || e.Attr[0].Val != s || text != s {
				t.Errorf("%q is read as %+v with %q", s, e, text)
			}
		}
		if n != 1 {
			t.Errorf("%q becomes %d elements", s, n)
		}
	})
}

// TestOwnParts: what stands in the page as it is ends nothing before its end.
func TestOwnParts(t *testing.T) {
	for name, part := range map[string]string{"style sheet": style, "script": script} {
		if strings.Contains(part, "</") || strings.Contains(part, "<!--") || len(part) == 0 {
			t.Errorf("the %s would end too early", name)
		}
		for _, r := range part {
			if r == 0xfffd || r < ' ' && r != '\n' {
				t.Errorf("the %s has %q", name, r)
			}
		}
	}
	for _, word := range []string{"eval(", "Function(", "innerHTML", "outerHTML", "insertAdjacent", "document.write", "setAttribute", "fetch(", "XMLHttp", "import("} {
		if strings.Contains(script, word) {
			t.Errorf("the script has %s", word)
		}
	}
	if strings.Contains(style, "url(") || strings.Contains(style, "@import") {
		t.Error("the style sheet loads something")
	}
}

// TestStateClass: the class of a state is a name.
func TestStateClass(t *testing.T) {
	for state, want := range map[string]string{"open": "open", "open|filtered": "open-filtered", `x" onclick="`: "x--onclick--"} {
		if got := stateClass(state); got != want {
			t.Errorf("%s: %s, want %s", state, got, want)
		}
	}
}

// TestContrast: what is read has at least the contrast that WCAG 2.2 asks for (4.5 to 1,
// section 1.4.3), in the light and in the dark.
func TestContrast(t *testing.T) {
	light, rest, _ := strings.Cut(style, "prefers-color-scheme: dark")
	dark, _, _ := strings.Cut(rest, "* {")
	for name, theme := range map[string]string{"light": light, "dark": dark} {
		colors := variables(theme)
		for _, pair := range [][2]string{{"front", "back"}, {"soft", "back"}, {"link", "back"}, {"front", "band"}, {"soft", "band"}, {"warn", "back"},
			{"good", "good-back"}, {"bad", "bad-back"}, {"warn", "warn-back"}, {"front", "dim-back"}} {
			if c := contrast(colors[pair[0]], colors[pair[1]]); c < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f", name, pair[0], pair[1], c)
			}
		}
	}
}
