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
//
// Ask ends as soon as one of them brought an answer that no other could better.
//
// The other end is not trusted. A conversation reads no more than 64 KiB, all of
// them together end with the time that the caller gives, and what is kept is
// bounded. Strings in an Answer are what was received, cut in length but not
// escaped: that is the business of whoever shows them.
package service
