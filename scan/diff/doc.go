// Package diff says what changed between two runs, and which of it their answers prove.
// Begin with Side, which takes the records of a run, and Compare; Run is the command.
//
// A Side keeps of each record what can change, as facts of 48 bytes (fact.go): ports in a
// row of which the same is known are one. They are sorted, those of both sides are walked
// through together (compare.go), and what differs is judged by how each side knows it
// (judge.go): an answer proves a state, silence does as far as loss cannot be its cause, and
// what nobody asked, or nobody decided, is not compared.
package diff
