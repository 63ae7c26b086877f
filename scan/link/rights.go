package link

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// Grant says why raw sockets may be opened here, or why not.
type Grant uint8

const (
	GrantedNothing   Grant = iota // neither the user nor the program has CAP_NET_RAW
	GrantedRoot                   // the user is root
	GrantedFile                   // the program's file has the capability
	GrantedOtherwise              // whoever started the program left it the capability (ambient set)
	GrantUnbounded                // the bounding set leaves it out, so neither root nor a file can have it: a container
	GrantNoNew                    // the file has it without effect: no_new_privs is set
	GrantNoSUID                   // the file has it without effect: its file system is mounted nosuid
	GrantElsewhere                // it is ours in a user namespace to which this network does not belong
	GrantRefused                  // it is ours, and yet the kernel refuses: seccomp, a security module
)

var grantNames = [...]string{
	GrantedNothing: "no-capability", GrantedRoot: "root", GrantedFile: "file-capability", GrantedOtherwise: "capability",
	GrantUnbounded: "bounding-set", GrantNoNew: "no-new-privs", GrantNoSUID: "nosuid", GrantElsewhere: "user-namespace", GrantRefused: "refused",
}

func (g Grant) String() string { return grantNames[g] }

// Rights is what this process may do on the network without asking anybody.
type Rights struct {
	Raw     error  // why raw sockets cannot be opened; nil: they can
	Why     Grant  // of Raw
	Program string // path of the running program; "": not known
	Held    int    // how many capabilities the process holds, all of which sandbox.Enter gives up
	Ping    error  // why the kernel sends no echo requests for us; nil: it does
	Group   uint32 // our effective group
	Groups  string // net.ipv4.ping_group_range, "FIRST LAST"; FIRST above LAST is nobody; "": not known
}

// AskRights tries out what the process may do. Like Permitted it raises
// CAP_NET_RAW where that is permitted; sandbox.Enter gives it up.
func AskRights() Rights {
	set, err := held()
	if err != nil { // Permitted says so, too
		set = cap.NewSet()
	}
	c := credentials{root: os.Geteuid() == 0 && rootIsSpecial(), nested: nestedUsers()}
	c.permitted, _ = set.GetFlag(cap.Permitted, cap.NET_RAW)
	c.bounding, _ = cap.GetBound(cap.NET_RAW)
	r := Rights{Group: uint32(os.Getegid())}
	for v := cap.Value(0); v < cap.MaxBits(); v++ {
		if has, _ := set.GetFlag(cap.Permitted, v); has {
			r.Held++
		}
	}
	r.Program, _ = os.Executable()
	c.file, c.noSUID = ownFile()
	if n, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); err == nil {
		c.noNew = n != 0
	}
	r.Raw = Permitted()
	r.Why = c.grant(r.Raw == nil)
	r.Ping = PingPermitted()
	if b, err := os.ReadFile("/proc/sys/net/ipv4/ping_group_range"); err == nil {
		r.Groups = strings.Join(strings.Fields(string(b)), " ")
	}
	return r
}

// rootIsSpecial tells whether root gets all capabilities by being root (SECBIT_NOROOT of
// capabilities(7)). A sandbox that refuses to say has not taken that away.
func rootIsSpecial() bool {
	bits, err := unix.PrctlRetInt(unix.PR_GET_SECUREBITS, 0, 0, 0, 0)
	return err != nil || cap.Secbits(bits)&cap.SecbitNoRoot == 0
}

// ownFile tells whether the program's file has CAP_NET_RAW, and whether it is
// mounted nosuid. It goes by a link of the kernel's, since the path to it need not
// be open to us.
func ownFile() (granted, noSUID bool) {
	const self = "/proc/self/exe"
	var fs unix.Statfs_t
	if unix.Statfs(self, &fs) == nil {
		noSUID = fs.Flags&unix.ST_NOSUID != 0
	}
	f, err := os.Open(self)
	if err != nil {
		return false, noSUID
	}
	defer f.Close()
	if set, err := cap.GetFd(f); err == nil {
		granted, _ = set.GetFlag(cap.Permitted, cap.NET_RAW)
	}
	return granted, noSUID
}

// credentials is what decides whether a process has CAP_NET_RAW
// (capabilities(7), "Transformation of capabilities during execve()").
type credentials struct {
	root      bool // root, and special (no SECBIT_NOROOT)
	permitted bool // CAP_NET_RAW is in the permitted set,
	bounding  bool // in the bounding set,
	file      bool // and in the permitted set of the program's file
	noNew     bool // no_new_privs is set
	noSUID    bool // the program's file system is mounted nosuid
	nested    bool // in another user namespace than the machine's first
}

// grant explains that a raw socket could be opened, or could not.
func (c credentials) grant(opened bool) Grant {
	switch {
	case opened && c.root:
		return GrantedRoot
	case opened && c.file:
		return GrantedFile
	case opened:
		return GrantedOtherwise
	case c.permitted && c.nested:
		return GrantElsewhere
	case c.permitted:
		return GrantRefused
	case !c.bounding:
		return GrantUnbounded
	case c.file && c.noNew:
		return GrantNoNew
	case c.file && c.noSUID:
		return GrantNoSUID
	}
	return GrantedNothing
}

// nestedUsers tells whether this user namespace is not the machine's first: that
// one maps all users to themselves (user_namespaces(7)).
func nestedUsers() bool {
	b, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return false
	}
	var inside, outside, size uint32
	n, _ := fmt.Sscan(string(b), &inside, &outside, &size)
	return n == 3 && (inside != 0 || outside != 0 || size != 1<<32-1)
}
