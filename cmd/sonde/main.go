// Command sonde asks the network one precise question and gives an honest
// answer.
package main

import (
	"net"
	"os"
)

func main() {
	a := &app{args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		open: openKernel, resolver: net.DefaultResolver, hasRoute: hasRoute}
	os.Exit(a.run())
}
