package sandbox

import "golang.org/x/sys/unix"

// refusedHere are refused besides, where they are: what older processors have to make
// processes and to reach the hardware.
var refusedHere = []uintptr{unix.SYS_FORK, unix.SYS_VFORK, unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_MODIFY_LDT, unix.SYS_KEXEC_FILE_LOAD}
