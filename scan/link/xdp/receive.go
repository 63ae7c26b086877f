package xdp

import "github.com/cilium/ebpf/asm"

// A record is what user space is told of a frame: when it came, how long it is without its
// link-layer header, and its first bytes.
const (
	recordHead  = 16
	smallRecord = 128  // holds the longest headers of IPv6 and TCP
	largeRecord = 2048 // a whole frame of Ethernet

	noWakeup = 1 // BPF_RB_NO_WAKEUP: who reads comes by itself
)

// receive looks at a frame of the device, see the package's comment. Registers: R6 the
// context, R7 the frame, R8 the state, R9 the segment.
func (c *code) receive(s *Shape, m *maps) {
	f := s.family()
	c.frame(asm.R7, asm.R2, f.segment+tcpHeader, "pass")
	c.add(
		asm.LoadMem(asm.R1, asm.R7, 12, asm.Half), asm.JNE.Imm(asm.R1, f.etherType, "pass"),
		asm.LoadMem(asm.R1, asm.R7, 0, asm.Word), asm.LoadMem(asm.R3, asm.R8, atMAC, asm.DWord), asm.JNE.Reg(asm.R1, asm.R3, "pass"),
		asm.LoadMem(asm.R1, asm.R7, 4, asm.Half), asm.LoadMem(asm.R3, asm.R8, atMAC2, asm.DWord), asm.JNE.Reg(asm.R1, asm.R3, "pass"),
		asm.LoadMem(asm.R1, asm.R7, f.proto, asm.Byte), asm.JNE.Imm(asm.R1, 6, "pass"))
	c.add(asm.LoadMem(asm.R1, asm.R7, int16(f.ip), asm.Byte), asm.Mov.Reg(asm.R9, asm.R1), asm.And.Imm(asm.R1, 0xf0))
	if f.v6 {
		for i := range int16(2) {
			c.add(asm.LoadMem(asm.R3, asm.R7, f.dst+8*i, asm.DWord), asm.LoadMem(asm.R4, asm.R8, atOwn+8*i, asm.DWord),
				asm.JNE.Reg(asm.R3, asm.R4, "pass"))
		}
		c.add(asm.JNE.Imm(asm.R1, 0x60, "pass"), asm.Mov.Reg(asm.R9, asm.R7), asm.Add.Imm(asm.R9, f.segment))
	} else {
		c.add(asm.LoadMem(asm.R3, asm.R7, f.dst, asm.Word), asm.LoadMem(asm.R4, asm.R8, atOwn, asm.DWord), asm.JNE.Reg(asm.R3, asm.R4, "pass"),
			asm.LoadMem(asm.R3, asm.R7, int16(f.ip)+6, asm.Half), asm.And.Imm(asm.R3, 0xff3f), asm.JNE.Imm(asm.R3, 0, "pass"), // a fragment
			asm.JNE.Imm(asm.R1, 0x40, "pass"),
			asm.And.Imm(asm.R9, 15), asm.LSh.Imm(asm.R9, 2), asm.JLT.Imm(asm.R9, 20, "pass"),
			asm.Add.Reg(asm.R9, asm.R7), asm.Add.Imm(asm.R9, f.ip),
			asm.Mov.Reg(asm.R0, asm.R9), asm.Add.Imm(asm.R0, tcpHeader), asm.JGT.Reg(asm.R0, asm.R2, "pass"))
	}
	c.add(
		asm.LoadMem(asm.R1, asm.R9, 2, asm.Half), asm.HostTo(asm.BE, asm.R1, asm.Half),
		asm.LoadMem(asm.R3, asm.R8, atFirst, asm.DWord), asm.JLT.Reg(asm.R1, asm.R3, "pass"), asm.Sub.Reg(asm.R1, asm.R3),
		asm.LoadMem(asm.R3, asm.R8, atPorts, asm.DWord), asm.JGE.Reg(asm.R1, asm.R3, "pass"),
		asm.LoadMem(asm.R1, asm.R9, tcpFlags, asm.Byte), asm.And.Imm(asm.R1, flagACK), asm.JEq.Imm(asm.R1, 0, "odd"),
		asm.LoadMem(asm.R1, asm.R9, tcpAck, asm.Word), asm.HostTo(asm.BE, asm.R1, asm.Word), asm.Sub.Imm32(asm.R1, 1),
		asm.StoreMem(asm.R10, onAck, asm.R1, asm.DWord),
		// The ports change places: ours is the one that asked.
		asm.LoadMem(asm.R1, asm.R9, 0, asm.Word), asm.Mov.Reg(asm.R3, asm.R1), asm.RSh.Imm(asm.R3, 16),
		asm.LSh.Imm32(asm.R1, 16), asm.Or.Reg(asm.R1, asm.R3), asm.StoreMem(asm.R10, onPorts, asm.R1, asm.DWord))
	c.sipBegin()
	if f.v6 {
		for i := range int16(2) {
			c.add(asm.LoadMem(asm.R5, asm.R7, f.src+8*i, asm.DWord))
			c.sipWord(asm.R5)
		}
	} else {
		c.add(asm.LoadMem(asm.R9, asm.R7, f.src, asm.Word))
		c.mapped(asm.R9)
		c.sipWord(asm.R5)
	}
	c.sipEnd()
	c.add(asm.Mov.Reg32(asm.R0, asm.R0), asm.LoadMem(asm.R1, asm.R10, onAck, asm.DWord), asm.JNE.Reg(asm.R0, asm.R1, "odd"))
	c.length("proven large")
	c.record("proven", m.proven.FD(), smallRecord, atLost)
	c.label = "proven large"
	c.record("proven large", m.proven.FD(), largeRecord, atLost)
	c.label = "odd"
	c.length("odd large")
	c.record("odd", m.odd.FD(), smallRecord, atLostOdd)
	c.label = "odd large"
	c.record("odd large", m.odd.FD(), largeRecord, atLostOdd)
	c.label = "proven told"
	c.add(asm.LoadMem(asm.R1, asm.R8, atDrop, asm.DWord), asm.JNE.Imm(asm.R1, 0, "drop"), asm.Ja.Label("pass"))
}

