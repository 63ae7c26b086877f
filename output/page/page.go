// Package page writes the parts of one HTML page that needs nothing from elsewhere: its
// head, with a policy that lets only its own style sheet and script do anything, tables,
// and pictures. It knows nothing of what a run finds out. Begin is to be called first,
// End last; everything appends to a buffer. Whatever text it is given passes through
// Text, so that none of it becomes markup.
//
// Browsers take the page without a script, too: it is then the same tables, which are
// not sorted and filtered (page.js), and are folded away on narrow screens by the style
// sheet alone (page.css).
package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
)

//go:embed page.css
var style string

//go:embed page.js
var script string

// herald says, before there is any content, that scripts run here: page.css then leaves
// most of a long table to the script. No query of CSS tells it for sure.
const herald = `document.documentElement.className = "scripted";`

// Begin appends everything up to the content of the page.
func Begin(b []byte, title string) []byte {
	b = append(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"...)
	b = append(b, "<meta http-equiv=\"Content-Security-Policy\" content=\""...)
	b = append(append(b, Policy()...), "\">\n"...)
	b = append(b, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"...)
	b = append(b, "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"...)
	b = append(Text(append(b, "<title>"...), title), "</title>\n<style>"...)
	b = append(append(b, style...), "</style>\n<script>"...)
	return append(append(b, herald...), "</script>\n</head>\n<body>\n"...)
}

// End appends the end of the page, with the script for its tables.
func End(b []byte) []byte {
	b = append(append(b, "<script>"...), script...)
	return append(b, "</script>\n</body>\n</html>\n"...)
}

// Policy is the Content-Security-Policy of the page: nothing is loaded, nothing is sent,
// and of styles and scripts only those go that have the hashes of its own (CSP level 3,
// sections 2.3.1 and 6.7.3). A base or a form is not there, and may not be.
func Policy() string {
	return "default-src 'none'; script-src " + hash(herald) + " " + hash(script) + "; style-src " + hash(style) + "; base-uri 'none'; form-action 'none'"
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
