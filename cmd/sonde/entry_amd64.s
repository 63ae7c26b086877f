#include "textflag.h"

// entry is where the program begins, if it was linked so. It does what is too late or
// too dear once the runtime of Go has begun, and goes on where every program of Go
// begins.
//
// It notes whether stdout is open. It empties the capability bounding set, by a call
// for each of at most 64 capabilities: threads inherit it, while to change it in all
// of them takes some milliseconds (scan/link, Drop, which does it where it was not done
// here). The kernel refuses it to whom it gives nothing to lose: without CAP_SETPCAP.
TEXT ·entry(SB),NOSPLIT|NOFRAME,$0
	MOVQ $72, AX // fcntl
	MOVQ $1, DI  // of stdout:
	MOVQ $1, SI  // F_GETFD
	SYSCALL
	MOVQ AX, ·stdoutWas(SB)

	XORL R12, R12 // a capability
drop:
	MOVQ $157, AX // prctl
	MOVQ $24, DI  // PR_CAPBSET_DROP
	MOVQ R12, SI
	XORL DX, DX
	XORL R10, R10
	XORL R8, R8
	SYSCALL
	INCQ R12
	CMPQ R12, $64
	JLT  drop

	JMP _rt0_amd64_linux(SB)
