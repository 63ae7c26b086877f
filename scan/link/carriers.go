package link

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"sonde/probe"
)

// This file is the part of a Watch that looks at carriers, of which the kernel tells late.

// checkCarriers looks at the carriers at the beginning, and whenever that is wanted. It is
// not done by who wants it: the kernel may let it wait until others are through with its
// interfaces.
func (w *Watch) checkCarriers() {
	for {
		at := int64(time.Since(w.began))
		w.lookAtCarriers(at)
		w.checked.Store(at)
		select {
		case <-w.done:
			return
		case <-w.wanted:
		}
	}
}

func (w *Watch) lookAtCarriers(at int64) {
	type sight struct{ flipped, off bool }
	seen := make(map[int]sight)
	for i := range w.fates {
		way := &w.table.ways[i]
		if way.Err != nil {
			continue
		}
		s, known := seen[way.Iface]
		if !known {
			up, flips, err := w.carrierOf(way.Iface)
			before, counted := w.flips[way.Iface]
			switch {
			case err == nil:
				s = sight{flipped: counted && flips != before, off: !up}
				w.flips[way.Iface] = flips
			case errors.Is(err, unix.ENODEV):
				s.off = true
			default:
				w.fail(err)
				return
			}
			seen[way.Iface] = s
		}
		if s.flipped {
			w.fates[i].carrier.become(probe.NoCarrier, at)
		}
		trouble := probe.Trouble(0)
		if s.off {
			trouble = probe.NoCarrier
		}
		w.fates[i].carrier.become(trouble, at)
	}
}

// carrierOf asks the kernel whether an interface is on and has a carrier, and how often
// that has come or gone (rtnetlink(7), RTM_GETLINK).
func (w *Watch) carrierOf(iface int) (up bool, flips uint32, err error) {
	ask := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(ask[4:], uint32(iface))
	answers, err := w.links.Execute(netlink.Message{Header: netlink.Header{Type: unix.RTM_GETLINK, Flags: netlink.Request}, Data: ask})
	if err != nil {
		return false, 0, err
	}
	if len(answers) == 0 || len(answers[0].Data) < unix.SizeofIfInfomsg {
		return false, 0, unix.EIO
	}
	const both = unix.IFF_UP | unix.IFF_LOWER_UP
	b := answers[0].Data
	attributes, err := netlink.NewAttributeDecoder(b[unix.SizeofIfInfomsg:])
	if err != nil {
		return false, 0, err
	}
	for attributes.Next() {
		if attributes.Type() == unix.IFLA_CARRIER_CHANGES {
			flips = attributes.Uint32()
		}
	}
	return binary.NativeEndian.Uint32(b[8:])&both == both, flips, attributes.Err()
}
