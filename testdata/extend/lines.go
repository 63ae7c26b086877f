package output

import "strconv"

// Lines writes one finding a line in four words, for programs that read words:
//
//	192.0.2.7 80/tcp open syn-ack
type Lines struct {
	meta *Meta
}

var _ = Register(func() Format { return new(Lines) })

func (*Lines) Name() string { return "lines" }

// Streamed: every line stands by itself.
func (*Lines) Streamed() {}

func (f *Lines) AppendBegin(b []byte, m *Meta) []byte {
	f.meta = m
	return b
}

func (f *Lines) AppendRecord(b []byte, r *Record) []byte {
	if !f.meta.Lists(r) {
		return b
	}
	b = append(r.Addr.AppendTo(b), ' ')
	if r.Type == Port {
		b = append(append(strconv.AppendUint(b, uint64(r.Port), 10), '/'), r.Proto...)
	} else {
		b = append(b, r.Type.String()...)
	}
	b = append(append(b, ' '), r.State.String()...)
	b = append(append(b, ' '), r.Reason.String()...)
	return append(b, '\n')
}

func (f *Lines) AppendEnd(b []byte, e *End) []byte { return b }
