package service

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"sonde/scan/service/protocol"

	"golang.org/x/net/html/charset"
)

// encoded is text in a charset.
func encoded(t testing.TB, label, text string) string {
	t.Helper()
	if order, ok := strings.CutPrefix(label, "utf-16"); ok {
		var b []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			if order == "be" {
				b = append(b, byte(unit>>8), byte(unit))
			} else {
				b = append(b, byte(unit), byte(unit>>8))
			}
		}
		return string(b)
	}
	e, _ := charset.Lookup(label)
	b, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func response200(fields, body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", fields, len(body), body)
}

// TestCharsets: a title is in its own letters, by the charset that the header or the
// page names; where none is named, its bytes stay unless it is evident.
func TestCharsets(t *testing.T) {
	titles := map[string]string{
		"gbk": "路由器登录", "gb18030": "路由器㐂", "big5": "路由器登入", "shift_jis": "ルーター設定", "euc-jp": "ルーター設定", "iso-2022-jp": "ルーター設定",
		"euc-kr": "공유기 설정", "windows-1251": "Вход в роутер", "koi8-r": "Вход в роутер", "iso-8859-2": "Přihlášení", "iso-8859-1": "Café réseau",
		"windows-1252": "Café – réseau €", "iso-8859-7": "Σύνδεση", "windows-1255": "כניסה", "windows-1256": "دخول", "windows-874": "เข้าสู่ระบบ",
		"iso-8859-15": "Œuvre €", "utf-8": "路由器 Café", "ibm866": "Вход",
	}
	for label, title := range titles {
		text := encoded(t, label, title)
		html := func(before, behind string) string {
			return "<html><head>" + before + "<title>" + text + "</title>" + behind + "</head></html>"
		}
		meta := `<meta charset="` + label + `">`
		for how, b := range map[string]string{
			"in the header":               response200("Content-Type: text/html; charset="+label+"\r\n", html("", "")),
			"in the header, quoted":       response200("Content-type: text/html;charset=\""+strings.ToUpper(label)+"\"; x=y\r\n", html("", "")),
			"before the title":            response200("Content-Type: text/html\r\n", html(meta, "")),
			"behind the title":            response200("", html("", `<meta http-equiv=Content-Type content="text/html; charset=`+label+`">`)),
			"in the header and otherwise": response200("Content-Type: text/html; charset="+label+"\r\n", html("<meta charset=koi8-u>", "")),
			"in the page, unknown before": response200("Content-Type: text/html; charset=nonsense\r\n", html(meta, "")),
		} {
			for _, n := range []int{1, 7, 1 << 16} {
				if r := digest([]byte(b), n); r.title != title {
					t.Errorf("%s %s, in pieces of %d: %q, want %q", label, how, n, r.title, title)
				}
			}
		}
	}
	cyrillic := encoded(t, "windows-1251", "Вход в роутер")
	for name, tt := range map[string]struct{ response, want string }{
		"nothing named, UTF-8":       {response200("", "<title>路由器</title>"), "路由器"},
		"nothing named, Latin":       {response200("", "<title>Caf\xe9 r\xe9seau</title>"), "Café réseau"},
		"nothing named, others":      {response200("", "<title>"+cyrillic+"</title>"), cyrillic},
		"named wrongly":              {response200("Content-Type: text/html; charset=utf-8\r\n", "<title>"+cyrillic+"</title>"), cyrillic},
		"named wrongly, then right":  {response200("Content-Type: text/html; charset=utf-8\r\n", "<meta charset=windows-1251><title>"+cyrillic+"</title>"), "Вход в роутер"},
		"named, cut within a letter": {response200("Content-Type: text/html; charset=gbk\r\n", "<title>\xc2\xb7\xd3</title>"), "\xc2\xb7\xd3"},
		"UTF-16, marked, little":     {response200("", "\xff\xfe"+encoded(t, "utf-16le", "<title>路由器</title>")), "路由器"},
		"UTF-16, marked, big":        {response200("", "\xfe\xff"+encoded(t, "utf-16be", "<title>路由器</title>")), "路由器"},
		"UTF-16, named":              {response200("Content-Type: text/html; charset=utf-16\r\n", encoded(t, "utf-16le", "\r\n<title>Ключ</title>")), "Ключ"},
		"UTF-16, evident":            {response200("", encoded(t, "utf-16be", "<title>Ключ</title>")), "Ключ"},
		"UTF-16 named, not so":       {response200("Content-Type: text/html; charset=utf-16\r\n", "<title>Key</title>"), "Key"},
		"UTF-8, marked":              {response200("", "\xef\xbb\xbf<title>Café</title>"), "Café"},
		"UTF-16 declared in ASCII":   {response200("", "<meta charset=utf-16><title>Café</title>"), "Café"},
		"entities":                   {response200("Content-Type: text/html; charset=gbk\r\n", "<title>&lt;"+encoded(t, "gbk", "登录")+"&#30331;</title>"), "<登录登"},
		"long":                       {response200("Content-Type: text/html; charset=gbk\r\n", "<title>"+encoded(t, "gbk", strings.Repeat("登", 2000))+"</title>"), strings.Repeat("登", 85)},
		"longer than is read":        {response200("Content-Type: text/html; charset=gbk\r\n", "<title>a"+encoded(t, "gbk", strings.Repeat("登", 3000))+"</title>"), "a" + strings.Repeat("登", 85)},
	} {
		for _, n := range []int{1, 7, 1 << 16} {
			if r := digest([]byte(tt.response), n); r.title != tt.want {
				t.Errorf("%s, in pieces of %d: %q, want %q", name, n, r.title, tt.want)
			}
		}
	}
}

