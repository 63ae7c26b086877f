package lab

import (
	"encoding/binary"
	"net"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// What an XDP program returns (enum xdp_action in linux/bpf.h).
const (
	xdpDrop = 1
	xdpPass = 2
	xdpTX   = 3
)

// Where things stand in a frame without IP options.
const (
	atDstMAC, atSrcMAC, atEtherType = 0, 6, 12
	atVersion, atFragment           = 14, 20
	atTTL, atProtocol, atIPSum      = 22, 23, 24
	atSrc, atDst                    = 26, 30
	atICMPType, atICMPSum           = 34, 36
	atSrcPort, atDstPort            = 34, 36
	atSeq, atAck, atFlags           = 38, 42, 47
	atOffset, atTCPSum, atOptions   = 46, 50, 54

	icmpFrame   = 42 // up to the end of the ICMP header
	tcpFrame    = 54 // up to the end of a TCP header without options
	synACKFrame = 58 // with one option, the MSS
)

const flagSYN, flagRST, flagACK = 0x02, 0x04, 0x10

// Fields of the context of a program (struct xdp_md).
const ctxData, ctxDataEnd = 0, 4

// The registers that calls leave alone.
const (
	regCtx  = asm.R6
	regData = asm.R7 // the frame; later TCP's offset, flags and window
	regHash = asm.R8 // of the address; later the sequence number of the answer
	regPort = asm.R9 // the port asked; later the acknowledgement number
)

// passProgram does nothing.
func passProgram() *ebpf.ProgramSpec {
	var p program
	p.end("pass", xdpPass)
	return &ebpf.ProgramSpec{Type: ebpf.XDP, Instructions: p.code}
}

// answerProgram answers as how says. With a delay, it leaves the finished answer
// to the host's own sockets in place of sending it.
func answerProgram(how *Answers) *ebpf.ProgramSpec {
	answered := int32(xdpTX)
	if how.Delay > 0 {
		answered = xdpPass
	}
	var p program
	p.parse(how)
	p.echo()
	p.segment(how)
	p.reply("syn-ack", synACKFrame)
	p.reply("reset", tcpFrame)
	p.end("answered", answered)
	p.end("pass", xdpPass)
	p.end("silent", xdpDrop)
	return &ebpf.ProgramSpec{Type: ebpf.XDP, Instructions: p.code}
}

// program is code under construction.
type program struct {
	code  asm.Instructions
	label string // for the next instruction
}

func (p *program) add(code ...asm.Instruction) {
	if p.label != "" {
		code[0] = code[0].WithSymbol(p.label)
		p.label = ""
	}
	p.code = append(p.code, code...)
}

func (p *program) end(label string, verdict int32) {
	p.label = label
	p.add(asm.Mov.Imm(asm.R0, verdict), asm.Return())
}

// frame loads the addresses of the frame into two registers and jumps where the
// frame has fewer bytes than that.
func (p *program) frame(data, end asm.Register, bytes int32, short string) {
	p.add(
		asm.LoadMem(data, regCtx, ctxData, asm.Word),
		asm.LoadMem(end, regCtx, ctxDataEnd, asm.Word),
		asm.Mov.Reg(asm.R0, data),
		asm.Add.Imm(asm.R0, bytes),
		asm.JGT.Reg(asm.R0, end, short),
	)
}

// parse finds out whether the frame is for somebody who is there. What it has to
// do for most frames comes first.
func (p *program) parse(how *Answers) {
	p.add(asm.Mov.Reg(regCtx, asm.R1))
	p.frame(regData, asm.R2, icmpFrame, "pass")
	p.add(
		asm.LoadMem(asm.R1, regData, atEtherType, asm.Half),
		asm.JNE.Imm(asm.R1, int32(word16(0x08, 0x00)), "pass"),
		asm.LoadMem(regHash, regData, atDst, asm.Word),
		asm.HostTo(asm.BE, regHash, asm.Word),
	)
	network := how.Range.Masked().Addr().As4()
	mask := net.CIDRMask(how.Range.Bits(), 32)
	p.add(
		asm.Mov.Reg32(asm.R1, regHash),
		asm.And.Imm32(asm.R1, int32(binary.BigEndian.Uint32(mask))),
		asm.JNE.Imm32(asm.R1, int32(binary.BigEndian.Uint32(network[:])), "pass"),
		asm.Xor.Imm32(regHash, int32(how.Seed)),
	)
	p.mix(regHash)
	p.unless(regHash, how.Alive, "silent")
	if how.Loss > 0 {
		p.add(asm.FnGetPrandomU32.Call(), asm.Mov.Reg32(asm.R0, asm.R0))
		p.unless(asm.R0, (1-how.Loss)*(1-how.Loss), "silent")
	}
	p.add(
		asm.LoadMem(asm.R1, regData, atVersion, asm.Byte),
		asm.JNE.Imm(asm.R1, 0x45, "silent"),
		asm.LoadMem(asm.R1, regData, atFragment, asm.Half),
		asm.And.Imm(asm.R1, int32(word16(0xbf, 0xff))), // all but DF
		asm.JNE.Imm(asm.R1, 0, "silent"),
		asm.LoadMem(asm.R1, regData, atProtocol, asm.Byte),
		asm.JEq.Imm(asm.R1, 6, "tcp"),
		asm.JNE.Imm(asm.R1, 1, "silent"),
	)
}

// mix is the function of that name.
func (p *program) mix(h asm.Register) {
	shift := func(bits int32) {
		p.add(asm.Mov.Reg32(asm.R1, h), asm.RSh.Imm32(asm.R1, bits), asm.Xor.Reg32(h, asm.R1))
	}
	times := func(factor uint32) { p.add(asm.Mul.Imm32(h, int32(factor))) }
	shift(16)
	times(mixFactor1)
	shift(15)
	times(mixFactor2)
	shift(16)
}

// unless jumps where a hash, of 64 bits of which 32 are 0, is not among this share
// of all hashes.
func (p *program) unless(hash asm.Register, share float64, label string) {
	p.add(
		asm.LoadImm(asm.R1, int64(threshold(share)), asm.DWord),
		asm.JGE.Reg(hash, asm.R1, label),
	)
}

// echo answers echo requests.
func (p *program) echo() {
	p.add(
		asm.LoadMem(asm.R1, regData, atICMPType, asm.Half),
		asm.JNE.Imm(asm.R1, int32(word16(8, 0)), "silent"),
		asm.StoreImm(regData, atICMPType, 0, asm.Half),
		// What the sum lost by it, its complement gains.
		asm.LoadMem(asm.R2, regData, atICMPSum, asm.Half),
		asm.Add.Imm(asm.R2, int32(word16(8, 0))),
	)
	p.fold(asm.R2)
	p.add(
		asm.StoreMem(regData, atICMPSum, asm.R2, asm.Half),
		asm.StoreImm(regData, atTTL, int64(word16(64, 1)), asm.Half),
		asm.StoreImm(regData, atIPSum, 0, asm.Half),
		asm.Mov.Imm(asm.R2, 0),
	)
	for at := int16(atVersion); at < atSrc; at += 4 {
		p.add(asm.LoadMem(asm.R1, regData, at, asm.Word), asm.Add.Reg(asm.R2, asm.R1))
	}
	p.turn(regData, asm.R2)
	p.add(asm.Ja.Label("answered"))
}

// segment decides on a TCP segment and sets what the answer says: regHash is its
// sequence number, regPort what it acknowledges (both in network order), regData
// its offset, flags and window.
func (p *program) segment(how *Answers) {
	p.label = "tcp"
	p.frame(regData, asm.R2, tcpFrame, "silent")
	p.add(
		asm.LoadMem(asm.R1, regData, atFlags, asm.Byte),
		asm.JSet.Imm(asm.R1, flagRST, "silent"),
		asm.JSet.Imm(asm.R1, flagACK, "stray"),
		asm.And.Imm(asm.R1, flagSYN),
		asm.JEq.Imm(asm.R1, 0, "silent"),
		asm.LoadMem(regPort, regData, atDstPort, asm.Half),
		asm.HostTo(asm.BE, regPort, asm.Half),
	)
	for _, port := range how.Open {
		p.add(asm.JEq.Imm(regPort, int32(port), "open"))
	}
	p.add(
		asm.LoadImm(asm.R1, portFactor, asm.DWord),
		asm.Mul.Reg32(regPort, asm.R1),
		asm.Xor.Reg32(regHash, regPort),
	)
	p.mix(regHash)
	p.unless(regHash, how.OpenShare, "closed")

	p.label = "open"
	p.acknowledge() // regHash will do as a sequence number
	p.add(asm.Mov.Imm32(regData, int32(word32(0x60, flagSYN|flagACK, 0xfa, 0xf0))), asm.Ja.Label("syn-ack"))

	p.label = "closed"
	if how.Dropped {
		p.add(asm.Ja.Label("silent"))
	} else {
		p.acknowledge()
		p.add(
			asm.Mov.Imm(regHash, 0),
			asm.Mov.Imm32(regData, int32(word32(0x50, flagRST|flagACK, 0, 0))),
			asm.Ja.Label("reset"),
		)
	}

	p.label = "stray"
	p.add(
		asm.LoadMem(regHash, regData, atAck, asm.Word),
		asm.Mov.Imm(regPort, 0),
		asm.Mov.Imm32(regData, int32(word32(0x50, flagRST, 0, 0))),
		asm.Ja.Label("reset"),
	)
}

// acknowledge sets regPort to the sequence number after a SYN.
func (p *program) acknowledge() {
	p.add(
		asm.LoadMem(regPort, regData, atSeq, asm.Word),
		asm.HostTo(asm.BE, regPort, asm.Word),
		asm.Add.Imm32(regPort, 1),
		asm.HostTo(asm.BE, regPort, asm.Word),
	)
}

// reply makes a TCP segment of what segment has set, in the place of the one that
// came.
func (p *program) reply(label string, bytes int32) {
	p.label = label
	p.add(
		asm.LoadMem(asm.R1, regCtx, ctxData, asm.Word),
		asm.LoadMem(asm.R3, regCtx, ctxDataEnd, asm.Word),
		asm.Sub.Reg(asm.R3, asm.R1),
		asm.Mov.Imm(asm.R2, bytes),
		asm.Sub.Reg(asm.R2, asm.R3),
		asm.Mov.Reg(asm.R1, regCtx),
		asm.FnXdpAdjustTail.Call(),
		asm.JNE.Imm(asm.R0, 0, "silent"),
	)
	const data, sum = asm.R1, asm.R2
	p.frame(data, sum, bytes, "silent")

	length := byte(bytes - atVersion)
	header := [...]uint32{word32(0x45, 0, 0, length), word32(0, 0, 0x40, 0), word32(64, 6, 0, 0)}
	p.add(asm.Mov.Imm(sum, 0))
	for i, w := range header {
		p.add(asm.StoreImm(data, int16(atVersion+4*i), int64(int32(w)), asm.Word))
		p.plus(sum, w)
	}
	p.turn(data, sum) // leaves the sum of the addresses in R3

	p.plus(asm.R3, word32(0, 6, 0, length-20)) // pseudo header
	p.add(
		asm.LoadMem(asm.R4, data, atSrcPort, asm.Half),
		asm.LoadMem(asm.R5, data, atDstPort, asm.Half),
		asm.StoreMem(data, atSrcPort, asm.R5, asm.Half),
		asm.StoreMem(data, atDstPort, asm.R4, asm.Half),
		asm.StoreMem(data, atSeq, regHash, asm.Word),
		asm.StoreMem(data, atAck, regPort, asm.Word),
		asm.StoreMem(data, atOffset, regData, asm.Word),
		asm.Add.Reg(asm.R3, asm.R4),
		asm.Add.Reg(asm.R3, asm.R5),
		asm.Add.Reg(asm.R3, regHash),
		asm.Add.Reg(asm.R3, regPort),
		asm.Add.Reg(asm.R3, regData),
		asm.StoreImm(data, atTCPSum, 0, asm.Word), // and the urgent pointer
	)
	if bytes == synACKFrame {
		mss := word32(2, 4, 0x05, 0xb4) // 1460
		p.add(asm.StoreImm(data, atOptions, int64(int32(mss)), asm.Word))
		p.plus(asm.R3, mss)
	}
	p.checksum(asm.R3)
	p.add(asm.StoreMem(data, atTCPSum, asm.R3, asm.Half), asm.Ja.Label("answered"))
}

// turn sends a frame back: it swaps the addresses and writes the checksum of the
// IP header, of which sum has all but the addresses. It leaves the sum of these
// in R3.
func (p *program) turn(data, sum asm.Register) {
	p.add(
		asm.LoadMem(asm.R3, data, atDstMAC, asm.Word),
		asm.LoadMem(asm.R4, data, atSrcMAC, asm.Word),
		asm.StoreMem(data, atDstMAC, asm.R4, asm.Word),
		asm.StoreMem(data, atSrcMAC, asm.R3, asm.Word),
		asm.LoadMem(asm.R3, data, atDstMAC+4, asm.Half),
		asm.LoadMem(asm.R4, data, atSrcMAC+4, asm.Half),
		asm.StoreMem(data, atDstMAC+4, asm.R4, asm.Half),
		asm.StoreMem(data, atSrcMAC+4, asm.R3, asm.Half),

		asm.LoadMem(asm.R3, data, atSrc, asm.Word),
		asm.LoadMem(asm.R4, data, atDst, asm.Word),
		asm.StoreMem(data, atSrc, asm.R4, asm.Word),
		asm.StoreMem(data, atDst, asm.R3, asm.Word),
		asm.Add.Reg(asm.R3, asm.R4),
		asm.Add.Reg(sum, asm.R3),
	)
	p.checksum(sum)
	p.add(asm.StoreMem(data, atIPSum, sum, asm.Half))
}

// plus adds a constant of 32 bits.
func (p *program) plus(sum asm.Register, w uint32) {
	p.add(asm.Mov.Imm32(asm.R0, int32(w)), asm.Add.Reg(sum, asm.R0))
}

// checksum makes the Internet checksum (RFC 1071) of a sum of fewer than 2^16
// words of 32 bits. The order of bytes does not matter to it.
func (p *program) checksum(sum asm.Register) {
	p.add(
		asm.Mov.Reg32(asm.R0, sum), // the lower half
		asm.RSh.Imm(sum, 32),
		asm.Add.Reg(sum, asm.R0),
	)
	p.fold(sum)
	p.fold(sum)
	p.fold(sum)
	p.add(asm.Xor.Imm(sum, 0xffff))
}

// fold adds what is above 16 bits to them.
func (p *program) fold(sum asm.Register) {
	p.add(
		asm.Mov.Reg(asm.R0, sum),
		asm.RSh.Imm(asm.R0, 16),
		asm.And.Imm(sum, 0xffff),
		asm.Add.Reg(sum, asm.R0),
	)
}

// word16 and word32 are bytes of a packet as the machine loads them.
func word16(b ...byte) uint16 { return binary.NativeEndian.Uint16(b) }

func word32(b ...byte) uint32 { return binary.NativeEndian.Uint32(b) }
