package then

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"sonde/scan/report"
	"sonde/scan/sandbox"
)

// Name is what the helper is called: a program that is started by that name calls Serve.
const Name = "sonde-then"

const (
	atOnce     = 4               // commands that run at the same time
	mostOutput = 256 << 10       // bytes that are kept of what one says
	patience   = 2 * time.Second // for a command that is to end, and for what it has left running
)

// order is the first line to the helper, and answer is its answer. What need not be UTF-8 is
// bytes.
type order struct{ Words [][]byte }

type answer struct{ Error string }

// reply is what came of one command.
type reply struct {
	Addr          netip.Addr
	Argv          [][]byte
	Exit          uint8
	Signal, Error string
	Output        []byte
	Cut           bool
}

// record is it as a run tells it.
func (r *reply) record() *report.Then {
	return &report.Then{Addr: r.Addr, Argv: fromBytes(r.Argv), Exit: r.Exit, Signal: r.Signal, Error: r.Error, Output: string(r.Output), Cut: r.Cut}
}

func asBytes(words []string) (list [][]byte) {
	for _, w := range words {
		list = append(list, []byte(w))
	}
	return list
}

func fromBytes(words [][]byte) (list []string) {
	for _, w := range words {
		list = append(list, string(w))
	}
	return list
}

// Serve is the helper: it reads an order and then hosts, a JSON object each, runs the command
// for each and writes what came of it. When nothing more comes in, it ends what still runs.
// It returns the exit code.
func Serve(in io.Reader, out io.Writer) int {
	d, e := json.NewDecoder(in), json.NewEncoder(out)
	var o order
	if d.Decode(&o) != nil {
		return 1
	}
	t := Template{fromBytes(o.Words)}
	err := t.check()
	if err == nil {
		err = sandbox.BeOrdinary()
	}
	if err == nil {
		if _, err = exec.LookPath(t.words[0]); errors.Is(err, exec.ErrDot) {
			err = fmt.Errorf("%s is in the current folder, where commands are not looked for: write ./%[1]s", t.words[0])
		} else if err != nil {
			why := errors.Unwrap(err)
			if at := (*fs.PathError)(nil); errors.As(err, &at) {
				why = at.Err
			}
			err = fmt.Errorf("no such command: %s (%w)", t.words[0], why)
		}
	}
	if err != nil {
		e.Encode(answer{err.Error()})
		return 1
	}
	if e.Encode(answer{}) != nil {
		return 1
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	slots := make(chan struct{}, atOnce)
	var running sync.WaitGroup
	var mu sync.Mutex // of e
	for {
		var h Host
		if d.Decode(&h) != nil {
			break
		}
		if !h.Addr.IsValid() {
			continue
		}
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			r := carryOut(ctx, t.Argv(h))
			r.Addr = h.Addr
			mu.Lock()
			defer mu.Unlock()
			if e.Encode(r) != nil {
				cancel() // nobody listens
			}
		})
	}
	cancel()
	running.Wait()
	return 0
}

// carryOut runs one command, until ctx ends at most.
func carryOut(ctx context.Context, argv []string) *reply {
	var said output
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = patience
	err := cmd.Run()
	r := &reply{Argv: asBytes(argv), Output: said.b, Cut: said.cut}
	switch s := cmd.ProcessState; {
	case s == nil && ctx.Err() != nil:
		r.Error = "the run was over"
	case s == nil:
		r.Error = err.Error()
	case s.Sys().(syscall.WaitStatus).Signaled():
		r.Signal = s.Sys().(syscall.WaitStatus).Signal().String()
	default:
		r.Exit = uint8(s.ExitCode())
	}
	return r
}

// output keeps the first bytes of what is written to it.
type output struct {
	b   []byte
	cut bool
}

func (o *output) Write(b []byte) (int, error) {
	n := min(len(b), mostOutput-len(o.b))
	o.b = append(o.b, b[:n]...)
	o.cut = o.cut || n < len(b)
	return len(b), nil
}
