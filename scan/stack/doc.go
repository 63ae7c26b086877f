// Package stack asks a host a dozen questions that systems answer differently, and makes of
// the answers what fingerprint/stack judges by.
//
// Begin with Run: it runs small plans on an engine, all at once, paced as all others, and
// returns in 0.7 s where the host answers. What a SYN-ACK alone tells, such as that of a
// port scan, is in Shape.
package stack
