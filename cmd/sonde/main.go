// Command sonde asks the network one precise question and gives an honest
// answer.
package main

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"sonde/scan/job"
	"sonde/scan/network"
	"sonde/scan/then"
)

// garbage is how much of what is in use may be garbage, in percent, unless GOGC says
// otherwise: half of Go's default, since what is written is much more than what is kept.
const garbage = 50

func main() {
	if os.Args[0] == then.Name {
		os.Exit(then.Serve(os.Stdin, os.Stdout))
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	// Until privileges are given up there is no work for more than one processor, and
	// each thread that others make the runtime start is one more to take along then.
	// network.GiveUp has the others join in.
	runtime.GOMAXPROCS(1)
	a := &app{args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ(),
		open: network.Open, resolver: net.DefaultResolver, hasRoute: network.HasRoute, links: network.Links}
	if filepath.Base(os.Args[0]) == "nmap" {
		a.args = append([]string{"nmap"}, a.args...)
	}
	if stdoutWas < 0 {
		a.stdout = shutWriter{}
	}
	if err := network.Usable(); err != nil {
		os.Stderr.WriteString("sonde: " + err.Error() + "\n") // by nothing that has a timer
		os.Exit(job.ExitLocal)
	}
	os.Exit(a.run())
}
