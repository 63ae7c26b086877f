package link

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is struct mmsghdr of recvmmsg(2): one message of a batch.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32 // bytes received
}

// sendmmsg hands msgs to the kernel without blocking and returns how many it
// took. An error is that of msgs[0]; one of a later message ends the batch
// before it and is told when it is tried again.
func sendmmsg(fd int, msgs []mmsghdr) (int, syscall.Errno) {
	return mmsg(unix.SYS_SENDMMSG, fd, msgs)
}

// recvmmsg fills msgs with what is there, without blocking. Nothing there is
// EAGAIN.
func recvmmsg(fd int, msgs []mmsghdr) (int, syscall.Errno) {
	return mmsg(unix.SYS_RECVMMSG, fd, msgs)
}

func mmsg(call uintptr, fd int, msgs []mmsghdr) (int, syscall.Errno) {
	for {
		n, _, errno := unix.Syscall6(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(msgs))), uintptr(len(msgs)), unix.MSG_DONTWAIT, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return 0, errno
		}
		return int(n), 0
	}
}

// control walks the ancillary data of one received message: for each entry it
// returns level, type and data, and what is left. ok is false at the end.
func control(b []byte) (level, typ int32, data, rest []byte, ok bool) {
	if len(b) < unix.SizeofCmsghdr {
		return 0, 0, nil, nil, false
	}
	h := (*unix.Cmsghdr)(unsafe.Pointer(unsafe.SliceData(b)))
	size := int(h.Len)
	if size < unix.SizeofCmsghdr || size > len(b) {
		return 0, 0, nil, nil, false
	}
	data = b[unix.CmsgLen(0):size]
	rest = b[min(unix.CmsgSpace(len(data)), len(b)):]
	return h.Level, h.Type, data, rest, true
}

// appendControl appends one entry of ancillary data. b must be empty or end at
// an entry.
func appendControl(b []byte, level, typ int32, data []byte) []byte {
	at := len(b)
	b = append(b, make([]byte, unix.CmsgSpace(len(data)))...)
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[at]))
	h.Level, h.Type = level, typ
	h.SetLen(unix.CmsgLen(len(data)))
	copy(b[at+unix.CmsgLen(0):], data)
	return b
}

// as returns data as a T, zero where it is too short. T is a plain kernel
// struct; data need not be aligned.
func as[T any](data []byte) (v T) {
	if len(data) >= int(unsafe.Sizeof(v)) {
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&v)), unsafe.Sizeof(v)), data)
	}
	return v
}

// bytesOf returns the bytes of a plain kernel struct; they alias v.
func bytesOf[T any](v *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))
}

// dropped returns how many packets the kernel could not queue on fd so far. It
// is exact at any time, where SO_RXQ_OVFL tells with the next packet.
func dropped(fd int) uint64 {
	var info [9]uint32 // SK_MEMINFO_VARS
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0
	}
	return uint64(info[8]) // SK_MEMINFO_DROPS
}

// sockaddr returns a pointer to a socket address as struct msghdr wants it.
func sockaddr[T any](a *T) *byte { return (*byte)(unsafe.Pointer(a)) }
