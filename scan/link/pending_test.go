package link

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"sonde/scan"
)

// TestPending: every error of receiving is either nothing there, one that waited at the
// socket, or one that ends the run; none is taken for silence that is not.
func TestPending(t *testing.T) {
	for errno, ends := range map[error]bool{
		unix.ENETDOWN: false, unix.ENODEV: false, unix.ENOBUFS: false, unix.ENOMEM: false, unix.EHOSTUNREACH: false,
		unix.ECONNREFUSED: false, unix.EACCES: false, unix.EPERM: true, unix.ENOSYS: true, unix.EBADF: true,
		unix.ENOTSOCK: true, unix.EINVAL: true, unix.EFAULT: true, unix.EIO: true, unix.ENOTCONN: true,
	} {
		if pending(errnoOf(errno)) == ends {
			t.Errorf("%v ends the run: %v, want %v", errno, !ends, ends)
		}
	}
}

// TestUnreadable: what cannot be received from is an error that names the call, and no
// silence; and an error queue that cannot be read is no empty one.
func TestUnreadable(t *testing.T) {
	f, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st := newReceiveState(clock{start})
	if n := st.fetch(&receiver{fd: int(f.Fd())}, make([]scan.Packet, 4), 0); n != 0 || !errors.Is(st.err, unix.ENOTSOCK) {
		t.Errorf("%d packets, %v", n, st.err)
	}
	st.release()
	q, ok := readQueue(int(f.Fd()), make([]byte, largestControl))
	if !ok || q.err.Errno != uint32(unix.ENOTSOCK) || q.fromICMP() {
		t.Errorf("%+v, %v", q, ok)
	}
	fd, err := newSocket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if q, ok := readQueue(fd, make([]byte, largestControl)); ok {
		t.Errorf("an empty queue: %+v", q)
	}
}
