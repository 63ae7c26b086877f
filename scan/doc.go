// Package scan plans questions, decides when to ask them, asks them over a
// Link and hands out what was found. Nothing in it depends on the kernel: real
// links are in scan/link, a simulated network is in scan/simnet.
package scan
