package lab

import (
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"golang.org/x/sys/unix"
)

// Claim makes the host answer ARP requests and neighbour solicitations (RFC 826, RFC
// 4861) at an interface for all addresses of a range, once with each hardware address,
// until the network is closed: proxies, tarpits, and machines with one address. Between
// two answers it waits for gap.
func (h *Host) Claim(iface string, of netip.Prefix, gap time.Duration, macs ...string) {
	h.net.t.Helper()
	index := h.Index(iface)
	var fd int
	h.do("claim on "+iface, func() (err error) {
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return err
		}
		all := uint16(unix.ETH_P_ALL)
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all<<8 | all>>8, Ifindex: index})
	})
	var as []net.HardwareAddr
	for _, m := range macs {
		a, err := net.ParseMAC(m)
		if err != nil {
			h.fail("claim: %v", err)
		}
		as = append(as, a)
	}
	f := os.NewFile(uintptr(fd), "claim on "+iface) // non-blocking, so that Close ends Read
	h.net.own(f)
	h.net.Go(func(<-chan struct{}) {
		b := make([]byte, 2048)
		for {
			n, err := f.Read(b)
			if err != nil {
				return
			}
			for _, mac := range as {
				if answer := claimed(b[:n], of, mac); answer != nil {
					_, _ = f.Write(answer) // the other end may have gone
					time.Sleep(gap)
				}
			}
		}
	})
}

// claimed is the answer to an ARP request or a solicitation for an address of a range;
// nil to all else.
func claimed(frame []byte, of netip.Prefix, mac net.HardwareAddr) []byte {
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	eth, _ := p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
	if eth == nil {
		return nil
	}
	out := layers.Ethernet{SrcMAC: mac, DstMAC: eth.SrcMAC, EthernetType: eth.EthernetType}
	buf := gopacket.NewSerializeBuffer()
	how := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if arp, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP); ok && arp.Operation == layers.ARPRequest {
		if addr, _ := netip.AddrFromSlice(arp.DstProtAddress); !of.Contains(addr) {
			return nil
		}
		reply := *arp
		reply.Operation, reply.SourceHwAddress, reply.SourceProtAddress = layers.ARPReply, mac, arp.DstProtAddress
		reply.DstHwAddress, reply.DstProtAddress = arp.SourceHwAddress, arp.SourceProtAddress
		if gopacket.SerializeLayers(buf, how, &out, &reply) != nil {
			return nil
		}
		return buf.Bytes()
	}
	ns, ok := p.Layer(layers.LayerTypeICMPv6NeighborSolicitation).(*layers.ICMPv6NeighborSolicitation)
	ip, _ := p.Layer(layers.LayerTypeIPv6).(*layers.IPv6)
	if !ok || ip == nil {
		return nil
	}
	if addr, _ := netip.AddrFromSlice(ns.TargetAddress); !of.Contains(addr) {
		return nil
	}
	back := layers.IPv6{Version: 6, NextHeader: layers.IPProtocolICMPv6, HopLimit: 255, SrcIP: ns.TargetAddress, DstIP: ip.SrcIP}
	icmp := layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeNeighborAdvertisement, 0)}
	if icmp.SetNetworkLayerForChecksum(&back) != nil {
		return nil
	}
	na := layers.ICMPv6NeighborAdvertisement{Flags: 0x60, TargetAddress: ns.TargetAddress,
		Options: layers.ICMPv6Options{{Type: layers.ICMPv6OptTargetAddress, Data: mac}}}
	if gopacket.SerializeLayers(buf, how, &out, &back, &icmp, &na) != nil {
		return nil
	}
	return buf.Bytes()
}
