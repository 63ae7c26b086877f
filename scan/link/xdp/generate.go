package xdp

import (
	"math/bits"

	"github.com/cilium/ebpf/asm"
)

// turns is how often a shuffle is walked on within one frame; the next frame goes on.
const turns = 64

// generate makes the frame a question, and redirects it. Registers: R7 the frame, R8 the
// state, R9 the number and what becomes of it.
func (c *code) generate(s *Shape, m *maps) {
	c.frame(asm.R7, asm.R2, int32(s.frame()), "drop")
	c.add(
		asm.Mov.Imm(asm.R6, turns),
		asm.LoadMem(asm.R9, asm.R8, atWalk, asm.DWord),
		asm.JEq.Imm(asm.R9, -1, "take"),
		asm.LoadMem(asm.R1, asm.R8, atStage, asm.DWord),
		asm.JNE.Imm(asm.R1, 0, "shuffle hosts"),
		asm.Ja.Label("shuffle questions"))
	c.label = "take"
	c.add(
		asm.LoadMem(asm.R9, asm.R8, atNext, asm.DWord), asm.LoadMem(asm.R1, asm.R8, atEnd, asm.DWord),
		asm.JGE.Reg(asm.R9, asm.R1, "drop"),
		asm.Mov.Reg(asm.R1, asm.R9), asm.Add.Imm(asm.R1, 1), asm.StoreMem(asm.R8, atNext, asm.R1, asm.DWord),
		asm.LoadMem(asm.R1, asm.R8, atShards, asm.DWord), asm.Mul.Reg(asm.R9, asm.R1),
		asm.LoadMem(asm.R1, asm.R8, atShard, asm.DWord), asm.Add.Reg(asm.R9, asm.R1))
	c.shuffle("questions", 0, atQuestion)
	c.add(
		asm.LoadMem(asm.R1, asm.R8, atTogether, asm.DWord),
		asm.Mov.Reg(asm.R2, asm.R9), asm.Div.Reg(asm.R2, asm.R1), asm.StoreMem(asm.R8, atRest, asm.R2, asm.DWord),
		asm.Mod.Reg(asm.R9, asm.R1),
		asm.LoadMem(asm.R1, asm.R8, atGrouped, asm.DWord), asm.JEq.Imm(asm.R1, 0, "ask"),
		asm.LoadMem(asm.R1, asm.R8, atBase, asm.DWord), asm.Add.Reg(asm.R9, asm.R1),
		asm.Mov.Imm(asm.R6, turns))
	c.shuffle("hosts", 1, atHost)
	c.label = "ask"
	c.add(asm.Mov.Imm(asm.R1, -1), asm.StoreMem(asm.R8, atWalk, asm.R1, asm.DWord))
	c.skip(m)
	c.target(s, m)
	c.write(s)
	c.count(atSent)
	c.add(asm.Mov.Imm(asm.R1, int32(s.Iface)), asm.Mov.Imm(asm.R2, 0), asm.FnRedirect.Call(), asm.Return())
}

// shuffle walks R9 until it is inside, see scan's shuffle. R6 is how often it may yet.
func (c *code) shuffle(of string, stage int32, at int16) {
	on := of + " go on"
	c.label = "shuffle " + of
	c.add(asm.Sub.Imm(asm.R6, 1), asm.JNE.Imm(asm.R6, 0, on),
		asm.StoreMem(asm.R8, atWalk, asm.R9, asm.DWord),
		asm.Mov.Imm(asm.R1, stage), asm.StoreMem(asm.R8, atStage, asm.R1, asm.DWord),
		asm.Ja.Label("drop"))
	c.label = on
	c.feistel(at)
	c.add(asm.LoadMem(asm.R1, asm.R8, at+shuffleSize-8, asm.DWord), asm.JGE.Reg(asm.R9, asm.R1, "shuffle "+of))
}

