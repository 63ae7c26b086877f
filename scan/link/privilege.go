package link

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"

	"sonde/scan/link/xdp"
)

// Permitted tells whether raw sockets can be opened here: nil if so. Where the
// program may have CAP_NET_RAW but does not use it yet (a file capability +p
// without the effective bit), it raises it in all threads, and CAP_NET_ADMIN
// with it where that is permitted (for large receive buffers).
func Permitted() error {
	set, err := held()
	if err != nil {
		return err
	}
	raised := false
	for _, v := range []cap.Value{cap.NET_RAW, cap.NET_ADMIN} {
		may, err := set.GetFlag(cap.Permitted, v)
		if err != nil {
			return fmt.Errorf("capabilities: %w", err)
		}
		if has, _ := set.GetFlag(cap.Effective, v); may && !has {
			if err := set.SetFlag(cap.Effective, true, v); err != nil {
				return fmt.Errorf("capabilities: %w", err)
			}
			raised = true
		}
	}
	if raised {
		if err := set.SetProc(); err != nil {
			return fmt.Errorf("raising CAP_NET_RAW: %w", err)
		}
	}
	// The one test that cannot err (security modules, namespaces): do it.
	fd, err := newSocket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW)
	if err != nil {
		return fmt.Errorf("CAP_NET_RAW is missing: %w", err)
	}
	return os.NewSyscallError("close", unix.Close(fd))
}

// PingPermitted tells whether the kernel sends echo requests for us: nil if so.
// It needs no capability, but our group in net.ipv4.ping_group_range, which is
// for both families.
func PingPermitted() error {
	fd, err := newSocket(unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP)
	if err != nil {
		return fmt.Errorf("net.ipv4.ping_group_range leaves our group out: %w", err)
	}
	return os.NewSyscallError("close", unix.Close(fd))
}

// ErrUnsaid is that this process is not even told what it is permitted, as in some
// sandboxes: then it cannot give anything up, either.
var ErrUnsaid = errors.New("capabilities")

// held is what the process holds. Its error is ErrUnsaid.
func held() (*cap.Set, error) {
	set, err := cap.GetPID(0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsaid, err)
	}
	return set, nil
}

// errOldKernel is the error for a kernel without what --via xdp needs of it.
var errOldKernel = errors.New("no program sends frames on Linux")

// WhyNoProgram tells in a word why no program can be loaded into the kernel here, "" if one
// can: "kernel", which is too old; "no-capability"; "user-namespace", whose capabilities do
// not count for that; "refused", in spite of all. It raises capabilities as MayLoad does.
func WhyNoProgram() string {
	switch err := MayLoad(); {
	case errors.Is(err, errOldKernel):
		return "kernel"
	case err != nil:
		return "no-capability"
	}
	switch {
	case xdp.Try() == nil:
		return ""
	case nestedUsers():
		return "user-namespace"
	}
	return "refused"
}

// MayLoad tells whether programs can be loaded into the kernel here, as far as capabilities
// and its version say: nil if so. Those that the program may have it raises in all threads.
func MayLoad() error {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return os.NewSyscallError("uname", err)
	}
	release := unix.ByteSliceToString(u.Release[:])
	var major, minor int
	if n, _ := fmt.Sscanf(release, "%d.%d", &major, &minor); n == 2 && (major < 5 || major == 5 && minor < 18) {
		return fmt.Errorf("%w %s: that takes 5.18", errOldKernel, release)
	}
	set, err := held()
	if err != nil {
		return err
	}
	has := func(v cap.Value) bool { ok, _ := set.GetFlag(cap.Effective, v); return ok }
	raised := false
	for _, v := range []cap.Value{cap.BPF, cap.PERFMON, cap.NET_ADMIN} {
		if may, _ := set.GetFlag(cap.Permitted, v); may && !has(v) {
			raised = set.SetFlag(cap.Effective, true, v) == nil || raised
		}
	}
	if raised {
		if err := set.SetProc(); err != nil {
			return fmt.Errorf("raising capabilities: %w", err)
		}
	}
	var missing []string
	for _, v := range []cap.Value{cap.BPF, cap.PERFMON, cap.NET_ADMIN} {
		if !has(v) && (v == cap.NET_ADMIN || !has(cap.SYS_ADMIN)) {
			missing = append(missing, strings.ToUpper(v.String()))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s missing: run as root, or: setcap cap_net_raw,cap_bpf,cap_perfmon,cap_net_admin+p sonde", strings.Join(missing, ", "))
	}
	return nil
}
