package wire

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Kinds of TCP options (IANA): RFC 9293 §3.2, RFC 7323 §2.2 and §3.2, RFC 2018.
const (
	OptEOL       = 0
	OptNOP       = 1
	OptMSS       = 2
	OptWScale    = 3
	OptSackOK    = 4
	OptTimestamp = 8

	optMPTCP  = 30  // RFC 8684 §3.1
	optTFO    = 34  // RFC 7413 §4.1.1
	optAccECN = 172 // RFC 9768 §3.2.3
)

// named are options of which the value is written in hex, and what they have in a client's
// SYN where it is left out: MP_CAPABLE, version 1, with HMAC-SHA256; the request for a
// cookie; no counters yet.
var named = []struct {
	name  string
	kind  uint8
	value string
}{{"mptcp", optMPTCP, "0101"}, {"tfo", optTFO, ""}, {"accecn", optAccECN, ""}}

// maxOptions is what the data offset of a TCP header leaves for options.
const maxOptions = 40

// What a Linux client asks for where a value is left out: the MSS of Ethernet
// without the headers of its family, and a window shift of 7.
const (
	clientMSS4   = 1460
	clientMSS6   = 1440
	clientWScale = 7
)

// preset returns the options of a client's SYN, in its order.
func preset(name string) (options string, ok bool) {
	switch name {
	case "linux":
		return "mss,sackok,ts,nop,wscale=7", true
	case "windows":
		return "mss,nop,wscale=8,nop,nop,sackok", true
	case "macos":
		return "mss,nop,wscale=6,nop,nop,ts,sackok,eol", true
	case "freebsd":
		return "mss,nop,wscale=6,sackok,ts", true
	}
	return "", false
}

// ParseOptions encodes TCP options as people write them, in the order written:
//
//	mss[=N]  sackok  ts[=VAL[:ECR]]  nop  wscale[=N]  eol
//	tfo[=HEX]  mptcp[=HEX]  accecn[=HEX]
//	opt=KIND[:HEX]   any other option with its value
//	raw=HEX          bytes as they are, well-formed or not
//
// separated by commas, or one of the presets none, linux, windows, macos and
// freebsd. What is left out of mss and wscale is what a Linux client of that
// family sends. opts is padded with zeros to a multiple of 4 bytes; more than 40
// are an error.
//
// tsOffset is the offset in opts of the 8-byte value of a timestamp option whose
// value was left out, for the sender to fill in; 0 if there is none.
func ParseOptions(text string, v6 bool) (opts []byte, tsOffset int, err error) {
	if text == "none" {
		return nil, 0, nil
	}
	if full, ok := preset(text); ok {
		text = full
	}
	for item := range strings.SplitSeq(text, ",") {
		name, value, given := strings.Cut(strings.TrimSpace(item), "=")
		if name == "ts" && !given && tsOffset == 0 {
			tsOffset = len(opts) + 2
		}
		if opts, err = appendOption(opts, name, value, given, v6); err != nil {
			return nil, 0, fmt.Errorf("TCP option %q: %w", item, err)
		}
		if len(opts) > maxOptions {
			return nil, 0, fmt.Errorf("TCP options %q: more than %d bytes", text, maxOptions)
		}
	}
	for len(opts)%4 != 0 {
		opts = append(opts, OptEOL)
	}
	return opts, tsOffset, nil
}

var errNoValue = errors.New("takes no value")

// appendOption appends the option called name; given tells whether there was a
// value.
func appendOption(b []byte, name, value string, given, v6 bool) ([]byte, error) {
	switch name {
	case "eol", "nop", "sackok":
		if given {
			return nil, errNoValue
		}
	}
	switch name {
	case "eol":
		return append(b, OptEOL), nil
	case "nop":
		return append(b, OptNOP), nil
	case "sackok":
		return append(b, OptSackOK, 2), nil
	case "mss":
		mss := uint64(clientMSS4)
		if v6 {
			mss = clientMSS6
		}
		mss, err := number(value, given, mss, 16)
		return binary.BigEndian.AppendUint16(append(b, OptMSS, 4), uint16(mss)), err
	case "wscale":
		shift, err := number(value, given, clientWScale, 8)
		return append(b, OptWScale, 3, uint8(shift)), err
	case "ts":
		val, ecr, both := strings.Cut(value, ":")
		v, err := number(val, given, 0, 32)
		if err != nil {
			return nil, err
		}
		e, err := number(ecr, both, 0, 32)
		b = append(b, OptTimestamp, 10)
		b = binary.BigEndian.AppendUint32(b, uint32(v))
		return binary.BigEndian.AppendUint32(b, uint32(e)), err
	case "opt":
		return appendUnnamed(b, value)
	case "raw":
		data, err := hex.DecodeString(value)
		if err == nil && len(data) == 0 {
			err = errors.New("no bytes")
		}
		return append(b, data...), err
	}
	for _, o := range named {
		if o.name != name {
			continue
		}
		if !given {
			value = o.value
		}
		v, err := hex.DecodeString(value)
		return append(append(b, o.kind, uint8(2+len(v))), v...), err // one that overflows is too long altogether
	}
	return nil, errors.New("unknown (mss, sackok, ts, nop, wscale, eol, tfo, mptcp, accecn, opt=KIND:HEX, raw=HEX, or none, linux, windows, macos, freebsd)")
}

