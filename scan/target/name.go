package target

import (
	"errors"
	"fmt"
	"strings"
)

// checkName refuses what cannot be a host name, so that nobody is asked for it
// (RFC 1123 2.1, with the underscore that people use).
func checkName(name string) error {
	if strings.HasPrefix(name, "-") {
		return errors.New("is neither a flag nor a target; a host name does not begin with a dash")
	}
	bare := strings.TrimSuffix(name, ".")
	if len(bare) > 253 {
		return errors.New("is longer than a host name can be, 253 characters")
	}
	for label := range strings.SplitSeq(bare, ".") {
		switch {
		case label == "":
			return errors.New("has an empty label; a host name has something between the dots")
		case len(label) > 63:
			return fmt.Errorf("has a label of %d characters; a host name has at most 63 between dots", len(label))
		}
	}
	for _, r := range bare {
		switch {
		case r >= 0x80:
			return errors.New("has letters outside ASCII; only its xn-- form can be looked up")
		case r == '%':
			return errors.New("a zone belongs to an IPv6 address, as in fe80::1%eth0")
		case !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.'):
			return fmt.Errorf("is neither an address nor a host name: %q cannot be in one", r)
		}
	}
	return nil
}