// pack compresses text.
func pack(t testing.TB, coding, text string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zlib":
		w = zlib.NewWriter(&b)
	case "flate":
		w, _ = flate.NewWriter(&b, 9)
	}
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

// TestCompressed: pages that come compressed unasked are unpacked, also in chunks,
// in UTF-16, cut short, or without being told.
func TestCompressed(t *testing.T) {
	html := "<html><head><title>" + encoded(t, "gbk", "登录") + "</title></head>" + strings.Repeat("<p>text</p>", 3000)
	gbk := "Content-Type: text/html; charset=gbk\r\n"
	chunked := func(b string) string {
		return fmt.Sprintf("%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", 10, b[:10], len(b)-10, b[10:])
	}
	zipped := pack(t, "gzip", html)
	for name, b := range map[string]string{
		"gzip":                   response200(gbk+"Content-Encoding: gzip\r\n", zipped),
		"x-gzip":                 response200(gbk+"Content-Encoding: X-GZIP\r\n", zipped),
		"untold":                 response200(gbk, zipped),
		"deflate":                response200(gbk+"Content-Encoding: deflate\r\n", pack(t, "zlib", html)),
		"deflate, bare":          response200(gbk+"Content-Encoding: deflate\r\n", pack(t, "flate", html)),
		"deflate that is not":    response200(gbk+"Content-Encoding: deflate\r\n", html),
		"gzip that is not":       response200(gbk+"Content-Encoding: gzip\r\n", html),
		"in chunks":              "HTTP/1.1 200 OK\r\n" + gbk + "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(zipped),
		"to the end":             "HTTP/1.1 200 OK\r\n" + gbk + "Content-Encoding: gzip\r\n\r\n" + zipped,
		"cut short":              response200(gbk+"Content-Encoding: gzip\r\n", zipped)[:len(response200(gbk+"Content-Encoding: gzip\r\n", zipped))-30],
		"UTF-16":                 response200("Content-Encoding: gzip\r\n", pack(t, "gzip", "\xff\xfe"+encoded(t, "utf-16le", "<title>登录</title>"))),
		"with rubbish behind it": response200(gbk+"Content-Encoding: gzip\r\n", zipped+"rubbish"),
	} {
		for _, n := range []int{1, 7, 1 << 16} {
			if r := digest([]byte(b), n); r.title != "登录" {
				t.Errorf("%s, in pieces of %d: %q", name, n, r.title)
			}
		}
	}
	if r := digest([]byte(response200("Content-Encoding: gzip\r\n", "\x1f\x8b\x08rubbish")), 1); r.title != "" || r.foreign {
		t.Errorf("%+v", r)
	}
}

// TestExpansion: a page that grows a thousandfold is unpacked up to a bound, and in
// a bounded time however small its pieces are.
func TestExpansion(t *testing.T) {
	bomb := pack(t, "gzip", strings.Repeat("<p>", 20<<20))
	b := []byte(response200("Content-Encoding: gzip\r\n", bomb[:min(len(bomb), maxRead-200)]))
	start := time.Now()
	r := digest(b, 1)
	if len(r.page.text) != maxPage || r.title != "" {
		t.Errorf("%d bytes", len(r.page.text))
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("it took %v", d)
	}
}

// TestClip: strings are cut between characters.
func TestClip(t *testing.T) {
	for n := range 8 {
		s := protocol.Clip(strings.Repeat("x", n) + strings.Repeat("登", 200))
		if !utf8.ValidString(s) || len(s) > maxField || len(s) < maxField-3 {
			t.Errorf("%d bytes: %q", len(s), s[len(s)-5:])
		}
	}
	if s := protocol.Clip(strings.Repeat("\xbf", 999)); len(s) != maxField {
		t.Errorf("%d bytes", len(s))
	}
}

// TestPageOverNetwork: what a server compresses and names is in the answer.
func TestPageOverNetwork(t *testing.T) {
	b := response200("Content-Type: text/html; charset=shift_jis\r\nContent-Encoding: gzip\r\nServer: Jetty\r\n", pack(t, "gzip", "<title>"+encoded(t, "shift_jis", "ルーター設定")+"</title>"))
	a := serve(page(map[string]string{"": b})).ask(t, 80, Options{})
	if a.HTTP == nil || a.HTTP.Title != "ルーター設定" || a.HTTP.Server != "Jetty" {
		t.Errorf("%s %+v", short(a), a.HTTP)
	}
}

func FuzzPage(f *testing.F) {
	f.Add([]byte("\xff\xfe<\x00t\x00"), "", "utf-16")
	f.Add([]byte(pack(f, "gzip", "<title>x</title>")), "gzip", "gbk")
	f.Add([]byte(pack(f, "flate", "<title>\xc2\xb7\xd3</title>")), "deflate", "gb2312")
	f.Fuzz(func(t *testing.T, body []byte, coding, label string) {
		var p pageText
		before := 0
		for i := range min(len(body), 200) {
			text := p.read(body[:i], coding, label, false)
			if len(text) > 2*maxPage || before > len(text) && i > 4 {
				t.Errorf("%d bytes of text, after %d", len(text), before)
			}
		}
		text := p.read(body, coding, label, true)
		head, _ := headOf(text)
		s := decode(text[:min(len(text), 99)], head, label)
		if utf8.Valid(text) && plain(text) && !utf8.ValidString(s) {
			t.Errorf("%q", s)
		}
	})
}
