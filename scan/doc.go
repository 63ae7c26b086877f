// Package scan plans questions, decides when to ask them, asks them over a
// Link and hands out what was found. Nothing in it depends on the kernel: real
// links are in scan/link, a simulated network is in scan/simnet.
//
// Begin with a Plan: Targets, the Kinds of probe, and the Asks. Serve opens an
// Engine on a Link and its Routes, and Engine.Run asks the plan's questions,
// calls a function with each Result and returns the Stats: the example shows
// it. Several plans may run on one engine at a time. Who wants to follow a plan
// more closely, or to end it by what it has found, gives it a Watcher.
//
// A question is one target asked in one way: an address, a kind, a port, and
// where the plan has them a TTL, a flow, a variant, a repetition. A try is one
// packet that asks it. A pass is a walk through all questions of a plan; later
// passes ask again what stayed silent.
package scan