// appendUnnamed appends the option that value, KIND[:HEX], describes.
func appendUnnamed(b []byte, value string) ([]byte, error) {
	kind, data, _ := strings.Cut(value, ":")
	k, err := number(kind, true, 0, 8)
	if err != nil {
		return nil, err
	}
	if k == OptEOL || k == OptNOP {
		return nil, errors.New("kinds 0 and 1 are eol and nop, without length and value")
	}
	v, err := hex.DecodeString(data)
	if err != nil {
		return nil, err
	}
	b = append(b, uint8(k), uint8(2+len(v))) // one that overflows is too long altogether
	return append(b, v...), nil
}

// number reads a decimal number of at most that many bits; without given it is
// the default.
func number(text string, given bool, def uint64, bits int) (uint64, error) {
	if !given {
		return def, nil
	}
	n, err := strconv.ParseUint(text, 10, bits)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number from 0 to %d", text, uint64(1)<<bits-1)
	}
	return n, nil
}

// NextOption splits the first option off opts. value is without kind and
// length and empty for EOL and NOP; it and rest alias opts. After EOL rest is
// empty, as what follows is padding (RFC 9293 §3.2). ok is false at the end; if
// then len(opts) > 0, they are malformed.
func NextOption(opts []byte) (kind uint8, value, rest []byte, ok bool) {
	if len(opts) == 0 {
		return 0, nil, nil, false
	}
	switch kind = opts[0]; kind {
	case OptEOL:
		return kind, nil, nil, true
	case OptNOP:
		return kind, nil, opts[1:], true
	}
	if len(opts) < 2 {
		return 0, nil, opts, false
	}
	size := int(opts[1])
	if size < 2 || size > len(opts) {
		return 0, nil, opts, false
	}
	return kind, opts[2:size], opts[size:], true
}

// FindOption returns the value of the first option of a kind; it aliases opts.
func FindOption(opts []byte, kind uint8) (value []byte, found bool) {
	for {
		k, v, rest, ok := NextOption(opts)
		if !ok {
			return nil, false
		}
		if k == kind {
			return v, true
		}
		opts = rest
	}
}

// AppendOptions appends the text of encoded options, such as
// "mss=1460,sackok,ts=7:0,nop,wscale=7": what ParseOptions would encode as opts.
// No options are "none". Zeros behind eol are left out. Malformed bytes, to the
// end, become raw=HEX.
func AppendOptions(b, opts []byte) []byte {
	if len(opts) == 0 {
		return append(b, "none"...)
	}
	start := len(b)
	for len(opts) > 0 {
		if len(b) > start {
			b = append(b, ',')
		}
		kind, value, rest, ok := NextOption(opts)
		if !ok {
			return hex.AppendEncode(append(b, "raw="...), opts)
		}
		b = appendOptionText(b, kind, value)
		if kind == OptEOL && !zero(opts[1:]) {
			return hex.AppendEncode(append(b, ",raw="...), opts[1:])
		}
		opts = rest
	}
	return b
}

// appendOptionText appends one option. Those whose value has the wrong size for
// their kind are written as unnamed ones.
func appendOptionText(b []byte, kind uint8, value []byte) []byte {
	switch {
	case kind == OptEOL:
		return append(b, "eol"...)
	case kind == OptNOP:
		return append(b, "nop"...)
	case kind == OptSackOK && len(value) == 0:
		return append(b, "sackok"...)
	case kind == OptMSS && len(value) == 2:
		b = append(b, "mss="...)
		return strconv.AppendUint(b, uint64(binary.BigEndian.Uint16(value)), 10)
	case kind == OptWScale && len(value) == 1:
		b = append(b, "wscale="...)
		return strconv.AppendUint(b, uint64(value[0]), 10)
	case kind == OptTimestamp && len(value) == 8:
		b = append(b, "ts="...)
		b = strconv.AppendUint(b, uint64(binary.BigEndian.Uint32(value)), 10)
		b = append(b, ':')
		return strconv.AppendUint(b, uint64(binary.BigEndian.Uint32(value[4:])), 10)
	}
	for _, o := range named {
		if o.kind != kind {
			continue
		}
		if b = append(b, o.name...); hex.EncodeToString(value) == o.value {
			return b
		}
		return hex.AppendEncode(append(b, '='), value)
	}
	b = append(b, "opt="...)
	b = strconv.AppendUint(b, uint64(kind), 10)
	b = append(b, ':')
	return hex.AppendEncode(b, value)
}

// zero tells whether b is nothing but zeros.
func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
