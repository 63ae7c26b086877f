package main

import (
	"fmt"

	"github.com/spf13/pflag"
)

// This file is about flags that are given more than once: none of their values is
// dropped in silence. Lists add up, as all flags do that are repeatable by nature; of
// any other flag a second value that says something else is refused.

// eachOnce makes the flags of set refuse a second value, or take it in addition.
func eachOnce(set *pflag.FlagSet) {
	set.VisitAll(func(f *pflag.Flag) {
		if _, list := f.Value.(pflag.SliceValue); list {
			return
		}
		switch f.Name {
		case "ports", "exclude-ports":
			f.Value = &added{Value: f.Value}
		default:
			f.Value = &once{Value: f.Value}
		}
	})
}

// once is the value of a flag that has one.
type once struct {
	pflag.Value
	given []string // as it was written; empty: it was not
}

// Set implements pflag.Value. Saying the same again is no offence.
func (o *once) Set(text string) error {
	before := o.Value.String()
	if err := o.Value.Set(text); err != nil {
		return err
	}
	o.given = append(o.given, text)
	if len(o.given) > 1 && o.Value.String() != before {
		return errRefused(fmt.Sprintf("given twice, as %s and as %s; leave one out", o.given[0], text))
	}
	return nil
}

// added is the value of a flag whose values add up to one list.
type added struct {
	pflag.Value
	given bool
}

// Set implements pflag.Value.
func (a *added) Set(text string) error {
	if text == "" {
		return errRefused("the value is empty")
	}
	if a.given {
		text = a.Value.String() + "," + text
	}
	a.given = true
	return a.Value.Set(text)
}
