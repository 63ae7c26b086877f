package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// ErrArch is the error of a processor for which there is no list of system calls.
var ErrArch = errors.New("no list of system calls for this processor")

// refused are the system calls that fail with EPERM: those that start programs, look
// into other processes, change what the machine is or what this process sees of it, or
// reach parts of the kernel that are known for their faults. A list of what is allowed
// would be narrower, but the runtime of Go makes other calls with each release, and on
// each kind of machine: a scan would end, rarely and somewhere else, by a call that
// nobody thought of. Sockets are left, and so are files: Landlock and the user decide
// about these.
var refused = []uintptr{
	// No program is started, neither by what is read from the network nor by anything
	// else that a run does.
	unix.SYS_EXECVE, unix.SYS_EXECVEAT,
	// Other processes of the same user.
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE,
	unix.SYS_KCMP, unix.SYS_PIDFD_GETFD, unix.SYS_MOVE_PAGES, unix.SYS_MIGRATE_PAGES,
	// Mounts, namespaces, and files behind the back of their folders.
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE,
	unix.SYS_OPEN_TREE_ATTR, unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR,
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_FANOTIFY_INIT,
	unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD, unix.SYS_ACCT,
	// The machine.
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_REBOOT,
	unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_SYSLOG, unix.SYS_VHANGUP, unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME,
	// What has been the way to the kernel's own rights. Programs of BPF that a run uses are
	// loaded by then; filters of sockets are none of these.
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_PERSONALITY, unix.SYS_LOOKUP_DCOOKIE, unix.SYS_NFSSERVCTL,
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL,
}

// audited are the processors for which there is a filter, as the kernel names them to it.
var audited = map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "386": unix.AUDIT_ARCH_I386, "arm": unix.AUDIT_ARCH_ARM,
	"arm64": unix.AUDIT_ARCH_AARCH64, "riscv64": unix.AUDIT_ARCH_RISCV64}

// families are those of the sockets that a run opens when it is under way: connections,
// and questions about routes. Others would need rights that are given up by then, or
// reach what is not the network. On 386, where older programs ask for sockets by another
// call (socketcall), they can.
var families = []uint32{unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}

// Where the kernel shows the filter a call (struct seccomp_data). All processors of the
// table have the low half of an argument first.
const (
	atCall  = 0
	atArch  = 4
	atFirst = 16 // first argument
	atNext  = 24
)

const (
	allow  = unix.SECCOMP_RET_ALLOW
	refuse = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	absent = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS) // callers fall back on an older call
)

// x32 is set in the numbers of calls of a second kind on amd64 (__X32_SYSCALL_BIT).
const x32 = 0x40000000

// program is the filter for a processor. With programs, those of BPF that are loaded may be
// run.
func program(arch string, programs bool) ([]bpf.RawInstruction, error) {
	audit, ok := audited[arch]
	if !ok {
		return nil, fmt.Errorf("%w (%s)", ErrArch, arch)
	}
	// Calls by another calling convention would be others than their numbers say.
	prog := []bpf.Instruction{
		bpf.LoadAbsolute{Off: atArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: audit, SkipTrue: 1},
		bpf.RetConstant{Val: refuse},
		bpf.LoadAbsolute{Off: atCall, Size: 4},
	}
	if arch == "amd64" {
		prog = append(prog, bpf.JumpIf{Cond: bpf.JumpLessThan, Val: x32, SkipTrue: 1}, bpf.RetConstant{Val: refuse})
	}
	return bpf.Assemble(search(prog, spans(programs)))
}

// span is a run of calls that one piece of program decides about.
type span struct {
	first, last uint32
	then        []bpf.Instruction // what it does not refuse is allowed
}

