// Package service asks an open TCP port what it is: it holds the conversations
// of sonde fp and turns what was said into facts. It knows nothing of scanning;
// who finds a port open calls Ask for it, for many ports at once.
//
// A port is asked by up to three connections at once. What its number is
// registered for decides which of them goes first and how patient it is, never
// what the answer is called:
//
//	listen then GET   waits for a greeting; where none comes, asks for a web page
//	TLS               a ClientHello; inside, on the same connection, the same again
//	GET               asks for a web page at once
//	ask               asks in the one protocol that is usual at this port
//
// Where these brought no name, a second wave asks in single protocols, each on a
// connection of its own: first those that what was heard may be, then those that are
// worth it after a port reacted as this one did. Package protocol knows them all.
//
// Ask ends as soon as one of them brought an answer that no other could better.
//
// The other end is not trusted. A conversation reads no more than 64 KiB, all of
// them together end with the time that the caller gives, and what is kept is
// bounded. Strings in an Answer are what was received, cut in length but not
// escaped: that is the business of whoever shows them.
package service