// length loads how long the packet is into R7, and jumps where it does not fit into a small
// record.
func (c *code) length(large string) {
	c.add(asm.LoadMem(asm.R7, asm.R6, ctxEnd, asm.Word), asm.LoadMem(asm.R1, asm.R6, ctxData, asm.Word),
		asm.Sub.Reg(asm.R7, asm.R1), asm.Sub.Imm(asm.R7, frameHeader),
		asm.JGT.Imm(asm.R7, smallRecord-recordHead, large))
}

// record puts a packet of R7 bytes into a ring, as far as there is room, or counts that
// there was none.
func (c *code) record(name string, ring int, size int32, lost int16) {
	full, failed, told := name+" full", name+" failed", "pass"
	if lost == atLost {
		told = "proven told"
	}
	c.add(
		asm.LoadMapPtr(asm.R1, ring), asm.Mov.Imm(asm.R2, size), asm.Mov.Imm(asm.R3, 0), asm.FnRingbufReserve.Call(),
		asm.JEq.Imm(asm.R0, 0, full),
		asm.Mov.Reg(asm.R9, asm.R0),
		asm.FnKtimeGetNs.Call(), asm.StoreMem(asm.R9, 0, asm.R0, asm.DWord), asm.StoreMem(asm.R9, 8, asm.R7, asm.DWord),
		// Between 1 and what there is room for, as the verifier wants to see.
		asm.JLT.Imm(asm.R7, 1, failed), asm.JGT.Imm(asm.R7, size-recordHead, failed),
		asm.Mov.Reg(asm.R1, asm.R6), asm.Mov.Imm(asm.R2, frameHeader), asm.Mov.Reg(asm.R3, asm.R9), asm.Add.Imm(asm.R3, recordHead),
		asm.Mov.Reg(asm.R4, asm.R7), asm.FnXdpLoadBytes.Call(),
		asm.JNE.Imm(asm.R0, 0, failed),
		asm.Mov.Reg(asm.R1, asm.R9), asm.Mov.Imm(asm.R2, noWakeup), asm.FnRingbufSubmit.Call(),
		asm.Ja.Label(told))
	c.label = failed
	c.add(asm.Mov.Reg(asm.R1, asm.R9), asm.Mov.Imm(asm.R2, noWakeup), asm.FnRingbufDiscard.Call())
	c.label = full
	c.count(lost)
	c.add(asm.Ja.Label("pass"))
}
