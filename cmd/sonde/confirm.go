package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"sonde/probe"
	"sonde/scan/link"
	"sonde/scan/ports"
	"sonde/scan/service"
)

// addConfirm defines --confirm, with what it does here.
func (p *portFlags) addConfirm(cmd *cobra.Command, usage string) {
	cmd.Flags().BoolVar(&p.confirm, "confirm", false, usage)
}

// checkConfirm refuses --confirm where there is nothing that it could confirm.
func (f *flags) checkConfirm(q question) error {
	switch {
	case q.kind != nil && q.kind != probe.SYN && q.kind != probe.Connect && q.kind != probe.UDP:
		return usage("--confirm completes handshakes, which -s%s does not begin", f.kind[0])
	case q.kind != probe.UDP && f.sourcePort != 0:
		return usage("--confirm and -g exclude each other: handshakes need ports of their own")
	case f.retries >= 0:
		return usage("--confirm asks more often than --max-retries allows")
	case f.dryRun:
		return usage("--confirm: --dry-run gets no answers to confirm")
	}
	return nil
}

// handshake is how --confirm asks a port: by the kernel, with what the flags say
// of packets.
func (s *portScan) handshake() ports.Confirm {
	dialer := service.From(netip.AddrPortFrom(s.flags.sourceAddr(), 0), sockets(s.flags))
	return func(ctx context.Context, port netip.AddrPort, wait time.Duration) ports.Confirmation {
		dialing, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		c, err := dialer.DialContext(dialing, "tcp", port.String())
		switch {
		case errors.Is(err, syscall.ECONNREFUSED):
			return ports.Refused
		case errors.Is(err, syscall.ECONNRESET): // so quickly that connect was told
			return ports.Cut
		case err != nil:
			return ports.Failed
		}
		defer c.Close()
		stop := context.AfterFunc(ctx, func() { c.Close() })
		defer stop()
		got := link.HalfClose(c.(*net.TCPConn), wait)
		switch {
		case ctx.Err() != nil:
			return ports.Failed
		case got == link.Acknowledged:
			return ports.Accepted
		case got == link.Reset:
			return ports.Cut
		}
		return ports.Ignored
	}
}
