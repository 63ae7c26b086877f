package defaults

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"sonde/scan/report"
)

// parse reads TOML: keys that are flags, before all tables or in the table of a command. A
// value is text, a number, true or false, or a list of these for flags whose values add up.
// Its errors name the line.
func parse(path string, text []byte, has func(command, flag string) bool) (list []report.Default, err error) {
	var p unstable.Parser
	p.Reset(text)
	command := ""
	lines := map[[2]string]int{} // where what is set
	for p.NextExpression() {
		e := p.Expression()
		key, line := keyOf(&p, e)
		switch e.Kind {
		case unstable.Table:
			if len(key) != 1 || !has(key[0], "") {
				return nil, fmt.Errorf("line %d: no command is called %s", line, strings.Join(key, "."))
			}
			command = key[0]
		case unstable.KeyValue:
			of, flag := command, key[len(key)-1]
			if len(key) == 2 && command == "" {
				of = key[0]
			} else if len(key) != 1 {
				flag = strings.Join(key, ".")
			}
			if !has(of, flag) {
				what := of + " has no flag"
				if of == "" {
					what = "no command has a flag"
				}
				return nil, fmt.Errorf("line %d: %s --%s that could have a default", line, what, flag)
			}
			if was := lines[[2]string{of, flag}]; was > 0 {
				return nil, fmt.Errorf("line %d: %s is set in line %d, too", line, flag, was)
			}
			lines[[2]string{of, flag}] = line
			values, err := valuesOf(e.Value())
			if err != nil {
				return nil, fmt.Errorf("line %d: %s: %w", line, flag, err)
			}
			for _, v := range values {
				list = append(list, report.Default{Command: of, Flag: flag, Value: v, From: path + ":" + strconv.Itoa(line)})
			}
		default:
			return nil, fmt.Errorf("line %d: only tables of commands, and flags with their values", line)
		}
	}
	var bad *unstable.ParserError
	if err := p.Error(); errors.As(err, &bad) {
		return nil, fmt.Errorf("line %d: %s", p.Shape(p.Range(bad.Highlight)).Start.Line, bad.Message)
	} else if err != nil {
		return nil, err
	}
	return list, nil
}

// keyOf is the key of an expression in its parts, and the line in which it stands.
func keyOf(p *unstable.Parser, e *unstable.Node) (key []string, line int) {
	for it := e.Key(); it.Next(); {
		n := it.Node()
		if line == 0 {
			line = p.Shape(n.Raw).Start.Line
		}
		key = append(key, string(n.Data))
	}
	return key, line
}

// valuesOf are the values of a node as a command line would have them.
func valuesOf(n *unstable.Node) (list []string, err error) {
	switch n.Kind {
	case unstable.String, unstable.Bool:
		return []string{string(n.Data)}, nil
	case unstable.Integer, unstable.Float:
		return []string{strings.ReplaceAll(strings.TrimPrefix(string(n.Data), "+"), "_", "")}, nil
	case unstable.Array:
		for it := n.Children(); it.Next(); {
			v, err := valuesOf(it.Node())
			if err != nil {
				return nil, err
			}
			list = append(list, v...)
		}
		return list, nil
	}
	return nil, errors.New("text, a number, true or false, or a list of these")
}