// skip drops the frame if the question in R9 and the rest needs no asking.
func (c *code) skip(m *maps) {
	c.add(
		asm.LoadMem(asm.R1, asm.R8, atRest, asm.DWord),
		asm.LoadMem(asm.R2, asm.R8, atHost+shuffleSize-8, asm.DWord),
		asm.Mul.Reg(asm.R1, asm.R2), asm.Add.Reg(asm.R1, asm.R9),
		asm.Mov.Reg(asm.R2, asm.R1), asm.RSh.Imm(asm.R2, 3), asm.And.Imm(asm.R2, int32(m.settled.ValueSize()-8)),
		asm.LoadMapValue(asm.R3, m.settled.FD(), 0), asm.Add.Reg(asm.R3, asm.R2),
		asm.LoadMem(asm.R3, asm.R3, 0, asm.DWord),
		asm.And.Imm(asm.R1, 63), asm.RSh.Reg(asm.R3, asm.R1), asm.And.Imm(asm.R3, 1),
		asm.JEq.Imm(asm.R3, 0, "unsettled"))
	c.count(atSkipped)
	c.add(asm.Ja.Label("drop"))
	c.label = "unsettled"
}

// target makes the host in R9 its address, as it lies in memory: of IPv6 the low half, and
// the high one in R6. The ports go on the stack, as they lie in the segment. The table is
// halved without branches, which the verifier would all have to follow.
func (c *code) target(s *Shape, m *maps) {
	f := s.family()
	c.add(asm.LoadMapValue(asm.R3, m.spans.FD(), 0), asm.Mov.Imm(asm.R1, 0))
	for step := s.spans() / 2; step > 0; step /= 2 {
		c.add(
			asm.Mov.Reg(asm.R2, asm.R1), asm.Add.Imm(asm.R2, int32(step)), asm.Mul.Imm(asm.R2, f.span),
			asm.Mov.Reg(asm.R4, asm.R3), asm.Add.Reg(asm.R4, asm.R2),
			asm.LoadMem(asm.R4, asm.R4, 0, asm.DWord),
			// 1 where the host is not before the span: numbers are below 2^63.
			asm.Mov.Reg(asm.R2, asm.R9), asm.Sub.Reg(asm.R2, asm.R4), asm.RSh.Imm(asm.R2, 63), asm.Xor.Imm(asm.R2, 1),
			asm.And.Imm(asm.R2, 1), asm.LSh.Imm(asm.R2, int32(bits.TrailingZeros(uint(step)))),
			asm.Add.Reg(asm.R1, asm.R2))
	}
	c.add(asm.Mul.Imm(asm.R1, f.span), asm.Add.Reg(asm.R3, asm.R1),
		asm.LoadMem(asm.R1, asm.R3, 0, asm.DWord), asm.Sub.Reg(asm.R9, asm.R1),
		asm.LoadMem(asm.R1, asm.R3, f.spanFirst, asm.DWord), asm.Add.Reg(asm.R9, asm.R1))
	if f.v6 {
		c.add(asm.LoadMem(asm.R6, asm.R3, f.spanHigh, asm.DWord), asm.HostTo(asm.BE, asm.R9, asm.DWord))
	} else {
		c.add(asm.HostTo(asm.BE, asm.R9, asm.Word))
	}
	c.add(
		asm.LoadMem(asm.R1, asm.R8, atRest, asm.DWord), asm.And.Imm(asm.R1, mostPorts-1), asm.LSh.Imm(asm.R1, 1),
		asm.LoadMapValue(asm.R2, m.ports.FD(), 0), asm.Add.Reg(asm.R2, asm.R1), asm.LoadMem(asm.R1, asm.R2, 0, asm.Half),
		asm.LSh.Imm(asm.R1, 16), asm.LoadMem(asm.R2, asm.R8, atPort, asm.DWord), asm.Or.Reg(asm.R1, asm.R2),
		asm.StoreMem(asm.R10, onPorts, asm.R1, asm.DWord))
}

// template writes what is the same in all frames. They come back when they were sent, and who
// they were sent to may have made an answer of them in their place, as programs of XDP do. R1
// is scratch.
func (c *code) template(bytes int) {
	for at := 0; at < bytes; {
		size, n := asm.DWord, 8
		switch left := bytes - at; {
		case left < 4:
			size, n = asm.Half, 2
		case left < 8:
			size, n = asm.Word, 4
		}
		c.add(asm.LoadMem(asm.R1, asm.R8, int16(atTemplate+at), size), asm.StoreMem(asm.R7, int16(at), asm.R1, size))
		at += n
	}
}

