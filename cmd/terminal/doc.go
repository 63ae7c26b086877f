// Package terminal is what a run has of a terminal beside its results: single keys, and a
// last line that tells how far it is. Both leave the terminal as it was, and neither
// touches one that is not ours, as in the background. Line and Keyboard are what to use,
// and Width by who writes text.
package terminal
