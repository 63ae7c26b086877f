package lab

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The commands of the ethtool interface that take one 32-bit value
// (linux/ethtool.h).
var offloads = [...]uint32{
	unix.ETHTOOL_STXCSUM, // transmit checksums
	unix.ETHTOOL_SSG,     // scatter-gather
	unix.ETHTOOL_STSO,    // TCP segmentation
	unix.ETHTOOL_SGSO,    // generic segmentation
	unix.ETHTOOL_SGRO,    // generic receive aggregation
}

// setOffload switches the offloads of an interface of the calling thread's
// namespace.
func setOffload(iface string, on bool) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	value := struct{ cmd, data uint32 }{}
	if on {
		value.data = 1
	}
	req := struct { // struct ifreq, with ifr_data
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}{data: unsafe.Pointer(&value)}
	copy(req.name[:unix.IFNAMSIZ-1], iface)
	for _, cmd := range offloads {
		value.cmd = cmd
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req)))
		if errno != 0 && errno != unix.EOPNOTSUPP {
			return errno
		}
	}
	runtime.KeepAlive(&value)
	return nil
}
