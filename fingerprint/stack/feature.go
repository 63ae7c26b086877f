package stack

import "slices"

// Features are what was seen of a stack, by the name of the feature: values are words of
// the table below. What is not in it was not seen, and says nothing.
type Features map[string]string

// Silent is the value of a question that was not answered although the way for it was
// shown to work.
const Silent = "silent"

// Alike is the value of a TTL that is that of the SYN-ACK: one setting is for all of them.
const Alike = "same"

// group is a set of features that go together: who chose one of them chose the others,
// too, so that they are not as many reasons as they are features.
type group struct {
	name string
	// keep is the share of its evidence that counts, between 0 and 1.
	keep     float64
	features []feature
}

// feature is one thing about a stack.
type feature struct {
	name string
	what string // for people: "options" of "options MSTNW"
	// spoilt is the chance that the way or a setting has made the value another one.
	spoilt float64
	values float64 // how many values there are that a stack may well have
}

// The names of features.
const (
	SynOptions  = "options"          // of the SYN-ACK to the full offer: M, S, T, N, W, L for end of list, ? for others; "none"
	SynWindow   = "window"           // "fill", "20x", "20m" or a number, see Window
	SynScale    = "wscale"           // a number
	SynReversed = "options_reversed" // of the SYN-ACK to the offer in the opposite order without SACK
	SynECN      = "ecn"              // of the answer to ECE and CWR: "yes" ECE alone, "no" none, "both", "cwr"
	IPTTL       = "ttl"              // what the SYN-ACK began with: "32", "64", "128", "255"
	IPDF        = "df"               // of the SYN-ACK: "yes", "no"
	IPID        = "ipid"             // of several SYN-ACKs: "zero", "same", "incr", "swapped", "random"
	IPFlow      = "flow"             // IPv6 flow label of the SYN-ACK: "zero", "set"
	ClockISN    = "isn"              // how initial sequence numbers grow, see ISNClass
	ClockTS     = "ts_rate"          // ticks of the timestamp in a second: "1000", "other"
	ClockScope  = "ts_scope"         // "host": connections share a clock; "connection": each has its own
	ResetWindow = "reset_window"     // of the RST of a closed port: "zero", "set"
	ResetTTL    = "reset_ttl"        // Alike, or as ttl
	StrayTTL    = "stray_ttl"        // Alike, or as ttl: of the RST to what begins no connection
	ResetDF     = "reset_df"         // as df
	ResetID     = "reset_ipid"       // of the RST: "zero", "set"
	ResetACK    = "reset_to_ack"     // flags of its RST to an ACK: "R", "RA"; or Silent
	ResetFPU    = "reset_to_fpu"     // what it answers to FIN, PSH and URG: "rst", Silent
	OddNull     = "open_to_null"     // what an open port answers to no flag at all: "rst", Silent
	OddSFPU     = "open_to_sfpu"     // what it answers to SYN, FIN, PSH and URG: "syn-ack", "rst", Silent
	EchoCode    = "echo_code"        // of the reply to an echo request of code 9: "same", "zero"
	EchoTTL     = "echo_ttl"         // Alike, or as ttl
	EchoDF      = "echo_df"          // of the reply to a request that may not be fragmented: "yes", "no"
	UnreachSize = "unreach_quote"    // bytes quoted of a datagram to a closed UDP port: "all", "528", "28"
	UnreachTOS  = "unreach_tos"      // of the error: "c0", "0"
	UnreachTTL  = "unreach_ttl"      // Alike, or as ttl
	UnreachDF   = "unreach_df"       // of the error: "yes", "no"
)

// groups are all features. The chances in it are judgements; TestHeldOut holds what
// follows from them to stacks and settings that no row was made from.
var groups = []group{
	{"syn", 0.6, []feature{
		{SynOptions, "options", 0.06, 40},
		{SynWindow, "window", 0.08, 60},
		{SynScale, "wscale", 0.15, 15},
		{SynReversed, "options to a reversed offer", 0.08, 40},
		{SynECN, "ECN", 0.15, 4},
	}},
	{"ip", 0.6, []feature{
		{IPTTL, "TTL", 0.05, 4},
		{IPDF, "DF", 0.08, 2},
		{IPID, "IP ID", 0.08, 5},
		{IPFlow, "flow label", 0.08, 2},
	}},
	{"clock", 0.8, []feature{
		{ClockISN, "ISN", 0.04, 12},
		{ClockTS, "timestamp clock", 0.05, 5},
		{ClockScope, "timestamp offset", 0.05, 2},
	}},
	{"reset", 0.5, []feature{
		{ResetWindow, "window of a RST", 0.05, 2},
		{ResetTTL, "TTL of a RST", 0.08, 4},
		{StrayTTL, "TTL of a RST to an ACK", 0.08, 4},
		{ResetDF, "DF of a RST", 0.08, 2},
		{ResetID, "IP ID of a RST", 0.08, 2},
		{ResetACK, "RST to an ACK", 0.08, 3},
		{ResetFPU, "RST to FIN-PSH-URG", 0.08, 3},
	}},
	{"odd", 0.7, []feature{
		{OddNull, "open port, no flags", 0.08, 2},
		{OddSFPU, "open port, SYN-FIN-PSH-URG", 0.1, 3},
	}},
	{"icmp", 0.5, []feature{
		{EchoCode, "code of an echo reply", 0.05, 3},
		{EchoTTL, "TTL of an echo reply", 0.05, 4},
		{EchoDF, "DF of an echo reply", 0.08, 2},
		{UnreachSize, "quote of port unreachable", 0.08, 6},
		{UnreachTOS, "TOS of port unreachable", 0.1, 3},
		{UnreachTTL, "TTL of port unreachable", 0.08, 4},
		{UnreachDF, "DF of port unreachable", 0.08, 2},
	}},
}

// find returns the feature of that name and the group that it is in.
func find(name string) (*group, *feature) {
	for i := range groups {
		g := &groups[i]
		if at := slices.IndexFunc(g.features, func(f feature) bool { return f.name == name }); at >= 0 {
			return g, &g.features[at]
		}
	}
	return nil, nil
}

// Names are the names of all features, in the order of the groups.
func Names() (list []string) {
	for i := range groups {
		for _, f := range groups[i].features {
			list = append(list, f.name)
		}
	}
	return list
}
