package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sonde/scan"
	"sonde/scan/job"
)

// optional is the value of a flag that may not be given: it sets a pointer.
type optional[T any] struct {
	to    **T
	parse func(text string) (T, error)
	kind  string
}

func (o *optional[T]) Type() string { return o.kind }
func (o *optional[T]) String() string {
	if o.to == nil || *o.to == nil {
		return ""
	}
	return fmt.Sprint(**o.to)
}
func (o *optional[T]) Set(text string) error {
	v, err := o.parse(text)
	if err != nil {
		return err
	}
	*o.to = &v
	return nil
}

func number(to **int) *optional[int] {
	return &optional[int]{to, func(text string) (int, error) {
		v, err := strconv.ParseInt(text, 0, 0)
		return int(v), err
	}, "int"}
}

func natural(to **uint64) *optional[uint64] {
	return &optional[uint64]{to, func(text string) (uint64, error) { return strconv.ParseUint(text, 0, 64) }, "uint64"}
}

// decimal takes 10k, 1.5M and 1G, too.
func decimal(to **float64) *optional[float64] {
	return &optional[float64]{to, func(text string) (float64, error) {
		number, times := text, 1.0
		if n := len(text) - 1; n > 0 {
			if i := strings.IndexByte("kMG", text[n]); i >= 0 {
				number, times = text[:n], [...]float64{1e3, 1e6, 1e9}[i]
			}
		}
		v, err := strconv.ParseFloat(number, 64)
		return v * times, err
	}, "float64"}
}

func duration(to **job.Duration) *optional[job.Duration] {
	return &optional[job.Duration]{to, func(text string) (job.Duration, error) {
		v, err := time.ParseDuration(text)
		return job.Duration(v), err
	}, "duration"}
}

// template is the value of -T: a digit, or the name that goes with it.
func template(to **int) *optional[int] {
	return &optional[int]{to, func(text string) (int, error) {
		if i := slices.Index(scan.TemplateNames[:], text); i >= 0 {
			return i, nil
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 5 {
			return 0, fmt.Errorf("a number from 0 to 5, or one of %s", strings.Join(scan.TemplateNames[:], ", "))
		}
		return n, nil
	}, "0..5"}
}

// shard is the value of --shard.
type shard struct{ *job.Shard }

func (s *shard) Type() string          { return "I/N" }
func (s *shard) Set(text string) error { return s.UnmarshalText([]byte(text)) }

// switched is a field of the table that has no value: it is chosen, or not.
type switched struct{ to *string }

func (*switched) Type() string     { return "bool" }
func (s *switched) String() string { return strconv.FormatBool(*s.to != "") }
func (s *switched) Set(text string) error {
	switch text {
	case "on", "true":
		*s.to = "on"
	case "off", "false":
		*s.to = ""
	default:
		return errors.New("it takes no value, or on or off")
	}
	return nil
}
