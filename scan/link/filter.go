package link

import (
	"slices"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"sonde/probe/wire"
)

// Classic BPF programs: the kernel throws away what cannot be an answer before
// it takes up place in a socket's queue. They look at types and our ports only;
// what is an answer is decided by proof, later.

// PortRange is a range of our source ports, both ends included.
type PortRange struct{ First, Last uint16 }

// accept is the verdict "whole packet".
const accept = 0xffffffff

var (
	errors4 = []uint32{3, 4, 5, 11, 12} // RFC 792
	errors6 = []uint32{1, 2, 3, 4, 137} // RFC 4443, and redirects (RFC 4861)
	echoes4 = []uint32{0, 14, 18}       // replies to echo, timestamp, mask
	echoes6 = []uint32{129}             // echo reply
	advert6 = []uint32{136}             // neighbour advertisement
	nothing = []bpf.Instruction{bpf.RetConstant{Val: 0}}
)

// messages4 and messages6 are the ICMP types to receive: the errors always.
func (n *Needs) messages4() []uint32 {
	if n.ICMP {
		return slices.Concat(errors4, echoes4)
	}
	return errors4
}

func (n *Needs) messages6() []uint32 {
	if n.ICMP {
		return slices.Concat(errors6, echoes6)
	}
	return errors6
}

// oneOf goes on where the accumulator is one of values, and drops otherwise.
func oneOf(values []uint32) []bpf.Instruction {
	var prog []bpf.Instruction
	for i, v := range values {
		prog = append(prog, bpf.JumpIf{Cond: bpf.JumpEqual, Val: v, SkipTrue: uint8(len(values) - i)})
	}
	return append(prog, bpf.RetConstant{Val: 0})
}

// inPorts goes on where the accumulator is in one of ranges, or ranges is
// empty, and drops otherwise.
func inPorts(ranges []PortRange) []bpf.Instruction {
	if len(ranges) == 0 {
		return nil
	}
	var prog []bpf.Instruction
	for i, r := range ranges {
		left := uint8(2*(len(ranges)-i-1) + 1) // instructions behind this pair, the drop included
		prog = append(prog,
			bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: uint32(r.First), SkipFalse: 1},
			bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: uint32(r.Last), SkipTrue: left})
	}
	return append(prog, bpf.RetConstant{Val: 0})
}

// transport is the rest of a program for a packet whose transport header begins
// at X: TCP and UDP to our ports, ICMP of these types.
func transport(proto uint8, ports []PortRange, types []uint32) []bpf.Instruction {
	if proto == wire.ProtoICMP || proto == wire.ProtoICMPv6 {
		return slices.Concat([]bpf.Instruction{bpf.LoadIndirect{Off: 0, Size: 1}}, oneOf(types),
			[]bpf.Instruction{bpf.RetConstant{Val: accept}})
	}
	return slices.Concat([]bpf.Instruction{bpf.LoadIndirect{Off: 2, Size: 2}}, inPorts(ports),
		[]bpf.Instruction{bpf.RetConstant{Val: accept}})
}

// noReset drops TCP segments with RST (RFC 9293 section 3.1, offset 13) that come by one
// of these interfaces; the transport header begins at X.
func noReset(ifaces []int) (prog []bpf.Instruction) {
	for _, iface := range ifaces {
		prog = append(prog,
			bpf.LoadExtension{Num: bpf.ExtInterfaceIndex},
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(iface), SkipTrue: 3},
			bpf.LoadIndirect{Off: 13, Size: 1},
			bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: wire.RST, SkipTrue: 1},
			bpf.RetConstant{Val: 0})
	}
	return prog
}

// raw4 is for a raw IPv4 socket: data begins at the IP header, reassembled. What
// comes first finds the transport header at X, as in raw6.
func raw4(proto uint8, ports []PortRange, types []uint32, before ...bpf.Instruction) []bpf.Instruction {
	return slices.Concat([]bpf.Instruction{bpf.LoadMemShift{Off: 0}}, before, transport(proto, ports, types))
}

// raw6 is for a raw IPv6 socket: data begins at the transport header.
func raw6(proto uint8, ports []PortRange, types []uint32, before ...bpf.Instruction) []bpf.Instruction {
	return slices.Concat([]bpf.Instruction{bpf.LoadConstant{Dst: bpf.RegX, Val: 0}}, before, transport(proto, ports, types))
}

// forUs drops what leaves this machine, which loopback shows, too, and what the kernel
// drops unseen: frames for another host, of which those of another VLAN are some.
func forUs() []bpf.Instruction {
	return []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.PACKET_OUTGOING, SkipTrue: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.PACKET_OTHERHOST, SkipTrue: 1},
		bpf.RetConstant{Val: 0},
	}
}

