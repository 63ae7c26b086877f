package main

import "slices"

// server is a real one. DIR in what follows stands for a folder of its own, ADDR for the
// address that it is asked at.
type server struct {
	debian  string // package
	command string
	first   string // what a shell does before
	env     map[string]string
	files   map[string]string
	ports   []port

	version string // of the package, when it is known
}

// selfSigned makes a key and a certificate.
const selfSigned = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=www.example -out DIR/cert -keyout DIR/key"

var servers = slices.Concat(overUDP, overTCP, overMore)

var overUDP = []server{
	{debian: "dnsmasq-base", command: "/usr/sbin/dnsmasq --no-daemon --conf-file=DIR/conf --pid-file --no-resolv --no-hosts --log-facility=- --enable-tftp --tftp-root=DIR",
		files: map[string]string{"conf": ""}, ports: []port{{"udp", 53, "domain", "dnsmasq", true}, {"udp", 69, "tftp", "", false}, {"tcp", 53, "domain", "dnsmasq", true}}},
	{debian: "chrony", command: "/usr/sbin/chronyd -d -x -u root -f DIR/conf",
		files: map[string]string{"conf": "local stratum 10\nallow\ncmdport 0\npidfile DIR/pid\nbindcmdaddress /\n"}, ports: []port{{"udp", 123, "ntp", "", false}}},
	{debian: "snmpd", command: "/usr/sbin/snmpd -f -Lo -C -c DIR/conf -p DIR/pid udp:ADDR:161", env: map[string]string{"SNMP_PERSISTENT_DIR": "DIR"},
		files: map[string]string{"conf": "rocommunity public\n"}, ports: []port{{"udp", 161, "snmp", "Net-SNMP", false}}},
	{debian: "caddy", command: "/usr/bin/caddy run --config DIR/conf --adapter caddyfile",
		files: map[string]string{"conf": "{\n admin off\n skip_install_trust\n auto_https disable_redirects\n}\nhttps://localhost {\n tls internal\n respond ok\n}\n"},
		ports: []port{{"udp", 443, "quic", "", false}}},
	{debian: "strongswan-charon", command: "/usr/lib/ipsec/charon", env: map[string]string{"STRONGSWAN_CONF": "DIR/conf"}, files: map[string]string{"conf": "charon {\n load_modular = no\n}\n"},
		ports: []port{{"udp", 500, "isakmp", "", false}, {"udp", 4500, "ipsec-nat-t|nat-t-ike", "", false}}},
	{debian: "coturn", command: "/usr/bin/turnserver -n --listening-ip ADDR --no-cli --no-tls --no-dtls --log-file stdout --pidfile DIR/pid --userdb DIR/db",
		ports: []port{{"udp", 3478, "stun", "Coturn", true}, {"tcp", 3478, "stun", "Coturn", true}}},
	{debian: "krb5-kdc", command: "/usr/sbin/krb5kdc -n -P DIR/pid", env: map[string]string{"KRB5_CONFIG": "DIR/krb5.conf", "KRB5_KDC_PROFILE": "DIR/kdc.conf"},
		first: "KRB5_CONFIG=DIR/krb5.conf KRB5_KDC_PROFILE=DIR/kdc.conf /usr/sbin/kdb5_util create -s -P secret",
		files: map[string]string{"krb5.conf": "[libdefaults]\n default_realm = EXAMPLE.ORG\n",
			"kdc.conf": "[realms]\n EXAMPLE.ORG = {\n database_name = DIR/principal\n key_stash_file = DIR/stash\n }\n[logging]\n kdc = STDERR\n"},
		ports: []port{{"udp", 88, "kerberos|kerberos-sec", "", false}, {"tcp", 88, "kerberos|kerberos-sec", "", false}}},
	{debian: "rpcbind", command: "/sbin/rpcbind -f", ports: []port{{"udp", 111, "rpcbind", "", false}, {"tcp", 111, "rpcbind", "", false}}},
	{debian: "xdm", command: "/usr/bin/xdm -nodaemon -error /dev/stderr -config DIR/conf",
		files: map[string]string{"access": "*\n", "servers": "",
			"conf": "DisplayManager.accessFile: DIR/access\nDisplayManager.servers: DIR/servers\nDisplayManager.pidFile: DIR/pid\nDisplayManager.authDir: DIR\n"},
		ports: []port{{"udp", 177, "xdmcp", "", false}}},
	{debian: "openipmi", command: "/usr/bin/ipmi_sim -n -c DIR/conf -f DIR/emu -s DIR",
		files: map[string]string{"emu": "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nmc_enable 0x20\n",
			"conf": "name \"bmc\"\nset_working_mc 0x20\n startlan 1\n  addr ADDR 623\n  priv_limit admin\n  allowed_auths_admin none\n endlan\n"},
		ports: []port{{"udp", 623, "asf-rmcp", "", false}}},
	{debian: "openvpn", command: "/usr/sbin/openvpn --dev null --tls-server --local ADDR --dh none --ca DIR/cert --cert DIR/cert --key DIR/key",
		first: selfSigned, ports: []port{{"udp", 1194, "openvpn", "", false}}},
	{debian: "xl2tpd", command: "/usr/sbin/xl2tpd -D -c DIR/conf -s DIR/secrets -p DIR/pid -C DIR/control",
		files: map[string]string{"secrets": "", "conf": "[global]\nlisten-addr = ADDR\n[lns default]\nip range = 192.0.2.2-192.0.2.9\nlocal ip = 192.0.2.1\n"},
		ports: []port{{"udp", 1701, "l2tp", "xl2tpd", false}}},
	{debian: "freeradius", command: "/usr/sbin/freeradius -f -l stdout -d DIR",
		files: map[string]string{"dictionary": "$INCLUDE /usr/share/freeradius/dictionary\n",
			"radiusd.conf": "client all {\n ipaddr = 0.0.0.0/0\n secret = secret\n}\nserver default {\n listen {\n type = auth\n ipaddr = ADDR\n port = 1812\n }\n authorize {\n }\n}\n"},
		ports: []port{{"udp", 1812, "radius", "", false}}},
	{debian: "kamailio", command: "/usr/sbin/kamailio -DD -E -m 16 -M 4 -Y DIR -f DIR/conf",
		files: map[string]string{"conf": "children=1\nlisten=udp:ADDR:5060\nlisten=tcp:ADDR:5060\nloadmodule \"sl.so\"\nrequest_route {\n sl_send_reply(\"200\", \"OK\");\n}\n"},
		ports: []port{{"udp", 5060, "sip|sip-proxy", "kamailio", true}, {"tcp", 5060, "sip|sip-proxy", "kamailio", true}}},
	{debian: "libcoap3-bin", command: "/usr/bin/coap-server-notls -A ADDR", ports: []port{{"udp", 5683, "coap", "", false}}},
	{debian: "memcached", command: "/usr/bin/memcached -u root -l ADDR -U 11211", ports: []port{{"udp", 11211, "memcached?", "memcached", true}, {"tcp", 11211, "memcached?", "memcached", true}}},
	{debian: "mumble-server", command: "/usr/sbin/murmurd -fg -ini DIR/conf", files: map[string]string{"conf": "database=DIR/db\nuname=root\nbonjour=false\nlogfile=\n"},
		ports: []port{{"udp", 64738, "mumble|murmur", "", false}}},
	{debian: "osmo-mgw", command: "/usr/bin/osmo-mgw -c DIR/conf", files: map[string]string{"conf": "mgcp\n bind ip ADDR\n bind port 2427\n rtp bind-ip ADDR\n"},
		ports: []port{{"udp", 2427, "mgcp-gateway|mgcp", "", false}}},
}