// spans are all calls that are not simply allowed, sorted. The first span is of none.
func spans(programs bool) []span {
	kin := []bpf.Instruction{bpf.LoadAbsolute{Off: atFirst, Size: 4}}
	for i, f := range families {
		kin = append(kin, bpf.JumpIf{Cond: bpf.JumpEqual, Val: f, SkipTrue: uint8(len(families) - i)})
	}
	no := bpf.RetConstant{Val: refuse}
	list := []span{
		{unix.SYS_SOCKET, unix.SYS_SOCKET, append(kin, no)},
		// Threads are made, and no processes.
		{unix.SYS_CLONE, unix.SYS_CLONE, []bpf.Instruction{bpf.LoadAbsolute{Off: atFirst, Size: 4},
			bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: unix.CLONE_THREAD, SkipTrue: 1}, no}},
		{unix.SYS_CLONE3, unix.SYS_CLONE3, []bpf.Instruction{bpf.RetConstant{Val: absent}}}, // its flags are out of sight
		// Nothing is typed into the terminal for the shell that waits there.
		{unix.SYS_IOCTL, unix.SYS_IOCTL, []bpf.Instruction{bpf.LoadAbsolute{Off: atNext, Size: 4},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.TIOCSTI, SkipTrue: 1},
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.TIOCLINUX, SkipTrue: 1}, no}},
	}
	just := []bpf.Instruction{no}
	for _, call := range append(refused[:len(refused):len(refused)], refusedHere...) {
		then := just
		if call == unix.SYS_BPF && programs {
			then = []bpf.Instruction{bpf.LoadAbsolute{Off: atFirst, Size: 4},
				bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.BPF_PROG_TEST_RUN, SkipTrue: 1}, no}
		}
		list = append(list, span{uint32(call), uint32(call), then})
	}
	slices.SortFunc(list, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	joined := []span{{then: []bpf.Instruction{bpf.RetConstant{Val: allow}}}}
	for _, s := range list {
		before := &joined[len(joined)-1]
		if s.first == before.last+1 && slices.Equal(s.then, before.then) {
			before.last = s.last
		} else {
			joined = append(joined, s)
		}
	}
	return joined
}

// search appends what finds the span of a call by halving the list, and decides: the
// kernel runs the filter for each call that there is when it is loaded. Calls are not
// below the first.
func search(prog []bpf.Instruction, list []span) []bpf.Instruction {
	if len(list) > 1 {
		half, jump := len(list)/2, len(prog)
		prog = search(append(prog, nil), list[:half])
		below := len(prog) - jump - 1 // 255 at most
		prog[jump] = bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: list[half].first, SkipTrue: uint8(below)}
		return search(prog, list[half:])
	}
	then := list[0].then
	prog = append(prog, bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: list[0].last, SkipTrue: uint8(len(then))})
	return append(append(prog, then...), bpf.RetConstant{Val: allow})
}

// load puts a filter into all threads. It asks the kernel not to slow the processor down
// for it (SECCOMP_FILTER_FLAG_SPEC_ALLOW): that is for code of strangers, of which none
// is run here.
func load(filter []bpf.RawInstruction) error {
	list := make([]unix.SockFilter, len(filter))
	for i, f := range filter {
		list[i] = unix.SockFilter{Code: f.Op, Jt: f.Jt, Jf: f.Jf, K: f.K}
	}
	prog := unix.SockFprog{Len: uint16(len(list)), Filter: &list[0]}
	const all = unix.SECCOMP_FILTER_FLAG_TSYNC
	thread, errno := seccomp(all|unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW, &prog)
	if errno == unix.EINVAL { // before Linux 4.17
		thread, errno = seccomp(all, &prog)
	}
	switch {
	case errno != 0:
		return fmt.Errorf("seccomp: %w", errno)
	case thread != 0:
		return fmt.Errorf("seccomp: thread %d has a filter of its own: %w", thread, unix.ESRCH)
	}
	return nil
}

// seccomp is seccomp(2) with SECCOMP_SET_MODE_FILTER. With TSYNC, thread is one that
// could not take the filter, so that none has; 0: all have it.
func seccomp(flags uintptr, prog *unix.SockFprog) (thread uintptr, errno syscall.Errno) {
	thread, _, errno = unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(prog)))
	runtime.KeepAlive(prog)
	return thread, errno
}
