// Package outputtest checks, for tests, that the JSON of records loses nothing: what
// is written is read as the same record, and what is read is written as the same line.
package outputtest

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sonde/output"
	"sonde/scan/report"
)

// everything lists every record, whatever the user would be shown of them.
var everything = output.JSON{Options: output.Options{Verbose: true}}

// alike compares records. A list that is nil is like an empty one, for which JSON has
// one form.
var alike = cmp.Options{
	cmpopts.EquateEmpty(),
	cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}),
	cmp.Comparer(func(a, b time.Time) bool { return a == b }), // the place is part of it
}

// Check returns an error unless r, written and read again, is r.
func Check(r report.Record) error {
	line := everything.AppendRecord(nil, r)
	got, err := output.Decode(line)
	if err != nil {
		return fmt.Errorf("%s%w", line, err)
	}
	if reflect.DeepEqual(got, r) { // as nearly all are, and soon
		return nil
	}
	if diff := cmp.Diff(r, got, alike); diff != "" {
		return fmt.Errorf("%swas written (-), and this was read (+):\n%s", line, diff)
	}
	return nil
}

// Read decodes a line. It returns an error unless the record, written again, is that
// line byte for byte.
func Read(line []byte) (report.Record, error) {
	r, stamp, err := output.DecodeStamped(line)
	if err != nil {
		return nil, fmt.Errorf("%s%w", line, err)
	}
	stamped := everything
	stamped.Now, stamped.Run = func() time.Time { return stamp.Time }, stamp.Run
	again := stamped.AppendRecord(nil, r)
	switch {
	case !bytes.HasSuffix(line, []byte("\n")):
		return r, errors.New("the line is cut: " + string(line))
	case !bytes.Equal(again, line):
		return r, fmt.Errorf("%sis written again as\n%s", line, again)
	}
	return r, nil
}
