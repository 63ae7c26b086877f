package protocol

import "strings"

var _ = register(Protocol{
	Name:   "beanstalk",
	Source: "beanstalkd's protocol.txt",
	Ports:  []uint16{11300},
	Ask:    always("stats\r\n"),
	Read: func(said Said) (f Facts, m Match) {
		text := said.Text()
		f.Banner = "-"
		switch {
		case strings.HasPrefix(text, "UNKNOWN_COMMAND\r\n"), strings.HasPrefix(text, "BAD_FORMAT\r\n"):
			return f, Whole
		case said.To == ToAsk && strings.HasPrefix(text, "OK ") && strings.Contains(text, "current-jobs-urgent: "):
			if f.Version = strings.Trim(between(text, "\nversion: ", "\n"), `"`); f.Version == "" {
				return f, Begun
			}
			f.Product, f.CPE = "beanstalkd", []string{"cpe:/a:beanstalkd_project:beanstalkd:" + cpeValue(f.Version)}
			return f, Whole
		}
		return Facts{}, No
	},
})
