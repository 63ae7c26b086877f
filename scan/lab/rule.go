package lab

// Rule is one line of a host's firewall: what it matches, and what happens then.
// Zero fields match everything. Rules of one chain are tried in order until one
// decides.
type Rule struct {
	Name  string // counts under this name, see Firewall.Count
	Chain Chain  // default Input

	In, Out string // interface; Ingress needs In, Egress needs Out
	Proto   string // "tcp", "udp", "icmp", "icmpv6"; in Ingress and Egress also "arp"
	Src     string // address or prefix of either family
	Dst     string
	TTL     uint8  // or hop limit, as it comes in; 0: any. With Src or Dst
	TOS     uint8  // or traffic class; 0: any. With Src or Dst
	Longer  int    // the packet has more than so many bytes; 0: any
	Sport   string // ports of TCP or UDP: "80", "22,80", "1-1024", "53,1000-2000"
	Dport   string
	// ICMPType is a list of types, as ports are written: "3", "8,13". With Proto.
	ICMPType string
	// Flags of TCP: the letters of F S R P A U E C that are set, the others of the first six
	// not ("SA": a SYN-ACK; "0": none set). Behind a slash the only ones looked
	// at: "S/SA" is SYN without ACK, whatever else is set.
	Flags   string
	Options TCPOptions
	State   string // of connection tracking: "new", "established,related", "invalid", "untracked"

	// Of the packets that match all that, only some:
	Hash  int     // one of so many, by a hash of the ports: always the same flows
	Share float64 // this share at random, in steps of 0.01 %
	First int     // the first so many
	Every int     // the first of every so many
	Rate  int     // at most so many a second, by token bucket
	Burst int     // size of that bucket, default 5

	Do Action
}

// TCPOptions are what a rule matches of them, by their kinds.
type TCPOptions struct {
	Has   uint8 // one of this kind is there
	Lacks uint8 // none of this kind is
	First uint8 // the first is of this kind
	Shift uint8 // of the window scale option; 0: any
}

// Chain says where on a packet's way a rule stands.
type Chain string

const (
	Input       Chain = "input"       // to a socket of this host
	Forward     Chain = "forward"     // through this host
	Output      Chain = "output"      // from this host
	Raw         Chain = "raw"         // in, before connection tracking
	Prerouting  Chain = "prerouting"  // in, before routing
	Postrouting Chain = "postrouting" // out, after routing
	Ingress     Chain = "ingress"     // in from an interface, any protocol; behind packet sockets
	Egress      Chain = "egress"      // out of an interface, any protocol; before packet sockets
)

// Action is what happens to a packet that matches. The low byte is a code.
type Action uint16

const (
	Count    Action = iota << 8 // count it and go on with the next rule
	Accept                      // let it through, past the rest of this chain
	Drop                        // silently
	Reset                       // reject with a TCP RST
	NoTrack                     // keep it from connection tracking, and go on; in Raw
	SynProxy                    // answer the SYN in the server's place, see SynProxied
	icmp
	icmpv6
	icmpx
	tos
	class
)

// Rejections that have a code in both families (RFC 792, 1812 §5.2.7.1; RFC 4443
// §3.1).
const (
	NoRoute         = icmpx     // 3/0 network unreachable; v6 1/0 no route
	PortUnreach     = icmpx | 1 // 3/3; v6 1/4
	HostUnreach     = icmpx | 2 // 3/1; v6 1/3 address unreachable
	AdminProhibited = icmpx | 3 // 3/13; v6 1/1
)

// ICMP rejects with destination unreachable (type 3) of this code. The rule
// matches IPv4 only.
func ICMP(code uint8) Action { return icmp | Action(code) }

// ICMPv6 rejects with destination unreachable (type 1) of this code. The rule
// matches IPv6 only.
func ICMPv6(code uint8) Action { return icmpv6 | Action(code) }

// SetTOS overwrites the TOS byte, and goes on. The rule matches IPv4 only.
func SetTOS(b uint8) Action { return tos | Action(b) }

// SetClass overwrites the traffic class, and goes on. The rule matches IPv6 only.
func SetClass(b uint8) Action { return class | Action(b) }

func (a Action) kind() Action { return a &^ 0xff }
func (a Action) code() uint8  { return uint8(a) }

// Stateful returns the usual firewall of a host: what belongs to a connection
// that it opened itself comes in, and what allow lets in (with Do Accept), and
// nothing else. Neighbour discovery must always come in.
func Stateful(allow ...Rule) []Rule {
	rules := []Rule{
		{In: "lo", Do: Accept},
		{State: "established,related", Do: Accept},
		{Proto: "icmpv6", ICMPType: "133-137", Do: Accept},
	}
	rules = append(rules, allow...)
	return append(rules, Rule{Name: "default", Do: Drop})
}

// SynProxied returns the rules by which a router completes the handshake for
// these ports itself and asks the server only then: every port looks open. The
// router needs net/netfilter/nf_conntrack_tcp_loose at 0.
//
// Of IPv6, kernels (6.18 too) proxy only packets whose checksum the sender left
// to the card, see Offload: others are dropped, as if it were wrong.
func SynProxied(ports string) []Rule {
	return []Rule{
		{Chain: Raw, Proto: "tcp", Dport: ports, Flags: "S", Do: NoTrack},
		{Chain: Forward, Proto: "tcp", Dport: ports, State: "invalid,untracked", Do: SynProxy},
		{Chain: Forward, Proto: "tcp", Dport: ports, State: "invalid", Do: Drop},
	}
}

// Loss returns the rule by which an interface loses this share of what comes in,
// ARP and ND included, at random.
func Loss(iface string, share float64) Rule {
	return Rule{Name: "loss", Chain: Ingress, In: iface, Share: share, Do: Drop}
}
