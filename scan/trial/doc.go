// Package trial says which property of a packet makes the difference, whether loss belongs
// to flows rather than to chance, and where on the way a difference begins.
//
// A Design lists the variants, Run sends each of them once in every block, and Judge makes
// a Verdict of the Observations; Sequence does the same while a trial is under way. AskFlows
// sends the same flows again and again, and ByFlow says what their loss belongs to.
// Locate.Run tells between which hops two variants begin to differ. What judges is pure:
// numbers in, verdict out.
package trial
