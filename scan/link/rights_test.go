package link

import (
	"errors"
	"syscall"
	"testing"

	"kernel.org/pub/linux/libs/security/libcap/cap"

	"sonde/scan/sandbox"
)

// TestGrant: why a raw socket could be opened or not, by what decides it.
func TestGrant(t *testing.T) {
	for name, tt := range map[string]struct {
		credentials
		opened bool
		want   string
	}{
		"root":                               {credentials{root: true, permitted: true, bounding: true}, true, "root"},
		"root in a namespace of its own":     {credentials{root: true, permitted: true, bounding: true, nested: true}, true, "root"},
		"root whose file has it too":         {credentials{root: true, permitted: true, bounding: true, file: true}, true, "root"},
		"a user with a granted file":         {credentials{permitted: true, bounding: true, file: true}, true, "file-capability"},
		"the ambient set":                    {credentials{permitted: true, bounding: true}, true, "capability"},
		"an ordinary user":                   {credentials{bounding: true}, false, "no-capability"},
		"root that gave it up":               {credentials{root: true, bounding: true}, false, "no-capability"},
		"root in a container":                {credentials{root: true}, false, "bounding-set"},
		"a granted file in a container":      {credentials{file: true}, false, "bounding-set"},
		"a granted file in vain":             {credentials{bounding: true, file: true, noNew: true}, false, "no-new-privs"},
		"a granted file on a nosuid mount":   {credentials{bounding: true, file: true, noSUID: true}, false, "nosuid"},
		"no_new_privs takes nothing away":    {credentials{bounding: true, noNew: true, noSUID: true}, false, "no-capability"},
		"a user namespace without a network": {credentials{root: true, permitted: true, bounding: true, nested: true}, false, "user-namespace"},
		"seccomp":                            {credentials{root: true, permitted: true, bounding: true}, false, "refused"},
	} {
		if got := tt.grant(tt.opened).String(); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// TestRights: this process, which is root in its lab, before and after it gives
// its capabilities up.
func TestRights(t *testing.T) {
	inChild(t, "TestRights", func() {
		r := AskRights()
		if r.Raw != nil || r.Why != GrantedRoot || r.Held < 2 || r.Program == "" || r.Groups == "" {
			t.Errorf("root: %+v", r)
		}
		if _, err := sandbox.Enter(sandbox.Policy{Nobody: sandbox.StayUser}); err != nil {
			t.Fatal(err)
		}
		r = AskRights()
		if !errors.Is(r.Raw, syscall.EPERM) || r.Why != GrantUnbounded || r.Held != 0 {
			t.Errorf("without capabilities: %+v", r)
		}
		if has, err := cap.GetBound(cap.NET_RAW); has || err != nil {
			t.Errorf("the bounding set gives it back: %v, %v", has, err)
		}
	})
}
