package wire

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// dscpNames are the names of the DSCP values, in lower case; a value that has
// none is a number.
var dscpNames = [64]string{
	// Class selectors (RFC 2474 §4.2.2). cs0 is the default.
	0: "cs0", 8: "cs1", 16: "cs2", 24: "cs3", 32: "cs4", 40: "cs5", 48: "cs6", 56: "cs7",
	// Assured forwarding: class, then drop precedence (RFC 2597 §6).
	10: "af11", 12: "af12", 14: "af13",
	18: "af21", 20: "af22", 22: "af23",
	26: "af31", 28: "af32", 30: "af33",
	34: "af41", 36: "af42", 38: "af43",
	1:  "le", // lower effort, RFC 8622
	44: "va", // voice admit, RFC 5865
	46: "ef", // expedited forwarding, RFC 3246
}

// ParseDSCP returns the DSCP of a name, in upper or lower case, or of a decimal
// number from 0 to 63. In the TOS byte it stands two bits to the left.
func ParseDSCP(text string) (uint8, error) {
	name := strings.ToLower(text)
	for value, n := range dscpNames {
		if n != "" && n == name {
			return uint8(value), nil
		}
	}
	value, err := strconv.ParseUint(text, 10, 6)
	if err != nil {
		return 0, fmt.Errorf("DSCP %q: neither a number from 0 to 63 nor a name (ef, va, le, cs0 to cs7, af11 to af43)", text)
	}
	return uint8(value), nil
}

// DSCPName returns the name of a DSCP, or its number where it has no name. Only
// the low six bits count.
func DSCPName(dscp uint8) string {
	dscp &= 63
	if name := dscpNames[dscp]; name != "" {
		return name
	}
	return strconv.Itoa(int(dscp))
}

// ecnNames are the codepoints of ECN (RFC 3168 §5), in lower case as the names of DSCPs
// are.
var ecnNames = [4]string{"not-ect", "ect1", "ect0", "ce"}

// ParseECN returns the codepoint of a name, as it stands in the TOS byte; ok is false
// where none has that name.
func ParseECN(name string) (ecn uint8, ok bool) {
	i := slices.Index(ecnNames[:], name)
	return uint8(max(i, 0)), i >= 0
}

// ECNName returns the name of the ECN codepoint of a TOS byte. Only its low two bits
// count.
func ECNName(tos uint8) string { return ecnNames[tos&3] }
