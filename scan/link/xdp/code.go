package xdp

import (
	"github.com/cilium/ebpf/asm"
)

// What the program returns (enum xdp_action in linux/bpf.h).
const (
	xdpDrop = 1
	xdpPass = 2
)

// Fields of the context of a program (struct xdp_md).
const ctxData, ctxEnd, ctxIface = 0, 4, 12

// loopback is the number of the interface by which frames of BPF_PROG_RUN seem to come:
// that of each network namespace.
const loopback = 1

// code is a program under construction.
type code struct {
	ins   asm.Instructions
	label string // for the next instruction
}

func (c *code) add(ins ...asm.Instruction) {
	if c.label != "" {
		ins[0], c.label = ins[0].WithSymbol(c.label), ""
	}
	c.ins = append(c.ins, ins...)
}

// end returns verdict, at label.
func (c *code) end(label string, verdict int32) {
	c.label = label
	c.add(asm.Mov.Imm(asm.R0, verdict), asm.Return())
}

// big loads a number of 64 bits.
func big(r asm.Register, v uint64) asm.Instruction { return asm.LoadImm(r, int64(v), asm.DWord) }

// count adds one to a counter of the state, whose address is in R8. R1 is scratch.
func (c *code) count(at int16) {
	c.add(asm.LoadMem(asm.R1, asm.R8, at, asm.DWord), asm.Add.Imm(asm.R1, 1), asm.StoreMem(asm.R8, at, asm.R1, asm.DWord))
}

// frame loads where the frame begins and ends, by the context in R6, and jumps where it has
// fewer bytes than that. R0 is scratch.
func (c *code) frame(data, end asm.Register, bytes int32, short string) {
	c.add(
		asm.LoadMem(data, asm.R6, ctxData, asm.Word),
		asm.LoadMem(end, asm.R6, ctxEnd, asm.Word),
		asm.Mov.Reg(asm.R0, data),
		asm.Add.Imm(asm.R0, bytes),
		asm.JGT.Reg(asm.R0, end, short))
}

// rotate is to the left, with R4 as scratch.
func (c *code) rotate(v asm.Register, bits int32) {
	c.add(asm.Mov.Reg(asm.R4, v), asm.LSh.Imm(v, bits), asm.RSh.Imm(asm.R4, 64-bits), asm.Or.Reg(v, asm.R4))
}

// sipRound is a round of SipHash (Aumasson and Bernstein, 2012, section 2.1) over R0 to R3.
func (c *code) sipRound() {
	half := func(a, b asm.Register, r int32) {
		c.add(asm.Add.Reg(a, b))
		c.rotate(b, r)
		c.add(asm.Xor.Reg(b, a))
	}
	half(asm.R0, asm.R1, 13)
	c.rotate(asm.R0, 32)
	half(asm.R2, asm.R3, 16)
	half(asm.R0, asm.R3, 21)
	half(asm.R2, asm.R1, 17)
	c.rotate(asm.R2, 32)
}

// sipBegin loads the state that the words which are the same for all questions leave.
func (c *code) sipBegin() {
	for i, r := range []asm.Register{asm.R0, asm.R1, asm.R2, asm.R3} {
		c.add(asm.LoadMem(r, asm.R8, int16(atPrefix+8*i), asm.DWord))
	}
}

// sipWord takes the next word.
func (c *code) sipWord(m asm.Register) {
	c.add(asm.Xor.Reg(asm.R3, m))
	c.sipRound()
	c.sipRound()
	c.add(asm.Xor.Reg(asm.R0, m))
}

// sipEnd ends with the word of the ports, which are on the stack, and leaves the hash of
// 40 bytes in R0. R4 and R5 are scratch.
func (c *code) sipEnd() {
	c.add(asm.LoadMem(asm.R5, asm.R8, atLast, asm.DWord), asm.LoadMem(asm.R4, asm.R10, onPorts, asm.DWord), asm.Or.Reg(asm.R5, asm.R4))
	c.sipWord(asm.R5)
	c.add(big(asm.R5, 40<<56))
	c.sipWord(asm.R5)
	c.add(asm.Xor.Imm(asm.R2, 0xff))
	for range 4 {
		c.sipRound()
	}
	c.add(asm.Xor.Reg(asm.R0, asm.R1), asm.Xor.Reg(asm.R0, asm.R2), asm.Xor.Reg(asm.R0, asm.R3))
}

// What is on the stack.
const (
	onPorts = -8  // source and target port, as the segment that asks has them
	onAck   = -16 // the number that an answer acknowledges
)

// fold makes s, a sum of words of 32 bits as they lie in memory, a checksum (RFC 1071). R4
// is scratch.
func (c *code) fold(s asm.Register) {
	c.add(asm.Mov.Reg32(asm.R4, s), asm.RSh.Imm(s, 32), asm.Add.Reg(s, asm.R4))
	for range 3 {
		c.add(asm.Mov.Reg(asm.R4, s), asm.RSh.Imm(asm.R4, 16), asm.And.Imm(s, 0xffff), asm.Add.Reg(s, asm.R4))
	}
	c.add(asm.Xor.Imm(s, 0xffff))
}

// feistel is one step of package scan's shuffle over R9, whose numbers stand in the state
// from at on: half, mask, and four keys. R0 to R5 are scratch.
func (c *code) feistel(at int16) {
	c.add(asm.LoadMem(asm.R5, asm.R8, at, asm.DWord), asm.LoadMem(asm.R0, asm.R8, at+8, asm.DWord),
		asm.Mov.Reg(asm.R1, asm.R9), asm.RSh.Reg(asm.R1, asm.R5), asm.Mov.Reg(asm.R2, asm.R9), asm.And.Reg(asm.R2, asm.R0))
	shift := func(bits int32) {
		c.add(asm.Mov.Reg(asm.R4, asm.R3), asm.RSh.Imm(asm.R4, bits), asm.Xor.Reg(asm.R3, asm.R4))
	}
	for round := range int16(4) {
		c.add(asm.LoadMem(asm.R3, asm.R8, at+16+8*round, asm.DWord), asm.Add.Reg(asm.R3, asm.R2))
		shift(30)
		c.add(big(asm.R4, 0xbf58476d1ce4e5b9), asm.Mul.Reg(asm.R3, asm.R4))
		shift(27)
		c.add(big(asm.R4, 0x94d049bb133111eb), asm.Mul.Reg(asm.R3, asm.R4))
		shift(31)
		c.add(asm.And.Reg(asm.R3, asm.R0), asm.Xor.Reg(asm.R3, asm.R1), asm.Mov.Reg(asm.R1, asm.R2), asm.Mov.Reg(asm.R2, asm.R3))
	}
	c.add(asm.LSh.Reg(asm.R1, asm.R5), asm.Or.Reg(asm.R1, asm.R2), asm.Mov.Reg(asm.R9, asm.R1))
}
