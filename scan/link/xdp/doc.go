// Package xdp has the kernel write the packets of large jobs, and look at what comes
// back, by a program that is attached to one interface (XDP, eXpress Data Path). Load is
// what to call first, then Program.Begin with a Job, and Program.Send with numbers of
// questions.
//
// One program is both halves, told apart by the interface that a frame came in by. Frames
// of its own device it receives: what proves to be an answer to a SYN, or is a segment to
// one of our ports, user space is told of through a ring buffer, and everything goes on to
// the stack, unless the Job has it drop answers. Frames that BPF_PROG_RUN makes seem to come by loopback: each is made a
// question, whose number is counted up in memory that user space shares, and redirected to
// the device. That it is one program spares a change of the kernel's own code at each
// call: it is attached already.
//
// It is written in the kernel's own instructions, so no compiler is needed to build it and
// none to load it. What differs from job to job is in memory, not in the code: the program
// is loaded while this process may do that, before it gives up what it is permitted.
// Programs, maps and the link between program and device are this process's descriptors,
// and vanish with them.
package xdp
