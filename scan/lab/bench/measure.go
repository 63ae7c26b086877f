package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// sample is one run of one command.
type sample struct {
	wall   time.Duration // from the start of the process to its end
	cpu    time.Duration // in the program and in the kernel
	missed int           // there, and not found
	wrong  int           // found, and not there
	ended  bool          // it had to be ended
}

// course is all that is known while a job is done.
type course struct {
	*job
	site
	want map[string]bool
	// programs says where programs are that are not to be looked for.
	programs map[string]string
	folder   string        // for what programs write
	timeout  time.Duration // after which a run is ended …
	again    time.Duration // … and one of a command whose first run was
}

// run runs a command, ends it after limit, and holds what it found against the truth.
func (c *course) run(command string, limit time.Duration) (s sample, err error) {
	out := filepath.Join(c.folder, "out")
	printed, err := os.Create(filepath.Join(c.folder, "printed"))
	if err != nil {
		return s, err
	}
	defer printed.Close()
	said := &strings.Builder{}

	words := c.words(command, c.site, out)
	program := words[0]
	if here := c.programs[program]; here != "" {
		program = here
	}
	cmd := c.scanner.Command(program, words[1:]...)
	cmd.Stdout, cmd.Stderr = printed, said
	cmd.WaitDelay = time.Second

	start := time.Now()
	if err := cmd.Start(); err != nil {
		return s, err
	}
	end := time.AfterFunc(limit, func() { cmd.Process.Kill() })
	err = cmd.Wait()
	s.wall = time.Since(start)
	s.ended = !end.Stop()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return s, err
	}
	s.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()

	file := printed.Name()
	if strings.Contains(command, "{out}") {
		file = out
	}
	output, err := os.ReadFile(file)
	os.Remove(out)
	var got map[string]bool
	if err == nil {
		got, err = c.read(words[0], string(output), cmd.ProcessState.ExitCode())
	}
	if err != nil && !s.ended { // who is ended may leave half a line, or no file
		return s, fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, said.String()[:min(said.Len(), 1000)])
	}
	for x := range c.want {
		if !got[x] {
			s.missed++
		}
	}
	for x := range got {
		if !c.want[x] {
			s.wrong++
		}
	}
	return s, nil
}

// rounds runs all commands of the job by turns, every other round in the opposite
// order, and returns the samples of each, by round.
func (c *course) rounds(n int) (map[string][]sample, error) {
	var commands []string
	samples := make(map[string][]sample)
	for _, x := range c.contests {
		for _, command := range []string{x.sonde, x.peer} {
			if samples[command] == nil {
				samples[command] = make([]sample, 0, n)
				commands = append(commands, command)
			}
		}
	}
	for round := range n {
		for i := range commands {
			if round%2 == 1 {
				i = len(commands) - 1 - i
			}
			command := commands[i]
			limit := c.timeout
			if round > 0 && samples[command][0].ended { // that it is slow is known
				limit = c.again
			}
			s, err := c.run(command, limit)
			if err != nil {
				return nil, err
			}
			samples[command] = append(samples[command], s)
		}
	}
	return samples, nil
}
