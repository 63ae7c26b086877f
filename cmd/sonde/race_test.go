//go:build race

package main

// Under the race detector, the program that tests run has one, too.
func init() { buildFlags, buildEnv = []string{"-race"}, "CGO_ENABLED=1" }
