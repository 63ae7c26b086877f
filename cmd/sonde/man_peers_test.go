package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestManualForPeers: mandoc and groff find nothing wrong with a manual page, and man shows
// what is in it.
func TestManualForPeers(t *testing.T) {
	if os.Getenv("PEERS") != "1" {
		t.Skip("it asks mandoc and man: PEERS=1 runs it")
	}
	dir := t.TempDir()
	if out, err := exec.Command(program(t), "man", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "man?", "*"))
	if err != nil || len(pages) < 20 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		out, _ := exec.Command("mandoc", "-T", "lint", "-W", "style", page).CombinedOutput() // which fails where it warns
		lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(out)), "\n"), func(line string) bool {
			return line == "" || strings.Contains(line, "missing date") || // of a build without git
				strings.Contains(line, ":5:") && strings.Contains(line, "longer than 80 bytes") // NAME, which is one line for whatis
		})
		if len(lines) > 0 {
			t.Errorf("mandoc (Debian package mandoc): %s", strings.Join(lines, "\n"))
		}
		show := exec.Command("man", "--warnings=w", "-l", page)
		show.Env = append(os.Environ(), "MANWIDTH=80", "LC_ALL=C.UTF-8", "MAN_KEEP_FORMATTING=")
		var said strings.Builder
		show.Stderr = &said
		text, err := show.Output()
		if err != nil || said.Len() > 0 {
			t.Errorf("man (Debian packages man-db and groff) %s: %v\n%s", page, err, said.String())
		}
		if name := filepath.Base(page); name == "sonde-tcp.1" &&
			(!strings.Contains(string(text), "sonde tcp -q -p ssh --expect open 192.0.2.0/28 && echo all of them") || !strings.Contains(string(text), "--tcp-options LIST")) {
			t.Errorf("%s: an example or a flag is not shown as it is typed:\n%s", name, text)
		}
	}
}
