package link

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"
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
