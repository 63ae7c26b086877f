// Command services starts real servers in a network namespace, asks sonde fp and nmap -sV
// what they are in the same run, and prints what each says of each port beside what is
// there. It needs the machine's root, and says which servers are not installed.
//
//	services [-sonde FILE] [-only PATTERN]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"sonde/scan/lab"
)

// target is where the servers are, a link away from who asks.
const target, asker = "10.77.3.10", "10.77.3.1"

func main() {
	sonde := flag.String("sonde", "bin/sonde", "the `FILE` that is tried")
	only := flag.String("only", "", "only servers whose package matches this regular expression")
	flag.Parse()
	exit, inside, err := 0, false, error(nil)
	if *sonde, err = filepath.Abs(*sonde); err == nil {
		if exit, inside, err = lab.Enter(); !inside && err == nil {
			os.Exit(exit)
		}
	}
	if err == nil {
		err = run(*sonde, *only)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "services:", err)
		os.Exit(1)
	}
}

// fatal ends the program where a network cannot be built.
type fatal struct{}

func (fatal) Helper() {}
func (fatal) Fatalf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "services: "+format+"\n", args...)
	os.Exit(1)
}

// run starts the servers, and has both programs ask them.
func run(sonde, only string) error {
	which, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "services")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	n := lab.New(fatal{})
	client, host := n.Host("client"), n.Host("server")
	n.Link(client, host, asker+"/24", target+"/24")
	var missing []string
	var started []*server
	for i := range servers {
		s := &servers[i]
		if !which.MatchString(s.debian) {
			continue
		}
		if s.version = installed(s.debian); s.version == "" {
			missing = append(missing, s.debian)
			continue
		}
		if err := s.start(host, filepath.Join(dir, fmt.Sprint(i))); err != nil {
			missing = append(missing, fmt.Sprintf("%s (%v)", s.debian, err))
			continue
		}
		started = append(started, s)
	}
	if len(missing) > 0 {
		fmt.Printf("not here, so not asked: %s\n", strings.Join(missing, ", "))
	}
	if len(started) == 0 {
		return errors.Join(errors.New("no server is here"), n.Close())
	}
	settle(client, started)
	list := ports(started)
	ours, tookOurs, err := ask(client, readSonde, sonde, "fp", "--no-os", "-o", "json", "-p", list, target)
	theirs, tookTheirs, err2 := answers{}, time.Duration(0), errors.New("nmap is not installed")
	if _, missing := exec.LookPath("nmap"); missing == nil {
		theirs, tookTheirs, err2 = ask(client, readNmap, "nmap", "-sS", "-sU", "-sV", "-Pn", "-n", "-oX", "-", "-p", list, target)
	}
	fmt.Print(table(started, ours, theirs))
	fmt.Printf("sonde fp: %s in %.1f s\nnmap -sV: %s in %.1f s\n", sum(started, ours), tookOurs.Seconds(), sum(started, theirs), tookTheirs.Seconds())
	if err2 != nil {
		fmt.Println("nmap:", err2)
	}
	return errors.Join(err, n.Close())
}

// installed is the upstream version of a Debian package, "" if it is not installed.
func installed(debian string) string {
	out, err := exec.Command("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", debian).Output()
	status, version, _ := strings.Cut(string(out), " ")
	if err != nil || status != "installed" {
		return ""
	}
	if _, after, ok := strings.Cut(version, ":"); ok {
		version = after
	}
	version, _, _ = strings.Cut(version, "-")
	version, _, _ = strings.Cut(version, "+")
	return version
}

// start runs a server until the network is closed, in a folder of its own.
func (s *server) start(host *lab.Host, dir string) error {
	in := strings.NewReplacer("DIR", dir, "ADDR", target)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, text := range s.files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(in.Replace(text)), 0o644); err != nil {
			return err
		}
	}
	if s.first != "" {
		if out, err := host.Command("/bin/sh", "-c", in.Replace(s.first)).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %.200s", err, out)
		}
	}
	words := strings.Fields(in.Replace(s.command))
	c := host.Command(words[0], words[1:]...)
	c.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir, "MIBS=")
	for name, value := range s.env {
		c.Env = append(c.Env, name+"="+in.Replace(value))
	}
	c.WaitDelay = time.Second
	if err := c.Start(); err != nil {
		return err
	}
	go c.Wait() // the end of the network kills it
	return nil
}

// settle waits until as many TCP ports as there are are open, or no more become so.
func settle(client *lab.Host, started []*server) {
	for range 30 {
		time.Sleep(time.Second)
		all := true
		for _, s := range started {
			for _, p := range s.ports {
				if p.proto == "tcp" && all {
					all = client.Command("/bin/bash", "-c", fmt.Sprintf("exec 3<>/dev/tcp/%s/%d", target, p.number)).Run() == nil
				}
			}
		}
		if all {
			time.Sleep(3 * time.Second) // for those over UDP
			return
		}
	}
}

// mostTime is how long a program may take.
const mostTime = 15 * time.Minute

// ask runs a program and reads what it found.
func ask(client *lab.Host, read func([]byte) (answers, error), words ...string) (a answers, took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), mostTime)
	defer cancel()
	c := client.Command(words[0], words[1:]...)
	stop := context.AfterFunc(ctx, func() { c.Process.Kill() })
	defer stop()
	start := time.Now()
	out, err := c.Output()
	took = time.Since(start)
	var failed *exec.ExitError
	if errors.As(err, &failed) && len(out) > 0 { // a part of it is an answer, too
		err = nil
	}
	if err != nil {
		return nil, took, fmt.Errorf("%s: %w", words[0], err)
	}
	a, err = read(out)
	return a, took, err
}
