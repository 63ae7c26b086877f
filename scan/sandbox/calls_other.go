//go:build !amd64 && !386 && !arm

package sandbox

// refusedHere are refused besides, where they are.
var refusedHere []uintptr
