package main

// entry is where the linker begins the program, by -E main.entry (Makefile).
//
//lint:ignore U1000 nothing in Go calls it
func entry()
