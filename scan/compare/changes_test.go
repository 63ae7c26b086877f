package compare

import (
	"net/netip"
	"slices"
	"testing"

	"sonde/scan/report"
)

// TestOptionChanges: an option that is gone, or has come, is told, whether it has a name
// or not.
func TestOptionChanges(t *testing.T) {
	const mss, tfo, nops, sackOK = "\x02\x04\x05\xb4", "\x22\x02", "\x01\x01", "\x04\x02"
	for _, tt := range []struct {
		sent, seen string
		want       []report.Change
	}{
		{mss + tfo, mss + tfo, nil},
		{mss + tfo, mss + nops, []report.Change{{Field: "tcp-options"}}},
		{mss + nops, mss + tfo, []report.Change{{Field: "tcp-options"}}},
		{tfo, nops, []report.Change{{Field: "tcp-options"}}},
		{mss + "\x1e\x04ab", mss + nops + nops, []report.Change{{Field: "tcp-options"}}},
		{mss + sackOK, mss + nops, []report.Change{{Field: "sackok", Sent: "yes"}}},
		{mss + sackOK + tfo, mss + nops + nops, []report.Change{{Field: "sackok", Sent: "yes"}, {Field: "tcp-options"}}},
		{sackOK + tfo + mss, sackOK + mss + nops, []report.Change{{Field: "tcp-options"}}},
	} {
		before, after := &packet{proto: 6, kind: syn, options: readOptions([]byte(tt.sent))}, &packet{proto: 6, kind: syn, options: readOptions([]byte(tt.seen))}
		got := changes(before, after)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%x, seen as %x: %+v, want %+v", tt.sent, tt.seen, got, tt.want)
		}
	}
}

// TestHeaderChanges: values of the headers are told by the names that they have elsewhere.
func TestHeaderChanges(t *testing.T) {
	sent := &packet{proto: 6, kind: syn, tos: 0xb8 | 2, flags: 0xc2}
	seen := &packet{proto: 6, kind: syn, tos: 3, flags: 0}
	want := []report.Change{{Field: "dscp", Sent: "ef", Seen: "cs0"}, {Field: "ecn", Sent: "ect0", Seen: "ce"}, {Field: "flags", Sent: "SEC", Seen: "none"}}
	if got := changes(sent, seen); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestIdentifierChanges: the identifier of an echo request is not the port of a datagram.
func TestIdentifierChanges(t *testing.T) {
	at := netip.MustParseAddr("10.1.0.1")
	for _, tt := range []struct {
		kind kind
		want string
	}{{echo, "id"}, {datagram, "sport"}} {
		sent := &packet{proto: 17, kind: tt.kind, state: state{there: true}, src: netip.AddrPortFrom(at, 500), dst: netip.AddrPortFrom(at, 53)}
		seen := *sent
		seen.src = netip.AddrPortFrom(at, 1024)
		want := []report.Change{{Field: tt.want, Sent: "500", Seen: "1024"}}
		if got := changes(sent, &seen); !slices.Equal(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}
