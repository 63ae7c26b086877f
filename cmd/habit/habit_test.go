package habit

import (
	"os/exec"
	"testing"
)

// TestQuote: words are proposed as a shell takes them.
func TestQuote(t *testing.T) {
	for _, word := range []string{"a", "", "a b", "it's", "$HOME", "a;b", "*", "mss|ts", "-p", "\\", "\"", "fe80::1%eth0"} {
		out, err := exec.Command("sh", "-c", "printf %s "+quote(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q becomes %q (%v)", word, out, err)
		}
	}
}
