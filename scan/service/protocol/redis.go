package protocol

import "strings"

// Redis, and what speaks its protocol: RESP. A line without its framing is a command, too
// ("inline"), so that an error comes to whatever is sent. GET is a command, with one
// argument.
var _ = register(Protocol{
	Name:      "redis",
	Source:    "redis.io: RESP specification, INFO",
	Ports:     []uint16{6379, 16379, 26379},
	Secure:    []uint16{6380},
	Inside:    "rediss",
	Ask:       always("INFO server\r\n"),
	Elsewhere: Any,
	Read: func(said Said) (f Facts, m Match) {
		line, whole := firstLine(said.Text())
		f.Banner = "-"
		switch {
		case said.To == ToAsk && strings.HasPrefix(line, "$") && allDigits(line[1:]):
			return readRedisInfo(said.Text())
		case said.To == Unasked && !strings.HasPrefix(line, "-DENIED "):
			return Facts{}, No
		case strings.HasPrefix(line, "-NOAUTH "), strings.HasPrefix(line, "-WRONGPASS "):
			f.Info = "wants a password"
		case strings.HasPrefix(line, "-DENIED "):
			f.Info = "refuses this host"
			if strings.Contains(line, "Redis is running in protected mode") {
				f.Product = "Redis"
			}
		case strings.HasPrefix(line, "-ERR ") && (strings.Contains(line, "wrong number of arguments for") || strings.HasPrefix(line, "-ERR unknown command '") || strings.HasPrefix(line, "-ERR unknown command `")):
		case strings.HasPrefix(line, "-LOADING "), strings.HasPrefix(line, "-NOPERM "):
		default:
			return Facts{}, No
		}
		return f, when(whole)
	},
})

// redisForks are names of fields of INFO by which programs state a version of their own,
// beside that of the Redis that they are like.
var redisForks = []struct{ field, product string }{
	{"valkey_version", "Valkey"}, {"dragonfly_version", "Dragonfly"}, {"kvrocks_version", "Kvrocks"}, {"garnet_version", "Garnet"},
}

// readRedisInfo reads lines of field:value behind a length.
func readRedisInfo(s string) (f Facts, m Match) {
	head, body, _ := CutLine(s)
	length := 0
	for _, c := range head[1:min(len(head), 7)] {
		length = 10*length + int(c-'0')
	}
	fields := map[string]string{}
	for line := range strings.Lines(body) {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		if ok && len(fields) < 100 {
			fields[name] = Clip(value)
		}
	}
	f.Banner = "-"
	if v := fields["redis_version"]; v != "" {
		f.Product, f.Version = "Redis", v
		f.CPE = []string{"cpe:/a:redis:redis:" + cpeValue(v)}
	}
	for _, fork := range redisForks {
		if v := fields[fork.field]; v != "" {
			f.Product, f.Version, f.CPE = fork.product, v, nil
		}
	}
	if mode := fields["redis_mode"]; mode != "" && mode != "standalone" {
		f.Info = mode
	}
	if len(body) < length {
		return f, Begun
	}
	if f.Product == "" {
		return Facts{}, No
	}
	return f, Whole
}
