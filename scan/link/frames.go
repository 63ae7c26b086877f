package link

import (
	"encoding/binary"
	"net"
	"os"
	"time"

	//lint:ignore SA1019 it is frozen, and its successor, on which it stands, offers nothing more that is needed here
	"github.com/mdlayher/raw"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"sonde/probe/wire"
	"sonde/scan"
)

// frameSender sends link-layer frames out of one interface.
type frameSender interface {
	// send sends packets, which share the interface and the EtherType, and
	// returns how many left. The error is that of packets[n]; EAGAIN is
	// back-pressure.
	send(st *sendState, packets []scan.Packet) (n int, err error)
	close()
}

// etherSender sends Ethernet frames of one EtherType. Receiving is left to a
// packet socket of our own, whose descriptor can be waited for with the others
// and which tells the kernel's receive times: this one's filter drops all.
type etherSender struct {
	conn *raw.Conn
	mac  wire.MAC
}

// patience is how long a frame may wait for room in the socket's buffer before
// that counts as back-pressure.
const patience = time.Millisecond

func openEtherSender(w *scan.Way, etherType uint16) (*etherSender, error) {
	drop, err := bpf.Assemble(nothing)
	if err != nil {
		return nil, err
	}
	iface := &net.Interface{Index: w.Iface, Name: w.Name, MTU: w.MTU, HardwareAddr: w.MAC[:]}
	conn, err := raw.ListenPacket(iface, etherType, &raw.Config{Filter: drop})
	if err != nil {
		return nil, err
	}
	return &etherSender{conn: conn, mac: w.MAC}, nil
}

func (s *etherSender) send(st *sendState, packets []scan.Packet) (int, error) {
	if err := s.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return 0, scan.ErrClosed
	}
	to := raw.Addr{HardwareAddr: make(net.HardwareAddr, len(wire.MAC{}))}
	for i := range packets {
		p := &packets[i]
		copy(to.HardwareAddr, p.MAC[:])
		st.frame = wire.AppendEthernet(st.frame[:0], p.MAC, s.mac, p.Type)
		st.frame = append(st.frame, p.B...)
		if _, err := s.conn.WriteTo(st.frame, &to); err != nil {
			if os.IsTimeout(err) {
				err = unix.EAGAIN
			} else {
				err = errnoOf(err)
			}
			return i, err
		}
	}
	return len(packets), nil
}

func (s *etherSender) close() { s.conn.Close() }

// bareSender has the kernel write the link-layer header, if there is one: it
// sends packets out of an interface without Ethernet addresses, such as TUN, and
// many packets out of one that has them, in batches.
type bareSender struct {
	fd    int
	iface int
	halen uint8 // length of link-layer addresses
}

func openBareSender(w *scan.Way) (*bareSender, error) {
	fd, err := newSocket(unix.AF_PACKET, unix.SOCK_DGRAM, 0) // protocol 0 receives nothing
	if err != nil {
		return nil, err
	}
	s := &bareSender{fd: fd, iface: w.Iface}
	if w.Ether {
		s.halen = uint8(len(wire.MAC{}))
	}
	return s, nil
}

func (s *bareSender) send(st *sendState, packets []scan.Packet) (int, error) {
	packets = packets[:min(len(packets), batch)]
	for i := range packets {
		p := &packets[i]
		a := &st.addrLink[i]
		*a = unix.RawSockaddrLinklayer{Family: unix.AF_PACKET, Protocol: htons(p.Type), Ifindex: int32(s.iface), Halen: s.halen}
		copy(a.Addr[:], p.MAC[:])
		st.iov[i].Base = &p.B[0]
		st.iov[i].SetLen(len(p.B))
		st.msgs[i].hdr = unix.Msghdr{Name: sockaddr(a), Namelen: unix.SizeofSockaddrLinklayer, Iov: &st.iov[i], Iovlen: 1}
	}
	n, errno := sendmmsg(s.fd, st.msgs[:len(packets)])
	if errno != 0 {
		return 0, errno
	}
	return n, nil
}

func (s *bareSender) close() { unix.Close(s.fd) }

// openFrameReceiver opens a packet socket for one EtherType of one interface, or of
// all, for 0. Packets come without their link-layer header, with the sender's address
// beside. The filter is there before the socket is bound, so nothing else ever
// comes in; nothing on the machine is changed.
func openFrameReceiver(iface int, etherType uint16, prog []bpf.Instruction, buffer int) (fd int, err error) {
	if fd, err = newSocket(unix.AF_PACKET, unix.SOCK_DGRAM, 0); err != nil {
		return -1, err
	}
	if err = attach(fd, prog); err == nil {
		err = stamp(fd, buffer)
	}
	if err == nil { // what is known of checksums
		err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1))
	}
	if err == nil {
		err = os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: htons(etherType), Ifindex: iface}))
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// htons puts a 16-bit number into network byte order in memory.
func htons(v uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], v)
	return binary.NativeEndian.Uint16(b[:])
}
