package terminal

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Keyboard makes a terminal hand over single keys, and puts it back as it was.
// The zero value is ready; its methods are safe for concurrent use.
type Keyboard struct {
	mu    sync.Mutex
	fd    int
	state *unix.Termios // to go back to; nil: nothing was changed
	off   bool          // the terminal is left as it is
	// leave is called by Pause, and back by Resume: of what is shown beside keys; nil: nothing is
	leave, back func()
}

// keyWait is how long one look for a key takes.
const keyWait = 100 * time.Millisecond

// Foreground tells whether our process group owns the terminal that f is.
func Foreground(f *os.File) bool { return foreground(int(f.Fd())) }

// foreground tells whether our process group owns the terminal. To others,
// reading from it or setting it up means being stopped (SIGTTIN, SIGTTOU).
func foreground(fd int) bool {
	owner, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err == nil && owner == unix.Getpgrp()
}

// Orphaned tells whether no process of our session looks after our process group, a
// shell for one, and could wake it when it is stopped.
func Orphaned() bool {
	group, pid := unix.Getpgrp(), os.Getppid()
	session, err := unix.Getsid(0)
	if err != nil {
		return true
	}
	for range 100 {
		theirs, err := unix.Getsid(pid)
		if err != nil || theirs != session {
			return true
		}
		if g, err := unix.Getpgid(pid); err != nil || g != group {
			return err != nil
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return true
		}
		// Behind the name, which may hold anything: state and parent.
		if _, err := fmt.Sscanf(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " %s %d", new(string), &pid); err != nil {
			return true
		}
	}
	return true
}

// take sets the terminal up for single keys without echo, if that is ours to do
// and not done: shells change it back while we are stopped.
func (k *Keyboard) take(fd int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.off || !foreground(fd) {
		return false
	}
	now, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return false
	}
	if now.Lflag&unix.ICANON == 0 && k.state != nil {
		return true
	}
	raw := *now
	raw.Lflag &^= unix.ICANON | unix.ECHO
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 0, 0 // Read returns at once
	if unix.IoctlSetTermios(fd, unix.TCSETS, &raw) != nil {
		return false
	}
	k.fd, k.state = fd, now
	return true
}

// Pause undoes take, and leaves the terminal alone until Resume is called.
func (k *Keyboard) Pause() {
	k.mu.Lock()
	k.off = true
	leave := k.leave
	k.mu.Unlock()
	if leave != nil {
		leave()
	}
	k.restore()
}

// Resume undoes Pause.
func (k *Keyboard) Resume() {
	k.mu.Lock()
	k.off = false
	back := k.back
	k.mu.Unlock()
	if back != nil {
		back()
	}
}

// Beside sets what is shown beside keys; nil: nothing is any more.
func (k *Keyboard) Beside(leave, back func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.leave, k.back = leave, back
}

// restore undoes take.
func (k *Keyboard) restore() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.state != nil && foreground(k.fd) {
		unix.IoctlSetTermios(k.fd, unix.TCSETS, k.state)
	}
	k.state = nil
}

// Read hands every key that is pressed to keys until stop is called, which
// restores the terminal.
func (k *Keyboard) Read(in *os.File, keys chan<- byte) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		fd := int(in.Fd())
		var b [1]byte
		for {
			select {
			case <-quit:
				return
			default:
			}
			if !k.take(fd) {
				select {
				case <-quit:
					return
				case <-time.After(keyWait):
				}
				continue
			}
			// A read could last: a shell that took the terminal back has changed it
			// to whole lines, and take comes first.
			ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			if n, err := unix.Poll(ready, int(keyWait/time.Millisecond)); n == 0 || err == unix.EINTR {
				continue
			} else if err != nil || ready[0].Revents&unix.POLLIN == 0 {
				return // hung up
			}
			if !k.take(fd) {
				continue
			}
			if n, err := unix.Read(fd, b[:]); err != nil && err != unix.EINTR {
				return
			} else if n == 1 {
				select {
				case keys <- b[0]:
				case <-quit:
					return
				}
			}
		}
	}()
	return func() {
		close(quit)
		<-done
		k.restore()
	}
}