// arpReplies is for a packet socket of EtherType ARP: replies only (RFC 826,
// operation at offset 6).
func arpReplies() []bpf.Instruction {
	return slices.Concat(forUs(), []bpf.Instruction{bpf.LoadAbsolute{Off: 6, Size: 2}},
		oneOf([]uint32{2}), []bpf.Instruction{bpf.RetConstant{Val: accept}})
}

// branch is what to do with one transport protocol.
type branch struct {
	proto uint8
	types []uint32 // of ICMP
}

// frame4 is for a packet socket of EtherType IPv4: data begins at the IP header. Of
// fragments only one has ports, so they are let in by protocol.
func frame4(n *Needs) []bpf.Instruction {
	branches := []branch{{proto: wire.ProtoICMP, types: n.messages4()}}
	protos := []uint32{wire.ProtoICMP}
	if n.TCP {
		branches, protos = append(branches, branch{proto: wire.ProtoTCP}), append(protos, wire.ProtoTCP)
	}
	if n.UDP {
		branches, protos = append(branches, branch{proto: wire.ProtoUDP}), append(protos, wire.ProtoUDP)
	}
	fragment := slices.Concat([]bpf.Instruction{bpf.LoadAbsolute{Off: 9, Size: 1}}, oneOf(protos),
		[]bpf.Instruction{bpf.RetConstant{Val: accept}})
	prog := append(forUs(),
		bpf.LoadAbsolute{Off: 6, Size: 2}, // RFC 791 §3.1: flags, fragment offset
		bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: 0x3fff, SkipTrue: uint8(len(fragment))})
	prog = append(prog, fragment...)
	prog = append(prog, bpf.LoadMemShift{Off: 0}, bpf.LoadAbsolute{Off: 9, Size: 1})
	return append(byProtocol(prog, branches, n.Ports, n.Heard), bpf.RetConstant{Val: 0})
}

// frame6 is for a packet socket of EtherType IPv6: data begins at the IPv6
// header. Classic BPF has no loops to walk extension headers with (RFC 8200
// §4), so packets that have some are let in when IP is wanted at all.
func frame6(n *Needs, ip bool) []bpf.Instruction {
	prog := append(forUs(),
		bpf.LoadConstant{Dst: bpf.RegX, Val: 40},
		bpf.LoadAbsolute{Off: 6, Size: 1})
	var types []uint32
	if n.Neighbours {
		types = append(types, advert6...)
	}
	var branches []branch
	if ip {
		types = append(types, n.messages6()...)
		if n.TCP {
			branches = append(branches, branch{proto: wire.ProtoTCP})
		}
		if n.UDP {
			branches = append(branches, branch{proto: wire.ProtoUDP})
		}
	}
	prog = byProtocol(prog, append(branches, branch{proto: wire.ProtoICMPv6, types: types}), n.Ports, n.Heard)
	if ip {
		prog = append(prog, oneOf([]uint32{0, 43, 44, 51, 60})...)
		return append(prog, bpf.RetConstant{Val: accept})
	}
	return append(prog, bpf.RetConstant{Val: 0})
}

// byProtocol appends the branches: the accumulator holds the protocol, and
// still does behind them if it was none of theirs.
func byProtocol(prog []bpf.Instruction, branches []branch, ports []PortRange, heard int) []bpf.Instruction {
	for _, b := range branches {
		body := transport(b.proto, ports, b.types)
		if b.proto == wire.ProtoTCP {
			body = append(elsewhere(heard), body...)
		}
		prog = append(prog, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(b.proto), SkipTrue: uint8(len(body))})
		prog = append(prog, body...)
	}
	return prog
}

// elsewhere drops what comes by an interface by which it is heard otherwise; 0: there is
// none.
func elsewhere(iface int) []bpf.Instruction {
	if iface == 0 {
		return nil
	}
	return []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtInterfaceIndex},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(iface), SkipTrue: 1},
		bpf.RetConstant{Val: 0},
	}
}

// assemble turns a program into what the kernel takes.
func assemble(prog []bpf.Instruction) ([]unix.SockFilter, error) {
	raw, err := bpf.Assemble(prog)
	if err != nil {
		return nil, err
	}
	out := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		out[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return out, nil
}

// attach sets fd's filter, in one step in place of the one it has.
func attach(fd int, prog []bpf.Instruction) error {
	f, err := assemble(prog)
	if err != nil {
		return err
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]})
}
