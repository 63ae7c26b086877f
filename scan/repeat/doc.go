// Package repeat asks every question several times, and counts what became of each: how
// many packets were answered, by what, and how long that took. It composes a plan in
// rounds: every question once, then every question again, one packet each. Run is what
// to call first.
package repeat
