package probe_test

import (
	"testing"

	"sonde/probe"
	"sonde/probe/wire"
)

// TestTraits holds what each kind states against the packets that it sends.
func TestTraits(t *testing.T) {
	options, stamp, err := wire.ParseOptions("linux", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range probe.Kinds() {
		name, traits := e.Kind.Name(), e.Kind.Traits()
		asker, ours := probe.Packets(e.Kind)
		by, asked := probe.BySocket(e.Kind)
		if _, link := e.Kind.(probe.LinkKind); link != traits.Link {
			t.Errorf("%s: a LinkKind: %v, by its traits: %v", name, link, traits.Link)
		}
		if _, itself := e.Kind.(probe.SocketKind); itself && (!asked || by != e.Kind) {
			t.Errorf("%s can be asked by the kernel, and BySocket has it as %v", name, by)
		} else if !itself && (asked != traits.Handshake || asked && by != probe.Connect) {
			t.Errorf("%s: begins a connection: %v; by the kernel: %v", name, traits.Handshake, by)
		}
		if probe.HalfOpen(e.Kind) != (ours && traits.Handshake) {
			t.Errorf("%s leaves connections half open: %v", name, probe.HalfOpen(e.Kind))
		}
		if !ours {
			if traits.Options || traits.Stray || traits.Link {
				t.Errorf("%s has no packets of its own, and yet %+v", name, traits)
			}
			continue
		}
		for _, v6 := range []bool{false, true} {
			if traits.OnlyIPv4 && v6 {
				continue
			}
			s := source(v6)
			s.Craft = []probe.Craft{{Window: 1000, TCPOptions: options, Timestamp: stamp, Given: probe.GivenData, Data: []byte("of our choice")}}
			p := probe.Probe{Target: theirs(v6), Port: 80, Try: 1}
			typ := uint16(wire.TypeIPv4)
			if v6 {
				typ = wire.TypeIPv6
			}
			if link, ok := asker.(probe.LinkKind); ok {
				typ, _ = link.Frame(p)
			}
			pkt := parse(t, asker.Append(nil, s, p), typ)
			tcp := pkt.Layer == wire.LayerTCP
			syn := tcp && pkt.TCP.Flags&(wire.SYN|wire.ACK|wire.RST|wire.FIN) == wire.SYN
			got := probe.Traits{
				Handshake: syn,
				Options:   tcp && pkt.TCP.OptLen > 0,
				Payload:   string(pkt.Payload) == "of our choice",
				Datagram:  pkt.Layer == wire.LayerUDP,
				Stray:     tcp && !syn,
				Link:      !v6 && pkt.Layer == wire.LayerARP || v6 && pkt.ICMP.Msg == wire.Solicitation,
				OnlyIPv4:  traits.OnlyIPv4,
			}
			if got != traits {
				t.Errorf("%s states %+v, and its packets show %+v", name, traits, got)
			}
		}
	}
	if _, ok := probe.Packets(nil); ok || probe.HalfOpen(nil) {
		t.Error("no kind at all sends packets")
	}
	if by, ok := probe.BySocket(nil); ok {
		t.Errorf("no kind at all is asked by %v", by)
	}
}

// TestWithVerdicts: what a kind is asked by stays, and only the verdict changes.
func TestWithVerdicts(t *testing.T) {
	for _, e := range probe.Kinds() {
		k := probe.WithVerdicts(e.Kind, func(k probe.Kind, p probe.Probe, r *probe.Reply) probe.Verdict {
			v := k.Classify(p, r)
			v.Final = !v.Final
			return v
		})
		name, silence := e.Kind.Name(), probe.Reply{Event: probe.Silence}
		want := e.Kind.Classify(probe.Probe{}, &silence)
		want.Final = !want.Final
		if got := k.Classify(probe.Probe{}, &silence); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		_, packets := k.(probe.PacketKind)
		_, wants := e.Kind.(probe.PacketKind)
		if packets != wants {
			t.Errorf("%s: packets of its own: %v", name, packets)
		}
		_, link := k.(probe.LinkKind)
		if link != k.Traits().Link || k.Traits() != e.Kind.Traits() || k.Name() != name {
			t.Errorf("%s: %+v, a LinkKind: %v", name, k.Traits(), link)
		}
		s, sockets := k.(probe.SocketKind)
		was, wants := e.Kind.(probe.SocketKind)
		if sockets != wants || sockets && s.Socket() != was.Socket() {
			t.Errorf("%s: by the kernel: %v", name, sockets)
		}
		if k != probe.Kind(k) { // panics for what is not comparable
			t.Errorf("%s is not itself", name)
		}
	}
}
