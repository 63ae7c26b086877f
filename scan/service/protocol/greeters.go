package protocol

import (
	"strings"
)

// greets is a protocol of which no more is known than its first line, by an expression
// whose groups are a version and what else it says.
func greets(name, source, product, form string, ports ...uint16) *Protocol {
	re := grammar(form)
	return register(Protocol{
		Name:   name,
		Source: source,
		Ports:  ports,
		Greets: true,
		Read: func(said Said) (f Facts, m Match) {
			line, whole := firstLine(said.Text())
			found := re().FindStringSubmatch(line)
			if found == nil {
				return f, No
			}
			f.Product = product
			if len(found) > 1 {
				f.Version = Clip(found[1])
			}
			if len(found) > 2 {
				f.Info = Clip(strings.TrimSpace(found[2]))
			}
			return f, when(whole)
		},
	})
}

// Protocols whose servers say in their first line who they are.
var (
	_ = greets("teamspeak-query", "TeamSpeak 3 ServerQuery manual", "TeamSpeak 3 server", `^TS3$`, 10011)
	_ = greets("freeswitch-event", "FreeSWITCH: mod_event_socket", "FreeSWITCH", `^Content-Type: (?:auth/request|text/rude-rejection)$`, 8021)
	_ = greets("ceph", "Ceph: messenger v2 protocol, banner", "", `^ceph v(?:0\d\d|2)`, 3300, 6789)
	_ = greets("icecc-scheduler", "icecc-scheduler(1)", "icecc-scheduler", `^200-ICECC ([\w.]+): `, 8766)
	_ = greets("dovecot-auth", "Dovecot: authentication protocol", "Dovecot", `^VERSION\t1\t\d+$`)
	_ = greets("doveadm", "Dovecot: doveadm protocol", "Dovecot", `^VERSION\tdoveadm-server\t1\t\d+$`)
	_ = greets("rwhois", "RFC 2167 section 3.1.9", "", `^%rwhois V-`, 4321)
	_ = greets("rtl-tcp", "rtl_tcp(1)", "", `^RTL0\x00\x00\x00`, 1234)
	_ = greets("monetdb", "MonetDB: MAPI, challenge", "MonetDB", `(?s)^..[^:\s]+:mserver:\d+:`)
	_ = greets("varnish-cli", "varnish-cli(7)", "Varnish", `^(?:200 \d+|107 59) +$`)
	_ = greets("vtun", "vtund(8)", "vtun", `^VTUN server ver (\S+)`)
	_ = greets("hddtemp", "hddtemp(8)", "", `^\|/dev/\w+\|[^|]*\|[^|]*\|[CF*]\|`, 7634)
	_ = greets("pop3pw", "poppassd", "", `^200 .*(?i:poppassd|pop3pw)`, 106)
	_ = greets("check-mk-agent", "Checkmk: agent output", "Checkmk agent", `^<<<check_mk>>>$`, 6556)
)
