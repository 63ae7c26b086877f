package link

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"sonde/probe/wire"
)

// RSTGuard keeps back the RSTs by which this machine's kernel, which knows nothing
// of our SYNs, takes back what we asked: those that answer SYN-ACKs to some ports.
//
// It is a table of nftables that belongs to the socket by which it was made
// (NFT_TABLE_F_OWNER, Linux 5.12): nobody else can change it, and with the socket
// it is gone, however this process ends.
type RSTGuard struct{ conn *nftables.Conn }

// guardPatience is how long the kernel may take for the guard's rules: it answers
// at once, but waits where others change theirs.
const guardPatience = 5 * time.Second

// OpenRSTGuard keeps back RSTs without ACK from a range of TCP ports of ours, over
// IPv4 and IPv6, in the network namespace of the calling thread. That is what
// answers a segment with an ACK where there is no connection; a refused SYN is
// answered by RST and ACK (RFC 9293 §3.10.7.1), and so ends who gives up a
// connection: both leave as ever.
//
// It needs CAP_NET_ADMIN now, not later: an error that is syscall.EPERM says that
// it is missing, any other one that the kernel has no such tables.
func OpenRSTGuard(ports PortRange) (*RSTGuard, error) {
	var socket *netlink.Conn
	conn, err := nftables.New(nftables.AsLasting(), nftables.WithSockOptions(func(c *netlink.Conn) error {
		socket = c
		return c.SetDeadline(time.Now().Add(guardPatience))
	}))
	if err != nil {
		return nil, guardError(err)
	}
	table := &nftables.Table{Name: "sonde-" + rand.Text()[:8], Family: nftables.TableFamilyINet}
	if err = createOwned(socket, table); err == nil {
		chain := conn.AddChain(&nftables.Chain{Name: "output", Table: table, Type: nftables.ChainTypeFilter,
			Hooknum: nftables.ChainHookOutput, Priority: nftables.ChainPriorityFilter})
		conn.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: dropRSTs(ports)})
		err = conn.Flush()
	}
	if err != nil {
		return nil, errors.Join(guardError(err), conn.CloseLasting())
	}
	return &RSTGuard{conn}, nil
}

// Close lets RSTs leave again.
func (g *RSTGuard) Close() error { return g.conn.CloseLasting() }

// guardError says what an error of the kernel's means for the guard.
func guardError(err error) error {
	if errors.Is(err, syscall.EPERM) {
		return fmt.Errorf("CAP_NET_ADMIN is missing: %w", err)
	}
	return fmt.Errorf("this kernel takes no nftables table that goes away with its owner (Linux 5.12, nf_tables): %w", err)
}

// dropRSTs is the guard's rule. Both fields are the TCP header's (RFC 9293 §3.1).
func dropRSTs(ports PortRange) []expr.Any {
	const reg = 1
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: reg},
		&expr.Cmp{Op: expr.CmpOpEq, Register: reg, Data: []byte{unix.IPPROTO_TCP}},
		&expr.Payload{DestRegister: reg, Base: expr.PayloadBaseTransportHeader, Offset: 0, Len: 2},
		&expr.Range{Op: expr.CmpOpEq, Register: reg,
			FromData: binary.BigEndian.AppendUint16(nil, ports.First), ToData: binary.BigEndian.AppendUint16(nil, ports.Last)},
		&expr.Payload{DestRegister: reg, Base: expr.PayloadBaseTransportHeader, Offset: 13, Len: 1},
		&expr.Bitwise{SourceRegister: reg, DestRegister: reg, Len: 1, Mask: []byte{wire.RST | wire.ACK}, Xor: []byte{0}},
		&expr.Cmp{Op: expr.CmpOpEq, Register: reg, Data: []byte{wire.RST}},
		&expr.Verdict{Kind: expr.VerdictDrop},
	}
}

// tableOwner is NFT_TABLE_F_OWNER of linux/netfilter/nf_tables.h.
const tableOwner = 2

// createOwned makes a table that belongs to the socket: by hand, since the
// nftables package makes all tables without flags.
func createOwned(socket *netlink.Conn, table *nftables.Table) error {
	attributes, err := netlink.MarshalAttributes([]netlink.Attribute{
		{Type: unix.NFTA_TABLE_NAME, Data: append([]byte(table.Name), 0)},
		{Type: unix.NFTA_TABLE_FLAGS, Data: binary.BigEndian.AppendUint32(nil, tableOwner)},
	})
	if err != nil {
		return err
	}
	// Messages begin with struct nfgenmsg: family, version, resource in network
	// byte order. Changes stand between two that name what they are about.
	about := []byte{unix.AF_UNSPEC, unix.NFNETLINK_V0, 0, unix.NFNL_SUBSYS_NFTABLES}
	_, err = socket.SendMessages([]netlink.Message{
		{Header: netlink.Header{Type: unix.NFNL_MSG_BATCH_BEGIN, Flags: netlink.Request}, Data: about},
		{
			Header: netlink.Header{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWTABLE,
				Flags: netlink.Request | netlink.Acknowledge | netlink.Create | netlink.Excl},
			Data: append([]byte{byte(table.Family), unix.NFNETLINK_V0, 0, 0}, attributes...),
		},
		{Header: netlink.Header{Type: unix.NFNL_MSG_BATCH_END, Flags: netlink.Request}, Data: about},
	})
	if err == nil {
		_, err = socket.Receive() // the acknowledgement, or why not
	}
	return err
}
