package service

import (
	"fmt"
	"maps"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sonde/scan/lab/labtest"
)

// widePeers speak what is neither mail nor web, each on a port that is nobody's.
var widePeers = []peer{
	{debian: "redis-server", command: "/usr/bin/redis-server --bind 0.0.0.0 --port 20001 --protected-mode no --dir DIR",
		ports: map[uint16]string{20001: `^redis\|Redis\|(V)\|$`}},
	{debian: "mosquitto", command: "/usr/sbin/mosquitto -c DIR/conf", files: map[string]string{"conf": "listener 20002 0.0.0.0\nallow_anonymous true\nuser root\n"},
		ports: map[uint16]string{20002: `^mqtt\|Mosquitto\|(V)\|$`}},
	{debian: "beanstalkd", command: "/usr/bin/beanstalkd -l 0.0.0.0 -p 20003", ports: map[uint16]string{20003: `^beanstalk\|beanstalkd\|(V)\|$`}},
	{debian: "memcached", command: "/usr/bin/memcached -u root -l 0.0.0.0 -p 20004", ports: map[uint16]string{20004: `^memcached\|Memcached\|(V)\|$`}},
	{debian: "nats-server", command: "/usr/sbin/nats-server -a 0.0.0.0 -p 20005 -m 20006",
		ports: map[uint16]string{20005: `^nats\|nats-server\|(V)\|$`, 20006: `^http\|nats-server\|(V)\|$`}},
	{debian: "ngircd", command: "/usr/sbin/ngircd -n -f DIR/conf",
		files: map[string]string{"conf": "[Global]\nName = irc.example\nInfo = x\nPorts = 20007\nListen = 0.0.0.0\n[Options]\nDNS = no\nIdent = no\nPAM = no\n"},
		ports: map[uint16]string{20007: `^irc\|ngircd\|[\d.]+\|$`}},
	{debian: "slapd", command: "/usr/sbin/slapd -f DIR/conf -h ldap://0.0.0.0:20008 -d 0", folders: "ldap",
		files: map[string]string{"conf": "include /etc/ldap/schema/core.schema\npidfile DIR/pid\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\ndatabase mdb\nsuffix dc=example\ndirectory DIR/ldap\n"},
		ports: map[uint16]string{20008: `^ldap\|OpenLDAP\|\|$`}},
	{debian: "subversion", command: "/usr/bin/svnserve -d --foreground --listen-port 20012 -r DIR", ports: map[uint16]string{20012: `^svn\|\|\|$`}},
	{debian: "gearman-job-server", command: "/usr/sbin/gearmand -L 0.0.0.0 -p 20013 -l stderr", ports: map[uint16]string{20013: `^gearman\|gearmand\|[\d.]+\S*\|$`}},
	{debian: "pgbouncer", command: "/usr/sbin/pgbouncer -u nobody DIR/conf",
		files: map[string]string{"conf": "[databases]\n* = host=127.0.0.1\n[pgbouncer]\nlisten_port = 20014\nlisten_addr = 0.0.0.0\nauth_type = any\nunix_socket_dir =\n"},
		ports: map[uint16]string{20014: `^postgresql\|PgBouncer\|\|$`}},
	{debian: "tarantool", command: "/usr/bin/tarantool DIR/conf.lua",
		files: map[string]string{"conf.lua": "box.cfg{listen='0.0.0.0:20015', wal_mode='none', memtx_memory=33554432, work_dir='DIR'}\n"},
		ports: map[uint16]string{20015: `^tarantool\|Tarantool\|(V)\|$`}},
	{debian: "docker-registry", command: "/usr/bin/docker-registry serve DIR/conf",
		files: map[string]string{"conf": "version: 0.1\nstorage: {filesystem: {rootdirectory: DIR}}\nhttp: {addr: '0.0.0.0:20016'}\n"},
		ports: map[uint16]string{20016: `^http\|Docker Registry\|\|$`}},
	{debian: "git", command: "/usr/bin/git daemon --port=20018 --base-path=DIR", ports: map[uint16]string{20018: `^git\|\|\|$`}},
	{debian: "nagios-nrpe-server", command: "/usr/sbin/nrpe -c DIR/conf -f -n",
		files: map[string]string{"conf": "server_port=20019\nallowed_hosts=10.77.2.0/24\nnrpe_user=nobody\nnrpe_group=nogroup\npid_file=DIR/pid\n"},
		ports: map[uint16]string{20019: `^nrpe\|NRPE\|(V)\|$`}},
	{debian: "openvswitch-switch", command: "/usr/sbin/ovsdb-server --remote=ptcp:20020 --unixctl=none --no-db", ports: map[uint16]string{20020: `^ovsdb\|\|\|`}},
	{debian: "unbound", command: "/usr/sbin/unbound -d -c DIR/conf",
		files: map[string]string{"conf": "server:\n port: 20021\n interface: 0.0.0.0\n access-control: 10.77.2.0/24 allow\n chroot: ''\n username: ''\n do-daemonize: no\n use-syslog: no\n pidfile: DIR/pid\n directory: DIR\nremote-control:\n control-enable: no\n"},
		ports: map[uint16]string{20021: `^domain\|Unbound\|(V)\|$`}},
	{debian: "coturn", command: "/usr/bin/turnserver -n --listening-ip 10.77.2.10 -p 20022 --no-udp --no-tls --no-dtls --no-cli --log-file stdout --pidfile DIR/pid",
		ports: map[uint16]string{20022: `^stun\|Coturn\|(V)\|$`}},
	{debian: "etcd-server", command: "/usr/bin/etcd --data-dir DIR/d --listen-client-urls http://0.0.0.0:20023 --advertise-client-urls http://10.77.2.10:20023 --listen-peer-urls http://127.0.0.1:20024",
		ports: map[uint16]string{20023: `^http\|etcd\|(V)\|$`}},
	{debian: "prometheus-node-exporter", command: "/usr/bin/prometheus-node-exporter --web.listen-address=0.0.0.0:20025", ports: map[uint16]string{20025: `^http\|(node_exporter)?\|`}},
	{debian: "stunnel4", command: "/usr/bin/stunnel4 DIR/conf",
		files: map[string]string{"conf": "foreground=yes\npid=\n[r]\naccept=0.0.0.0:20026\nconnect=127.0.0.1:20001\ncert=DIR/cert\nkey=DIR/key\n[l]\naccept=0.0.0.0:20027\nconnect=127.0.0.1:20008\ncert=DIR/cert\nkey=DIR/key\n"},
		ports: map[uint16]string{20026: `^rediss\|Redis\|`, 20027: `^ldaps\|OpenLDAP\|\|$`}},
	{debian: "rsync", command: "/usr/bin/rsync --daemon --no-detach --config DIR/conf", files: map[string]string{"conf": "port = 20028\nuse chroot = no\n"},
		ports: map[uint16]string{20028: `^rsync\|\|\|protocol `}},
}