var overTCP = []server{
	{debian: "openssh-server", command: "/usr/sbin/sshd -D -e -f DIR/conf", first: "mkdir -p /run/sshd; ssh-keygen -q -t ed25519 -N '' -f DIR/key",
		files: map[string]string{"conf": "HostKey DIR/key\nPidFile none\nUsePAM no\n"}, ports: []port{{"tcp", 22, "ssh", "OpenSSH", true}}},
	{debian: "nginx-light", command: "/usr/sbin/nginx -p DIR -c DIR/conf -e stderr", first: selfSigned,
		files: map[string]string{"conf": "daemon off; user root; pid DIR/pid; events {}\nhttp { access_log off; client_body_temp_path DIR/b; proxy_temp_path DIR/p; fastcgi_temp_path DIR/f;\n" +
			"uwsgi_temp_path DIR/u; scgi_temp_path DIR/s; root DIR; ssl_certificate DIR/cert; ssl_certificate_key DIR/key;\nserver { listen 80; }\nserver { listen 8443 ssl; } }\n"},
		ports: []port{{"tcp", 80, "http", "nginx", true}, {"tcp", 8443, "https|ssl/http", "nginx", true}}},
	{debian: "redis-server", command: "/usr/bin/redis-server --bind ADDR --port 6379 --protected-mode no --dir DIR", ports: []port{{"tcp", 6379, "redis", "Redis", true}}},
	{debian: "mosquitto", command: "/usr/sbin/mosquitto -c DIR/conf", files: map[string]string{"conf": "listener 1883 ADDR\nallow_anonymous true\nuser root\n"},
		ports: []port{{"tcp", 1883, "mqtt|mosquitto.*", "Mosquitto", true}}},
	{debian: "beanstalkd", command: "/usr/bin/beanstalkd -l ADDR -p 11300", ports: []port{{"tcp", 11300, "beanstalk.?", "beanstalkd?", true}}},
	{debian: "nats-server", command: "/usr/sbin/nats-server -a ADDR -p 4222 -m 8222", ports: []port{{"tcp", 4222, "nats", "nats-server", true}, {"tcp", 8222, "http", "nats-server|Golang net/http", true}}},
	{debian: "ngircd", command: "/usr/sbin/ngircd -n -f DIR/conf",
		files: map[string]string{"conf": "[Global]\nName = irc.example\nInfo = x\nPorts = 6667\nListen = ADDR\n[Options]\nDNS = no\nIdent = no\nPAM = no\n"},
		ports: []port{{"tcp", 6667, "irc", "ngircd", false}}},
	{debian: "slapd", command: "/usr/sbin/slapd -f DIR/conf -h ldap://ADDR:389 -d 0", first: "mkdir DIR/ldap",
		files: map[string]string{"conf": "include /etc/ldap/schema/core.schema\npidfile DIR/pid\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\ndatabase mdb\nsuffix dc=example\ndirectory DIR/ldap\n"},
		ports: []port{{"tcp", 389, "ldap", "OpenLDAP", false}}},
	{debian: "subversion", command: "/usr/bin/svnserve -d --foreground --listen-port 3690 -r DIR", ports: []port{{"tcp", 3690, "svn|svnserve", "", false}}},
	{debian: "gearman-job-server", command: "/usr/sbin/gearmand -L ADDR -p 4730 -l stderr", ports: []port{{"tcp", 4730, "gearman", "gearman", false}}},
	{debian: "tarantool", command: "/usr/bin/tarantool DIR/conf.lua",
		files: map[string]string{"conf.lua": "box.cfg{listen='ADDR:3301', wal_mode='none', memtx_memory=33554432, work_dir='DIR'}\n"}, ports: []port{{"tcp", 3301, "tarantool", "Tarantool", true}}},
	{debian: "docker-registry", command: "/usr/bin/docker-registry serve DIR/conf",
		files: map[string]string{"conf": "version: 0.1\nstorage: {filesystem: {rootdirectory: DIR}}\nhttp: {addr: 'ADDR:5000'}\n"}, ports: []port{{"tcp", 5000, "http", "Docker Registry", false}}},
	{debian: "git", command: "/usr/bin/git daemon --port=9418 --base-path=DIR", ports: []port{{"tcp", 9418, "git", "", false}}},
	{debian: "etcd-server", command: "/usr/bin/etcd --data-dir DIR/d --listen-client-urls http://ADDR:2379 --advertise-client-urls http://ADDR:2379 --listen-peer-urls http://127.0.0.1:2380",
		ports: []port{{"tcp", 2379, "http|etcd-client", "etcd", true}}},
	{debian: "rsync", command: "/usr/bin/rsync --daemon --no-detach --config DIR/conf", files: map[string]string{"conf": "port = 873\nuse chroot = no\n"}, ports: []port{{"tcp", 873, "rsync", "", false}}},
}
