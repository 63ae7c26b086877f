package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sonde/probe"
	"sonde/scan/target"
)

func newTCP(a *app) *cobra.Command {
	var f flags
	var p portFlags
	cmd := &cobra.Command{
		Use:   "tcp TARGET... [-p PORTS]",
		Short: "Which TCP ports are open, closed, filtered?",
		Long: `tcp asks TCP ports: by a SYN of our own where that is permitted, else by the
kernel's connect, and says so. Named targets are scanned whether or not they
answer a ping; of networks only what is up, unless -PN says otherwise.`,
		Example: `  sonde tcp -PN -p 22,80,443 192.0.2.7
  sonde tcp -p ssh --expect open 192.0.2.0/24 -q && echo all of them`,
		RunE: func(cmd *cobra.Command, args []string) error {
			kind, err := f.scanKind()
			if err != nil {
				return err
			}
			return a.ports(cmd.Context(), &f, &p, question{command: "tcp", proto: target.TCP, kind: kind, usual: 1000}, args)
		},
	}
	cmd.Flags().StringArrayVarP(&f.kind, "scan", "s", nil, "how to ask, by `KIND`: "+scanLetters()+" (default: S where permitted, else T)")
	p.add(cmd, "top 1000")
	p.addConfirm(cmd, "complete a handshake with each open port, to tell it from a middlebox that answers in its place")
	f.add(cmd)
	f.addTCP(cmd)
	f.addGuard(cmd)
	return cmd
}

func newUDP(a *app) *cobra.Command {
	var f flags
	var p portFlags
	cmd := &cobra.Command{
		Use:   "udp TARGET... [-p PORTS]",
		Short: "Which UDP ports are open, closed, filtered?",
		Long: `udp asks each port in the words of the protocol that lives there (DNS, NTP,
SNMP, TFTP, SIP, IKE, QUIC, RADIUS and some forty others), others with an empty
datagram. A port that says nothing is open|filtered: it may have nothing to say.
What that means for the host is said, too.`,
		Example: `  sonde udp -p 53,123 192.0.2.7
  sonde udp -g 53 -p 12053 192.0.2.7`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.ports(cmd.Context(), &f, &p, question{command: "udp", proto: target.UDP, kind: probe.UDP, usual: 100}, args)
		},
	}
	p.add(cmd, "top 100")
	p.addConfirm(cmd, "ask silent ports again at the pace at which the host tells of closed ones, however long it takes")
	f.add(cmd)
	return cmd
}

// scanKind is the kind of -s; nil if none was given.
func (f *flags) scanKind() (probe.Kind, error) {
	if len(f.kind) == 0 {
		return nil, nil
	}
	if len(f.kind) > 1 {
		return nil, usage("-s%s: one way of asking at a time", strings.Join(f.kind, " -s"))
	}
	if e, ok := probe.ByScan(f.kind[0]); ok {
		return e.Kind, nil
	}
	return nil, usage("-s%s: unknown way of asking: %s", f.kind[0], scanLetters())
}

// scanLetters lists what -s takes: "S syn, T connect".
func scanLetters() string {
	var l []string
	for _, e := range probe.Kinds() {
		if e.Scan != "" {
			l = append(l, e.Scan+" "+e.Kind.Name())
		}
	}
	slices.Sort(l)
	return strings.Join(l, ", ")
}