// write writes a question.
func (c *code) write(s *Shape) {
	f := s.family()
	c.template(s.frame())
	c.sipBegin()
	if f.v6 {
		c.sipWord(asm.R6)
		c.sipWord(asm.R9)
	} else {
		c.mapped(asm.R9)
		c.sipWord(asm.R5)
	}
	c.sipEnd()
	c.add(asm.LoadMem(asm.R3, asm.R8, atSumTCP, asm.DWord), asm.LoadMem(asm.R1, asm.R10, onPorts, asm.DWord), asm.Add.Reg(asm.R3, asm.R1),
		asm.StoreMem(asm.R7, int16(f.segment), asm.R1, asm.Word))
	c.sumAddress(asm.R3, asm.R9)
	if f.v6 {
		c.sumAddress(asm.R3, asm.R6)
		c.add(asm.StoreMem(asm.R7, f.dst, asm.R6, asm.DWord), asm.StoreMem(asm.R7, f.dst+8, asm.R9, asm.DWord),
			// RFC 8200 section 3: version, traffic class, flow label.
			asm.Mov.Reg(asm.R1, asm.R0), asm.RSh.Imm(asm.R1, 32), asm.And.Imm(asm.R1, 0xfffff),
			asm.LoadMem(asm.R2, asm.R8, atFlow, asm.DWord), asm.Or.Reg(asm.R1, asm.R2), asm.HostTo(asm.BE, asm.R1, asm.Word),
			asm.StoreMem(asm.R7, int16(f.ip), asm.R1, asm.Word))
	} else {
		c.add(asm.StoreMem(asm.R7, f.dst, asm.R9, asm.Word),
			asm.Mov.Reg(asm.R1, asm.R0), asm.RSh.Imm(asm.R1, 48), asm.Or.Imm(asm.R1, 1), asm.HostTo(asm.BE, asm.R1, asm.Half),
			asm.StoreMem(asm.R7, int16(f.ip)+4, asm.R1, asm.Half),
			asm.LoadMem(asm.R2, asm.R8, atSumIP, asm.DWord), asm.Add.Reg(asm.R2, asm.R1), asm.Add.Reg(asm.R2, asm.R9))
		c.fold(asm.R2)
		c.add(asm.StoreMem(asm.R7, int16(f.ip)+10, asm.R2, asm.Half))
	}
	if s.Timestamp > 0 {
		c.add(asm.Mov.Reg(asm.R1, asm.R0), asm.RSh.Imm(asm.R1, 32), asm.LoadMem(asm.R2, asm.R8, atClock, asm.DWord),
			asm.Add.Reg(asm.R1, asm.R2), asm.HostTo(asm.BE, asm.R1, asm.Word),
			asm.StoreMem(asm.R7, int16(f.segment)+tcpHeader+int16(s.Timestamp), asm.R1, asm.Word), asm.Add.Reg(asm.R3, asm.R1))
	}
	c.add(asm.HostTo(asm.BE, asm.R0, asm.Word), asm.StoreMem(asm.R7, int16(f.segment)+tcpSeq, asm.R0, asm.Word), asm.Add.Reg(asm.R3, asm.R0))
	c.fold(asm.R3)
	c.add(asm.StoreMem(asm.R7, int16(f.segment)+tcpSum, asm.R3, asm.Half))
}

// mapped makes R5 the second word of an IPv4 address as IPv6 maps it (RFC 4291 section
// 2.5.5.2). R4 is scratch.
func (c *code) mapped(address asm.Register) {
	c.add(asm.Mov.Reg(asm.R5, address), asm.LSh.Imm(asm.R5, 32), big(asm.R4, 0xffff0000), asm.Or.Reg(asm.R5, asm.R4))
}

// sumAddress adds both halves of a word to sum. R1 and R2 are scratch.
func (c *code) sumAddress(sum, word asm.Register) {
	c.add(asm.Mov.Reg32(asm.R1, word), asm.Add.Reg(sum, asm.R1), asm.Mov.Reg(asm.R2, word), asm.RSh.Imm(asm.R2, 32), asm.Add.Reg(sum, asm.R2))
}
