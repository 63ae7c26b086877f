package sandbox

import "golang.org/x/sys/unix"

// refusedHere are refused besides, where they are: what older processors have to make
// processes.
var refusedHere = []uintptr{unix.SYS_FORK, unix.SYS_VFORK, unix.SYS_KEXEC_FILE_LOAD}
