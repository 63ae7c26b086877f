package trace_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/probe/field"
	"sonde/probe/wire"
	"sonde/scan/trace"
)

// TestChangesOfTTL: a TTL that is not counted down by one, as far as that leaves a trace: a
// router that leaves it alone altogether is no hop, and nobody can see it.
func TestChangesOfTTL(t *testing.T) {
	for _, tt := range []struct {
		options [3]string
		want    string
	}{
		{[3]string{"hides", "", ""}, "ttl 1→2 1-2"},
		{[3]string{"", "hides", ""}, "ttl 1→2 2-3"},
		{[3]string{"", "", "hides"}, "ttl 1→2 3-4"},
		{[3]string{"hides", "hides", ""}, "ttl 1→2 1-2, ttl 2→3 2-3"},
		{[3]string{"takes 3", "", ""}, "ttl 3→1 3-4"},
		{[3]string{"", "takes 2", ""}, "ttl 2→1 3-4"},
		{[3]string{"", "", "takes 2"}, "ttl 2→1 4-5"},
		{[3]string{"set-ttl 40", "", ""}, "ttl 1→37 0-1"},
		{[3]string{"", "set-ttl 40", ""}, "ttl 1→38 1-2"},
		{[3]string{"", "", "set-ttl 40"}, "ttl 1→39 2-3"},
		{[3]string{"", "late set-ttl 40", ""}, "ttl 1→39 2-3"},
		{[3]string{"passes", "", ""}, "ttl 1→0 0-1"},
		{[3]string{"", "passes", ""}, "ttl 1→0 1-2"},
		{[3]string{"takes 0", "", ""}, ""},
		{[3]string{"", "takes 0", "hides"}, "ttl 1→2 2-3"},
	} {
		eachFamily(t, tt.options, byUDP, func(t *testing.T, _ bool, w *trace.Way) {
			if got := changes(w); got != tt.want || !w.Reached {
				t.Errorf("%q, want %q; %s", got, tt.want, show(*w))
			}
		})
	}
}

// TestChangesBeyondGaps: a hop that is silent, or quotes too little, leaves the change
// between those before and behind it; and what it does not show is not visible.
func TestChangesBeyondGaps(t *testing.T) {
	for _, tt := range []struct {
		options [3]string
		want    string
		between string
	}{
		{[3]string{"", "silent dscp 0", ""}, "dscp ef→cs0 1-3", "[2]"},
		{[3]string{"", "quote 8 mss 1300", ""}, "mss 1→1300 1-3", "[2]"},
		{[3]string{"quote 8", "quote 8 mss 1300", ""}, "mss 1→1300 0-3", "[1 2]"},
		{[3]string{"quote 8", "quote 8 mss 1300", "quote 8"}, "", ""},
		{[3]string{"", "strip options", ""}, "mss 1→ 1-2, sackok on→ 1-2, wscale 7→ 1-2, ts", ""},
		{[3]string{"dscp 0", "", "dscp 46"}, "dscp ef→cs0 0-1, dscp cs0→ef 2-3", ""},
		{[3]string{"dscp 10", "", "dscp 12"}, "dscp ef→af11 0-1, dscp af11→af12 2-3", ""},
	} {
		eachFamily(t, tt.options, bySYN, func(t *testing.T, _ bool, w *trace.Way) {
			got := strings.NewReplacer("1460", "1", "1440", "1").Replace(changes(w))
			if list := w.Changes(); !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" || tt.between != "" && fmt.Sprint(list[0].Between) != tt.between {
				t.Errorf("%q, want %q; %s", got, tt.want, show(*w))
			}
			for i, r := range w.Records() {
				short := i < 3 && strings.HasPrefix(tt.options[i], "quote 8")
				if text := strings.Join(r.Unseen, " "); short != (text == "flags ack window urg checksum mss sackok wscale ts tcp-options") || short == r.Visible && r.Quoted > 0 {
					t.Errorf("hop %d: %q is not visible, visible %v", i+1, text, r.Visible)
				}
			}
		})
	}
}

