package probe

// Doubt is a reason to think that an answer, or silence, is not what it seems.
// Those up to Tarpit suspect a middlebox: somebody on the way who answers in a
// host's place.
type Doubt uint8

const (
	NoDoubt       Doubt = iota
	Canary              // a port that nobody uses is answered for in the same way
	ZeroWindow          // a SYN-ACK with window 0: a SYN proxy that has not asked the host yet
	Nearer              // it has come fewer hops than other answers of the host
	Contradiction       // the port was answered for by SYN-ACK and by RST
	ResetInPlace        // a router was found to send the reset
	ResetUnplaced       // nothing but a reset was heard, and who sent it cannot be told
	Tarpit              // the handshake was completed, and then nothing more acknowledged
	ICMPLimit           // the host limits how often it says port unreachable
	ICMPSilent          // the host says port unreachable for no port: silence proves nothing
	ICMPAnswers         // no doubt, but its opposite: closed ports are told, so silence means something
)

var doubtNames = [...]string{
	NoDoubt: "", Canary: "canary", ZeroWindow: "zero-window", Nearer: "nearer", Contradiction: "contradiction",
	ResetInPlace: "reset-in-place", ResetUnplaced: "reset-unplaced", Tarpit: "tarpit",
	ICMPLimit: "icmp-limit", ICMPSilent: "icmp-silent", ICMPAnswers: "icmp-answers",
}

func (d Doubt) String() string { return doubtNames[d] }

// Middlebox tells whether d suspects somebody on the way.
func (d Doubt) Middlebox() bool { return d >= Canary && d <= Tarpit }

// Doubts lists the names of all doubts, for the schema.
func Doubts() []string { return doubtNames[1:] }
