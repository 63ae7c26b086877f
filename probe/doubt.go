package probe

// Doubt is a reason to think that an answer, or silence, is not what it seems.
// Those up to Tarpit suspect a middlebox: somebody on the way who answers in a
// host's place. Loop is about the way.
type Doubt uint8

const (
	NoDoubt       Doubt = iota
	Canary              // a port that nobody uses is answered for in the same way
	ZeroWindow          // a SYN-ACK with window 0: a SYN proxy that has not asked the host yet
	Nearer              // it has come fewer hops than other answers of the host
	Contradiction       // the port was answered for by SYN-ACK and by RST
	ResetInPlace        // a router was found to send the reset
	ResetUnplaced       // nothing but a reset was heard, and who sent it cannot be told
	Unverified          // a packet with a wrong checksum was answered, which a host's own stack drops
	Tarpit              // the handshake was completed, and then nothing more acknowledged
	ICMPLimit           // the host limits how often it says port unreachable
	ICMPSilent          // the host says port unreachable for no port: silence proves nothing
	ICMPAnswers         // no doubt, but its opposite: closed ports are told, so silence means something
	// AddressConflict: several hardware addresses were told for it (RFC 5227 §1).
	AddressConflict
	// SharedMAC: one hardware address was told for many addresses, as proxy ARP (RFC
	// 1027) and tarpits do.
	SharedMAC
	Loop // routers send packets to each other, again and again
)

var doubtNames = [...]string{
	NoDoubt: "", Canary: "canary", ZeroWindow: "zero-window", Nearer: "nearer", Contradiction: "contradiction",
	ResetInPlace: "reset-in-place", ResetUnplaced: "reset-unplaced", Unverified: "unverified", Tarpit: "tarpit",
	ICMPLimit: "icmp-limit", ICMPSilent: "icmp-silent", ICMPAnswers: "icmp-answers",
	AddressConflict: "address-conflict", SharedMAC: "shared-mac", Loop: "loop",
}

func (d Doubt) String() string { return doubtNames[d] }

// Middlebox tells whether d suspects somebody on the way.
func (d Doubt) Middlebox() bool { return d >= Canary && d <= Tarpit }

// Link tells whether d is about hardware addresses.
func (d Doubt) Link() bool { return d == AddressConflict || d == SharedMAC }

// Silence tells whether d is about what silence of a UDP port means.
func (d Doubt) Silence() bool { return d >= ICMPLimit && d <= ICMPAnswers }

// Doubts lists the names of all doubts, for the schema.
func Doubts() []string { return doubtNames[1:] }
