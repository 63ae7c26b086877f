package job

import (
	"context"
	"fmt"

	"sonde/probe"
	"sonde/probe/field"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/capture"
)

// Preview hands out, as a line each, the first packet of every question that s
// would ask, and sends nothing; with Show.Verbose a line each of its fields, too. It ends when show returns an error, which it
// returns; others are *Errors.
func Preview(ctx context.Context, env *Env, s *Spec, show func(line []byte) error) error {
	j, c, err := prepare(ctx, env, s)
	if err != nil {
		return err
	}
	defer j.close()
	for i := range c.plans {
		if err := j.preview(&c.plans[i], show); err != nil {
			return err
		}
	}
	return nil
}

func (j *job) preview(p *scan.Plan, show func(line []byte) error) error {
	cfg := scan.Config{Routes: j.network.Routes, Start: j.network.Start, Timing: j.spec.Pace.timing(), Ports: j.network.Ports}
	var line []byte
	var pkt wire.Packet
	var failed error
	err := scan.Preview(cfg, p, func(etherType uint16, b []byte, q probe.Probe) bool {
		if b == nil {
			line = j.withoutPacket(line[:0], p.Kinds[q.Kind], q)
		} else {
			pkt.Parse(b, etherType)
			line = capture.AppendLine(line[:0], &pkt, capture.Sent, 0, etherType, b)
			if j.spec.Show.Verbose {
				line = field.AppendAll(line, &pkt)
			}
		}
		failed = show(append(line, '\n'))
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		return Usage("%w", err)
	}
	return nil
}

// withoutPacket describes a question that the kernel asks, or nobody can.
func (j *job) withoutPacket(line []byte, kind probe.Kind, q probe.Probe) []byte {
	line = fmt.Appendf(line, "%s %v", kind.Name(), q.Target)
	if q.Port != 0 {
		line = fmt.Appendf(line, " port %d", q.Port)
	}
	if way := j.network.Routes.Ways()[q.Way]; way.Err != nil {
		line = fmt.Appendf(line, ": no way: %v", way.Err)
	}
	return line
}
