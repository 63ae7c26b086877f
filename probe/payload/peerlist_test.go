package payload

// peer is a real server to ask. DIR in files, args, env and first stands for a
// directory of its own.
type peer struct {
	debian string // package
	path   string
	args   []string
	env    []string
	files  map[string]string
	ports  []uint16
	only4  bool
	link   bool     // it is asked by a link: it serves no loopback, or no own addresses
	first  []string // a command to run before
	root   bool     // becomes another user, of whom a user namespace of ours has none
}

var peers = []peer{
	{
		debian: "dnsmasq-base", path: "/usr/sbin/dnsmasq", ports: []uint16{53, 69},
		args: []string{"--no-daemon", "--conf-file=DIR/conf", "--pid-file",
			"--no-resolv", "--no-hosts", "--log-facility=-", "--enable-tftp", "--tftp-root=DIR"},
		files: map[string]string{"conf": ""},
	},
	{
		debian: "unbound", path: "/usr/sbin/unbound", ports: []uint16{53},
		args: []string{"-d", "-p", "-c", "DIR/conf"},
		files: map[string]string{"conf": "server:\n interface: 127.0.0.1\n interface: ::1\n chroot: \"\"\n" +
			" username: \"\"\n directory: DIR\n use-syslog: no\n module-config: iterator\n" +
			"remote-control:\n control-enable: no\n"},
	},
	{
		debian: "atftpd", path: "/usr/sbin/atftpd", ports: []uint16{69}, only4: true,
		args: []string{"--daemon", "--no-fork", "--logfile", "-", "--user", "root", "--group", "root",
			"--bind-address", "127.0.0.1", "DIR"},
	},
	{
		debian: "chrony", path: "/usr/sbin/chronyd", ports: []uint16{123},
		args: []string{"-d", "-x", "-u", "root", "-f", "DIR/conf"},
		files: map[string]string{"conf": "local stratum 10\nallow\ncmdport 0\n" +
			"pidfile DIR/pid\nbindcmdaddress /\n"},
	},
	{
		debian: "snmpd", path: "/usr/sbin/snmpd", ports: []uint16{161},
		args:  []string{"-f", "-Lo", "-C", "-c", "DIR/conf", "-p", "DIR/pid", "udp:127.0.0.1:161", "udp6:[::1]:161"},
		env:   []string{"SNMP_PERSISTENT_DIR=DIR", "MIBS="},
		files: map[string]string{"conf": "rocommunity public\nrocommunity6 public\nsysDescr a test\n"},
	},
	{
		debian: "caddy", path: "/usr/bin/caddy", ports: []uint16{443},
		args: []string{"run", "--config", "DIR/conf", "--adapter", "caddyfile"},
		env:  []string{"HOME=DIR", "XDG_DATA_HOME=DIR", "XDG_CONFIG_HOME=DIR"},
		files: map[string]string{"conf": "{\n admin off\n skip_install_trust\n auto_https disable_redirects\n}\n" +
			"https://localhost {\n tls internal\n respond ok\n}\n"},
	},
	{
		debian: "strongswan-charon", path: "/usr/lib/ipsec/charon", ports: []uint16{500, 4500},
		env:   []string{"STRONGSWAN_CONF=DIR/conf"},
		files: map[string]string{"conf": "charon {\n load_modular = no\n}\n"},
	},
	{
		debian: "coturn", path: "/usr/bin/turnserver", ports: []uint16{3478},
		args: []string{"-n", "--listening-ip", "127.0.0.1", "--listening-ip", "::1", "--no-cli", "--no-tls",
			"--no-dtls", "--log-file", "stdout", "--pidfile", "DIR/pid", "--userdb", "DIR/db"},
	},
	{
		// It does not answer queries to ::1, though it does to other addresses.
		debian: "avahi-daemon", path: "/usr/sbin/avahi-daemon", ports: []uint16{5353}, only4: true, root: true,
		args: []string{"-f", "DIR/conf", "--no-drop-root", "--no-chroot", "--no-rlimits", "--no-proc-title"},
		files: map[string]string{"conf": "[server]\nenable-dbus=no\nallow-interfaces=lo\n" +
			"[wide-area]\nenable-wide-area=no\n[publish]\npublish-workstation=yes\n"},
	},
	{
		// The answer of the IPv6 socket to an IPv4 question has the right source.
		debian: "xinetd", path: "/usr/sbin/xinetd", ports: []uint16{7, 13, 19, 37}, root: true,
		args: []string{"-dontfork", "-f", "DIR/conf", "-pidfile", "DIR/pid"},
		files: map[string]string{"conf": xinetdService("echo") + xinetdService("daytime") +
			xinetdService("chargen") + xinetdService("time")},
	},
	{
		debian: "krb5-kdc", path: "/usr/sbin/krb5kdc", ports: []uint16{88},
		args:  []string{"-n", "-P", "DIR/pid"},
		env:   []string{"KRB5_CONFIG=DIR/krb5.conf", "KRB5_KDC_PROFILE=DIR/kdc.conf"},
		first: []string{"/usr/sbin/kdb5_util", "create", "-s", "-P", "secret"},
		files: map[string]string{
			"krb5.conf": "[libdefaults]\n default_realm = EXAMPLE.ORG\n",
			"kdc.conf": "[realms]\n EXAMPLE.ORG = {\n database_name = DIR/principal\n key_stash_file = DIR/stash\n }\n" +
				"[logging]\n kdc = STDERR\n",
		},
	},
	{
		debian: "rpcbind", path: "/usr/sbin/rpcbind", ports: []uint16{111}, root: true,
		args: []string{"-f"},
	},
	{
		// It has no sockets for IPv6.
		debian: "samba", path: "/usr/sbin/nmbd", ports: []uint16{137}, only4: true, link: true, root: true,
		args:  []string{"--foreground", "--no-process-group", "--debug-stdout", "-s", "DIR/conf"},
		first: []string{"/bin/mkdir", "-p", "/run/samba"},
		files: map[string]string{"conf": "[global]\n interfaces = link0\n" +
			" private dir = DIR\n state directory = DIR\n cache directory = DIR\n lock directory = DIR\n pid directory = DIR\n" +
			" ncalrpc dir = DIR/ncalrpc\n"},
	},
	{
		debian: "xdm", path: "/usr/bin/xdm", ports: []uint16{177},
		args: []string{"-nodaemon", "-error", "/dev/stderr", "-config", "DIR/conf"},
		files: map[string]string{"access": "*\n", "servers": "",
			"conf": "DisplayManager.accessFile: DIR/access\nDisplayManager.servers: DIR/servers\n" +
				"DisplayManager.pidFile: DIR/pid\nDisplayManager.authDir: DIR\n"},
	},
	{
		debian: "frr", path: "/usr/lib/frr/ripd", ports: []uint16{520}, only4: true, link: true, root: true,
		first: []string{"/bin/sh", "-c", "chown frr DIR && exec /usr/lib/frr/zebra -d -z DIR/zebra -i DIR/zebra.pid -A 127.0.0.1 --vty_socket DIR"},
		args: []string{"-z", "DIR/zebra", "-i", "DIR/pid", "-A", "127.0.0.1", "--vty_socket", "DIR",
			"--log", "stdout", "-f", "DIR/conf"},
		files: map[string]string{"conf": "router rip\n network link0\n"},
	},
	{
		debian: "openipmi", path: "/usr/bin/ipmi_sim", ports: []uint16{623}, only4: true,
		args: []string{"-n", "-c", "DIR/conf", "-f", "DIR/emu", "-s", "DIR"},
		files: map[string]string{"emu": "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nmc_enable 0x20\n",
			"conf": "name \"bmc\"\nset_working_mc 0x20\n startlan 1\n  addr 127.0.0.1 623\n  priv_limit admin\n  allowed_auths_admin none\n endlan\n"},
	},
	{
		// Without a tunnel device it serves one client.
		debian: "openvpn", path: "/usr/sbin/openvpn", ports: []uint16{1194}, only4: true,
		args: []string{"--dev", "null", "--tls-server", "--local", "127.0.0.1", "--dh", "none",
			"--ca", "DIR/cert", "--cert", "DIR/cert", "--key", "DIR/key"},
		first: []string{"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test",
			"-out", "DIR/cert", "-keyout", "DIR/key"},
	},
	{
		debian: "xl2tpd", path: "/usr/sbin/xl2tpd", ports: []uint16{1701}, only4: true,
		args: []string{"-D", "-c", "DIR/conf", "-s", "DIR/secrets", "-p", "DIR/pid", "-C", "DIR/control"},
		files: map[string]string{"secrets": "",
			"conf": "[global]\nlisten-addr = 127.0.0.1\n[lns default]\nip range = 192.0.2.2-192.0.2.9\nlocal ip = 192.0.2.1\n"},
	},
	{
		debian: "freeradius", path: "/usr/sbin/freeradius", ports: []uint16{1812},
		args: []string{"-f", "-l", "stdout", "-d", "DIR"},
		files: map[string]string{"dictionary": "$INCLUDE /usr/share/freeradius/dictionary\n",
			"radiusd.conf": "client four {\n ipaddr = 127.0.0.1\n secret = secret\n}\n" +
				"client six {\n ipv6addr = ::1\n secret = secret\n}\n" +
				"server default {\n listen {\n type = auth\n ipaddr = 127.0.0.1\n port = 1812\n }\n" +
				" listen {\n type = auth\n ipv6addr = ::1\n port = 1812\n }\n authorize {\n }\n}\n"},
	},
	{
		debian: "miniupnpd", path: "/usr/sbin/miniupnpd", ports: []uint16{1900, 5351}, only4: true, link: true,
		args: []string{"-d", "-f", "DIR/conf"},
		files: map[string]string{"conf": "ext_ifname=lo\next_ip=9.9.9.9\nlistening_ip=link0\nenable_natpmp=yes\nenable_upnp=yes\n" +
			"uuid=736f6e64-6500-4000-8000-000000000000\nipv6_disable=yes\n"},
	},
	{
		debian: "osmo-ggsn", path: "/usr/bin/osmo-ggsn", ports: []uint16{2123}, only4: true, root: true,
		args: []string{"-c", "DIR/conf"},
		files: map[string]string{"conf": "ggsn ggsn0\n gtp state-dir DIR\n gtp bind-ip 127.0.0.1\n apn internet\n  gtpu-mode tun\n  tun-device tun4\n" +
			"  type-support v4\n  ip prefix dynamic 198.51.100.0/24\n  ip ifconfig 198.51.100.0/24\n  no shutdown\n default-apn internet\n no shutdown ggsn\n"},
	},
	{
		debian: "osmo-mgw", path: "/usr/bin/osmo-mgw", ports: []uint16{2427}, only4: true,
		args:  []string{"-c", "DIR/conf"},
		files: map[string]string{"conf": "mgcp\n bind ip 127.0.0.1\n bind port 2427\n rtp bind-ip 127.0.0.1\n"},
	},
	{
		debian: "wsdd2", path: "/usr/sbin/wsdd2", ports: []uint16{3702}, link: true,
		args: []string{"-w", "-u"},
	},
	{
		debian: "openssl", path: "/usr/bin/openssl", ports: []uint16{4433}, only4: true,
		args: []string{"s_server", "-dtls", "-listen", "-nocert", "-psk", "00", "-accept", "127.0.0.1:4433"},
	},
	{
		debian: "kamailio", path: "/usr/sbin/kamailio", ports: []uint16{5060},
		args: []string{"-DD", "-E", "-m", "16", "-M", "4", "-Y", "DIR", "-f", "DIR/conf"},
		files: map[string]string{"conf": "children=1\ndisable_tcp=yes\nlisten=udp:127.0.0.1:5060\nlisten=udp:[::1]:5060\n" +
			"loadmodule \"sl.so\"\nrequest_route {\n sl_send_reply(\"200\", \"OK\");\n}\n"},
	},
	{
		debian: "libcoap3-bin", path: "/usr/bin/coap-server-notls", ports: []uint16{5683},
		args: []string{"-A", "::"},
	},
	{
		debian: "transmission-daemon", path: "/usr/bin/transmission-daemon", ports: []uint16{6881}, only4: true, link: true,
		// It finds its own IPv6 address by a route to the Internet.
		args: []string{"--foreground", "--config-dir", "DIR", "--peerport", "6881", "--dht"},
		env:  []string{"HOME=DIR"},
	},
	{
		debian: "memcached", path: "/usr/bin/memcached", ports: []uint16{11211},
		args: []string{"-u", "root", "-l", "127.0.0.1,::1", "-U", "11211"},
	},
	{
		debian: "mumble-server", path: "/usr/sbin/murmurd", ports: []uint16{64738},
		args:  []string{"-fg", "-ini", "DIR/conf"},
		env:   []string{"HOME=DIR"},
		files: map[string]string{"conf": "database=DIR/db\nuname=root\nbonjour=false\nlogfile=\n"},
	},
}

// xinetdService has xinetd answer one of its own services over UDP.
func xinetdService(name string) string {
	return "service " + name + "\n{\n type = INTERNAL\n id = " + name + "-dgram\n socket_type = dgram\n protocol = udp\n" +
		" user = root\n wait = yes\n flags = IPv6\n disable = no\n}\n"
}
