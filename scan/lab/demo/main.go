// Command demo shows what sonde does, on a small network that it makes for the
// purpose out of network namespaces. It needs neither root nor the machine's
// network, only user namespaces where it is not run by root.
//
//	demo PATH_TO_SONDE
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"sonde/scan/lab"
)

func main() { os.Exit(run()) }

// run returns 0 if every command could be started, whatever it found out; 1 if
// not; 2 for wrong usage.
func run() int {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: demo PATH_TO_SONDE")
		return 2
	}
	sonde, err := filepath.Abs(os.Args[1])
	if err == nil {
		_, err = exec.LookPath(sonde)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 2
	}
	exit, inside, err := lab.Enter()
	switch {
	case errors.Is(err, lab.ErrRefused):
		fmt.Printf("%v\n\nSo there is no network to show; this machine itself:\n\n", err)
		cmd := exec.Command(sonde, "tcp", "127.0.0.1")
		return show(cmd, cmd.Run)
	case err != nil:
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 1
	case !inside:
		return exit
	}
	return demonstrate(sonde)
}

// demonstrate makes the network and runs the commands on its client.
func demonstrate(sonde string) (exit int) {
	n := lab.New(fatal{})
	defer n.Close()
	client := build(n)
	fmt.Print(picture)
	for _, scene := range []struct{ why, args string }{
		{"Who is on this link? ARP asks; nobody who is there can refuse to answer.", "sweep 10.77.1.0/24"},
		{"Who is behind the router? .13 answers no ping, but its web server does.", "sweep 10.77.2.0/24"},
		{"Which ports are open? 445 is dropped without a word, 9000 rejected by the router.", "tcp -PN -p 22,80,445,9000 10.77.2.10"},
		{"The same over IPv6.", "tcp -PN -p 22,80,445,9000 fd77:2::10"},
		{"Something answers for every port of .22. Which are truly open?", "tcp -p 78-82 --confirm 10.77.2.22"},
		{"UDP asks in the words of the protocol that lives on the port.", "udp -p 53,80 10.77.2.53"},
		{"A port that says nothing: does that mean anything?", "udp -p 162,80 10.77.2.10"},
		{"What exactly went over the wire?", "tcp -p 80,81 --packet-trace 10.77.2.10"},
		{"A packet marked for voice, EF: is the mark still there where it arrives?", "trace --proto udp --dscp ef 10.77.2.10"},
		{"What runs there, and by which way is it reached?", "fp -T4 -p 22,25,80,445 10.77.2.10"},
		{"Scripts take the exit code, or JSON, one object a line.", "tcp -p 445 -o json 10.77.2.12"},
	} {
		fmt.Println("#", scene.why)
		cmd := client.Command(sonde, strings.Fields(scene.args)...)
		exit = max(exit, show(cmd.Cmd, cmd.Run))
	}
	return exit
}

// show runs a command as if typed at a prompt, with its output and exit code.
func show(cmd *exec.Cmd, run func() error) (exit int) {
	fmt.Println("$ sonde", strings.Join(cmd.Args[1:], " "))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err := run()
	if cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 1
	}
	fmt.Printf("[exit %d]\n\n", cmd.ProcessState.ExitCode())
	return 0
}

// fatal ends the program where the network cannot be built: with it ends the
// network.
type fatal struct{}

func (fatal) Helper() {}

func (fatal) Fatalf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "demo: "+format+"\n", args...)
	os.Exit(1)
}
