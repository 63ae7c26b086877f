package lab

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Resolver makes these addresses the name servers of this program and of all
// commands that it runs, until the network is closed: /etc/resolv.conf is covered
// by another file, in the program's own mount namespace. The machine's name
// servers are out of reach anyway.
func (n *Network) Resolver(servers ...string) {
	n.t.Helper()
	cover, err := resolvConf(servers)
	if err != nil {
		n.fail("name servers: %v", err)
	}
	n.own(cover)
}

const resolvPath = "/etc/resolv.conf"

func resolvConf(servers []string) (uncover closer, err error) {
	f, err := os.CreateTemp("", "resolv.conf")
	if err != nil {
		return nil, err
	}
	// The mount holds the file; its name is not needed.
	defer os.Remove(f.Name())
	text := "options timeout:1 attempts:4\n"
	for _, s := range servers {
		text += "nameserver " + s + "\n"
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return nil, err
	}
	if err := unix.Mount(f.Name(), resolvPath, "", unix.MS_BIND, ""); err != nil {
		return nil, &os.PathError{Op: "mount over", Path: resolvPath, Err: err}
	}
	return func() error { return unix.Unmount(resolvPath, unix.MNT_DETACH) }, nil
}
