package main

import "testing"

// BenchmarkStart is what a command line costs before anything is opened: a check of a
// single port takes hardly longer.
func BenchmarkStart(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if s, refused := specOf("tcp", "-p", "80", "-o", "json", "10.128.0.1"); s == nil {
			b.Fatal(refused)
		}
	}
}