// TestWidePeers asks real servers of many kinds on ports that say nothing of them.
func TestWidePeers(t *testing.T) {
	if os.Getenv("PEERS") != "1" {
		t.Skip("it starts twenty servers: PEERS=1 runs it")
	}
	network := labtest.New(t)
	if os.Geteuid() != 0 || !isRealRoot() {
		t.Fatal("PEERS=1, but these servers change users, of whom a user namespace of ours has none")
	}
	client, host := network.Host("client"), network.Host("server")
	network.Link(client, host, "10.77.2.1/24", "10.77.2.10/24")
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755"); err != nil {
		t.Fatal(err)
	}
	want := map[uint16]*regexp.Regexp{}
	for _, p := range widePeers {
		version := installed(t, p.debian)
		for port, pattern := range p.ports {
			want[port] = regexp.MustCompile(strings.ReplaceAll(pattern, "(V)", regexp.QuoteMeta(version)))
		}
		p.start(t, host)
	}
	dialer, addr := in{client}, netip.MustParseAddr("10.77.2.10")
	for port := range want {
		await(t, dialer, netip.AddrPortFrom(addr, port))
	}
	var mu sync.Mutex
	var work sync.WaitGroup
	room := make(chan struct{}, 4) // two processors carry the servers, too
	// How many protocols there is time for depends on how fast servers hang up.
	const patient = 30 * time.Second
	for _, port := range slices.Sorted(maps.Keys(want)) {
		work.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			a, err := Ask(t.Context(), dialer, netip.AddrPortFrom(addr, port), Options{Timeout: patient})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("%d: %v", port, err)
				return
			}
			said := fmt.Sprintf("%s|%s|%s|%s", a.Service, a.Product, a.Version, a.Info)
			t.Logf("%d: %s, by %s in %v with %d connections", port, said, a.How, a.Elapsed.Round(time.Millisecond), a.Conns)
			if !want[port].MatchString(said) {
				t.Errorf("%d: %s, want %v", port, said, want[port])
			}
		})
	}
	work.Wait()
}
