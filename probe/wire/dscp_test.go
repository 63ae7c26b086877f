package wire

import "testing"

func TestDSCP(t *testing.T) {
	for name, want := range map[string]uint8{
		"cs0": 0, "cs1": 8, "cs2": 16, "cs3": 24, "cs4": 32, "cs5": 40, "cs6": 48, "cs7": 56,
		"af11": 10, "af12": 12, "af13": 14, "af21": 18, "af22": 20, "af23": 22,
		"af31": 26, "af32": 28, "af33": 30, "af41": 34, "af42": 36, "af43": 38,
		"le": 1, "va": 44, "ef": 46, "2": 2, "63": 63,
	} {
		if got, err := ParseDSCP(name); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", name, got, err, want)
		}
		if got := DSCPName(want); got != name {
			t.Errorf("%d: %q, want %q", want, got, name)
		}
	}
	for text, want := range map[string]uint8{"EF": 46, "Af11": 10, "46": 46, "0": 0} {
		if got, err := ParseDSCP(text); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "64", "-1", "0x2e", "af14", "af51", "cs8", "ef ", "be"} {
		if got, err := ParseDSCP(text); err == nil {
			t.Errorf("%q: became %d", text, got)
		}
	}
	for dscp := range 256 {
		if got, err := ParseDSCP(DSCPName(uint8(dscp))); err != nil || got != uint8(dscp)&63 {
			t.Errorf("%d: named %q, which is %d, %v", dscp, DSCPName(uint8(dscp)), got, err)
		}
	}
}

func TestECN(t *testing.T) {
	for tos := range 256 { // RFC 3168 §5, figure 1
		want := []string{"not-ect", "ect1", "ect0", "ce"}[tos&3]
		name := ECNName(uint8(tos))
		if ecn, ok := ParseECN(name); name != want || !ok || int(ecn) != tos&3 {
			t.Errorf("TOS %#x: %q, want %q, which is read as %d, %v", tos, name, want, ecn, ok)
		}
	}
	for _, name := range []string{"", "0", "CE", "ect"} {
		if ecn, ok := ParseECN(name); ok {
			t.Errorf("%q: became %d", name, ecn)
		}
	}
}