// TestAnswerOfTarget: what the last router does as packets leave, nobody quotes; the target's
// answer shows what came, and what it does not answer.
func TestAnswerOfTarget(t *testing.T) {
	for _, tt := range []struct {
		option        string
		ask           asking
		came, missing string
	}{
		{"", bySYN, "sackok wscale ts", ""},
		{"late strip sackok", bySYN, "wscale ts", "sackok"},
		{"late strip wscale", bySYN, "sackok ts", "wscale"},
		{"late strip options", bySYN, "", "sackok wscale ts"},
		{"late mss 1300", bySYN, "sackok wscale ts", ""},
		{"late strip sackok", asking{"tcp", probe.SYN, 81, ""}, "", ""},
		{"", byEcho, "dscp", ""},
		{"late dscp 0", byEcho, "", "dscp"},
		{"late dscp 0", byUDP, "", ""},
	} {
		eachFamily(t, [3]string{"", "", tt.option}, tt.ask, func(t *testing.T, _ bool, w *trace.Way) {
			h := &w.Hops[len(w.Hops)-1]
			if came, missing := strings.Join(h.Echoes.Came, " "), strings.Join(h.Echoes.Unanswered, " "); came != tt.came || missing != tt.missing || !h.Reached {
				t.Errorf("came %q, not answered %q, want %q and %q", came, missing, tt.came, tt.missing)
			}
			if got := changes(w); (got == "dscp ef→cs0 3-4") != (tt.ask.name == "udp") || tt.ask.name != "udp" && got != "" {
				t.Errorf("%q", got)
			}
		})
	}
}

// TestChangesOfQuotes: what one hop alone quotes otherwise, and those behind it as it was
// sent, nobody has changed on the way; but what routers set as they see fit they may have
// set again.
func TestChangesOfQuotes(t *testing.T) {
	way := func(name string, seen ...string) *trace.Way {
		w := &trace.Way{}
		for i, text := range seen {
			h := trace.Hop{TTL: uint8(i + 1), From: lettered('A'+byte(i), false)}
			if text != "-" {
				h.Readings = []field.Reading{{Name: name, Sent: "1", Seen: strings.TrimSuffix(text, "?"), Hidden: strings.HasSuffix(text, "?")}}
			}
			w.Hops = append(w.Hops, h)
		}
		return w
	}
	for _, tt := range []struct {
		way  *trace.Way
		want string
	}{
		{way("checksum", "1", "7", "1"), ""},
		{way("checksum", "0", "1", "1"), ""},
		{way("checksum", "1", "7", "7"), "checksum 1→7 1-2"},
		{way("checksum", "0", "1", "7"), "checksum 1→7 2-3"},
		{way("window", "1", "?", "-", "7", "8", "?"), "window 1→7 1-4, window 7→8 4-5"},
		{way("dscp", "1", "7", "1"), "dscp 1→7 1-2, dscp 7→1 2-3"},
		{way("ecn", "?", "7", "-", "9"), "ecn 1→7 0-2, ecn 7→9 2-4"},
		{way("window", "?", "-", "?"), ""},
	} {
		if got := changes(tt.way); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// TestInterfaces: what routers tell beside the labels of MPLS comes into the records.
func TestInterfaces(t *testing.T) {
	w := play(t, "A B{eth0} T", trace.Config{Target: target4, Kind: probe.SYN, Port: 80})
	r := w.Records()[1]
	if len(r.Interfaces) != 1 || r.Interfaces[0] != (wire.Interface{Role: wire.Outgoing, Name: "eth0"}) {
		t.Errorf("%+v", r.Interfaces)
	}
	if len(r.Objects) != 1 || r.Objects[0].Class != 247 || r.Objects[0].Type != 3 || r.Objects[0].Value != "?" {
		t.Errorf("%+v", r.Objects)
	}
	if got := changes(&w.Way); got != "" {
		t.Errorf("%q", got)
	}
}

// TestChangesInsideMPLS: where labels are told, the TTL of IP has rightly not been counted
// down; without them somebody has not.
func TestChangesInsideMPLS(t *testing.T) {
	for script, want := range map[string]string{"A B~[16] C~[17] D T": "", "A B~ C D T": "ttl 1→2 1-2", "A~ A~ A~ B T": "ttl 3→1 3-4",
		"A^ A^ A^ B T": "ttl 2→1 3-4", "A B^ B^ T": ""} {
		for _, target := range []netip.Addr{target4, target6} {
			w := play(t, script, trace.Config{Target: target, Kind: probe.SYN, Port: 80})
			if got := changes(&w.Way); got != want || !w.Reached {
				t.Errorf("%s: %q, want %q; %s", script, got, want, w.hops())
			}
			for _, r := range w.Records() {
				if len(r.Objects) > 0 {
					t.Errorf("%s: hop %d: labels are %+v, too", script, r.TTL, r.Objects)
				}
			}
		}
	}
}
