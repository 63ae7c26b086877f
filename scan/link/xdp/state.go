package xdp

// What program and user space share: offsets in the value of one map, all of 8 bytes. What
// begins a line is written by the program, what follows by user space.
const (
	atNext    = 0  // the number that is asked next, within its block
	atWalk    = 8  // where the shuffle of a number has come to that was begun; none: -1
	atStage   = 16 // of the shuffle: 0 of questions, 1 of hosts
	atRest    = 24 // which port the question asks
	atSent    = 32
	atSkipped = 40 // needed no asking
	atLost    = 48 // proven answers for which the ring had no room
	atLostOdd = 56 // other segments likewise

	atEnd      = 128 // numbers from here on are not asked
	atShards   = 136 // question i is place i*shards+shard of the shuffle
	atShard    = 144
	atQuestion = 152 // the shuffle of questions: half, mask, 4 keys, how many
	atHost     = 208 // that of hosts, likewise; how many are the hosts of the job
	atTogether = 264 // hosts of the block
	atGrouped  = 272 // 1: the hosts of the block are shuffled by themselves …
	atBase     = 280 // … from this one on
	atPrefix   = 288 // state of SipHash behind what is the same in all proofs
	atLast     = 320 // of its last word what is the same
	atPort     = 328 // source port, as it lies in memory
	atClock    = 336
	atSumTCP   = 344 // of what is the same in all segments and pseudo headers
	atSumIP    = 352
	atFirst    = 360 // source ports: the first, and how many
	atPorts    = 368
	atMAC      = 376 // ours, as 4 and 2 bytes that lie in memory
	atMAC2     = 384
	atOwn      = 392 // our address: of IPv4 in the first 4 bytes
	atDrop     = 408 // 1: proven answers do not go on to the stack
	atFlow     = 416 // of IPv6 the first 4 bytes without the flow label, as a number
	atTemplate = 424 // a whole frame, but for what differs from question to question
	stateSize  = 552

	shuffleSize = 56 // bytes of one
)

// family is where things stand in a frame.
type family struct {
	v6          bool
	etherType   int32 // as it lies in memory
	ip, segment int32 // where the TCP header begins; without IP options
	proto       int16
	src, dst    int16
	span        int32 // bytes of an entry in the table of targets
	spanHigh    int16 // in it: the high half of the first address
	spanFirst   int16 // and its low half
}

const frameHeader = 14

var (
	family4 = family{etherType: 0x0008, ip: frameHeader, segment: frameHeader + 20, proto: frameHeader + 9,
		src: frameHeader + 12, dst: frameHeader + 16, span: 16, spanFirst: 8}
	family6 = family{v6: true, etherType: 0xdd86, ip: frameHeader, segment: frameHeader + 40, proto: frameHeader + 6,
		src: frameHeader + 8, dst: frameHeader + 24, span: 32, spanHigh: 8, spanFirst: 16}
)

// Fields of a TCP header (RFC 9293 section 3.1).
const (
	tcpSeq, tcpAck, tcpFlags, tcpSum, tcpHeader = 4, 8, 13, 16, 20

	flagACK = 0x10
)
