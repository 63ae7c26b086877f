//go:build ignore

// gen_ranking writes ranking.txt from the tables below and IANA's registry:
//
//	go run gen_ranking.go service-names-port-numbers.csv >ranking.txt
package main

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"fmt"
	"log"
	"os"
	"slices"
	"strconv"
	"strings"
)

const header = `# Ports by how likely they are open: what --top N asks.
#
# One line is one port: protocol, port, tier. Earlier is likelier; a port stands
# in the first tier that names it. Written by gen_ranking.go, which has the
# tables; do not edit.
#
# Nobody publishes counts for all ports, so only the head is ordered by count.
# After it the order is one of tiers, and by number within a tier.
#
# counted   TCP. Hosts counted per port in full IPv4 scans: Rapid7, National
#           Exposure Index 2017 (Project Sonar), published as
#           national-exposure/2017/portscan-names-and-counts-2017.csv in
#           github.com/rapid7/data. Ordered by that count.
# surveyed  UDP. Services that two public surveys of the whole IPv4 space both
#           report on: Project Sonar (its UDP wiki page and the decoders in
#           github.com/rapid7/dap) and the Shadowserver Foundation.
# reported  Services whose open instances the Shadowserver Foundation counts and
#           reports daily (the report types in github.com/
#           The-Shadowserver-Foundation/report_schema), and those of Project
#           Sonar's UDP probes that are not in surveyed, at the default ports of
#           these protocols.
# server    Default ports in the documentation of server software, appliances and
#           industrial devices that are in wide use. Our own list; no figures.
# web       Numbers that people give to a second web server. Our own rule: 81-90
#           and 8000-8100.
# dynamic   The first ports that systems hand out for remote procedure calls:
#           1024-1030, 32768-32775, 49152-49170.
# rfc       Registered with IANA (as of %s) with reference to an RFC.
# round     More of web: x000, x080, x443 and x888 for every x that fits.
# system    The other registered ports below 1024 (RFC 6335 section 6).
`

// counted are hosts by TCP port.
var counted = map[int]int{
	21: 16980464, 22: 20213618, 23: 9995851, 25: 18297775, 53: 11829288, 80: 73637628, 110: 8820647,
	111: 5953599, 135: 5413613, 139: 4027291, 143: 8919856, 389: 2990559, 443: 49762185, 445: 5547284,
	465: 6603840, 587: 7056310, 990: 3235369, 993: 7027891, 995: 6983958, 1433: 3402532, 1723: 9607708,
	3306: 8279501, 3389: 7279527, 5000: 5017418, 5900: 3543818, 8080: 13428979, 8081: 7170947,
	8443: 5429002, 8888: 2545753, 9100: 2951880,
}

// The lists below are "ports what", separated by semicolons.
const surveyedUDP = `
53 dns; 111 portmapper; 123 ntp; 137 netbios; 161 snmp; 443 quic; 623 ipmi; 1434 mssql; 1900 ssdp; 5060 sip;
5351 nat-pmp; 5353 mdns`

const reportedTCP = `
179 bgp; 427 slp; 548 afp; 631 ipp; 636 ldaps; 873 rsync; 1080 socks; 1801 msmq; 1883 8883 mqtt; 2101 ntrip;
2375 2376 docker; 3128 http proxy; 4369 epmd; 4786 cisco smart install; 4899 radmin; 5060 5061 sip; 5432 postgres;
5555 adb; 5672 amqp; 5984 couchdb; 6379 redis; 6443 kubernetes; 7547 cwmp; 9200 elasticsearch; 11211 memcached;
27017 mongodb; 50070 hadoop; 61616 activemq; 102 502 2404 20000 44818 ics (s7, modbus, iec 104, dnp3, ethernet/ip)`

const reportedUDP = `
17 qotd; 19 chargen; 69 tftp; 177 xdmcp; 389 cldap; 427 slp; 500 isakmp; 523 db2; 2123 2152 gtp; 3283 ard; 3389 rdp;
3478 stun; 3702 ws-discovery; 5683 coap; 10001 ubiquiti; 11211 memcached; 37810 dvr; 47808 bacnet; 53413 netis;
17185 vxworks wdb`

const serverTCP = `
7 echo; 9 discard; 13 daytime; 17 qotd; 19 chargen; 37 time; 20 ftp data; 49 tacacs+; 43 whois; 70 gopher;
79 finger; 88 kerberos; 464 kerberos password; 749 kerberos admin; 754 kerberos propagation; 106 poppassd;
109 pop2; 113 ident; 119 nntp; 563 nntps; 137 netbios name; 138 netbios datagram;
194 994 6665 6666 6667 6668 6669 6697 7000 irc servers; 199 snmp multiplexer; 209 qmtp; 628 qmqp; 220 imap3;
264 18264 check point; 311 mac os server admin; 370 codaauth; 407 timbuktu; 444 snpp; 497 retrospect;
500 isakmp over tcp; 512 rexec; 513 rlogin; 514 rsh; 515 lpd; 530 courier rpc; 540 uucp; 541 fortimanager;
543 klogin; 544 kshell; 554 8554 rtsp; 593 msrpc over http; 623 16992 16993 16994 16995 664 intel amt; 646 ldp;
655 tinc; 666 doom; 700 epp; 705 agentx; 765 webster; 783 spamd; 808 net.tcp port sharing; 843 flash policy;
853 dns over tls; 860 3260 iscsi; 901 swat; 902 903 vmware; 953 rndc; 992 telnets; 989 ftps data;
1099 1098 java rmi; 1194 openvpn; 1241 nessus; 1270 5723 5724 operations manager; 1311 openmanage;
1352 lotus notes; 1414 websphere mq; 1494 2598 citrix ica; 1500 1501 1580 1581 tivoli storage manager; 1503 t.120;
1720 h.323; 1521 1522 1526 1630 oracle listener; 1527 derby; 1604 citrix browser;
1512 wins; 1701 l2tp; 1755 mms; 1812 1813 radius over tcp; 2083 radsec and cpanel; 1863 msnp; 1900 upnp; 1935 rtmp;
1947 sentinel hasp; 1962 phoenix contact; 1911 4911 niagara fox; 1883 mqtt; 2000 mikrotik btest and cisco sccp;
2443 sccp over tls; 2003 2004 2013 2014 7002 graphite; 2022 2200 2222 22222 ssh by habit; 2049 nfs;
2077 2078 2079 2080 2082 2086 2087 2095 2096 cpanel; 2103 2105 2107 msmq rpc; 2100 oracle xml ftp;
2121 ftp by habit; 2181 2182 2888 3888 zookeeper; 2222 directadmin; 2301 2381 hp system management;
2323 telnet by habit; 2377 7946 docker swarm; 2379 2380 4001 7001 etcd; 2382 2383 analysis services;
2401 cvs pserver; 2404 iec 104; 2424 2480 orientdb; 2455 codesys; 2525 smtp by habit;
2600 2601 2602 2603 2604 2605 2606 2607 2608 zebra and quagga; 2628 dictd; 2638 sql anywhere;
2701 2702 sms remote control; 2761 2762 104 11112 dicom; 2775 smpp; 2809 corba naming; 2869 upnp eventing;
2947 gpsd; 2967 symantec av; 3000 grafana; 3050 firebird; 3052 apc powerchute; 3100 loki;
3200 3300 3600 3900 8101 sap netweaver; 3299 saprouter; 3268 3269 global catalog; 3283 apple remote desktop;
3310 clamd; 3351 1583 pervasive; 3390 3391 3388 rdp by habit; 3478 5349 stun and turn; 3493 nut; 3632 distccd;
3689 daap; 3690 svnserve; 3702 ws-discovery; 3780 nexpose; 3790 metasploit; 4000 nomachine;
4022 sql service broker; 4040 spark ui; 4045 nfs lockd; 4063 4064 omero; 4100 sybase; 4125 remote web workplace;
4190 managesieve; 4200 shellinabox; 4242 quassel; 4321 rwhois; 4333 msql; 4343 trend officescan;
4433 openssl s_server; 4440 rundeck; 4443 https by habit; 4444 selenium grid; 4500 ipsec encapsulated; 4505 4506 salt; 4533 navidrome; 4560 4561 log4j; 4567 4568 galera; 4646 4647 4648 nomad;
4662 emule; 4730 gearman; 4840 4843 opc ua; 4848 glassfish admin; 4949 munin; 5001 synology dsm; 5003 filemaker;
5006 5007 melsec; 5009 airport admin; 5037 adb server; 5038 asterisk manager; 5044 9600 logstash; 5050 5051 mesos;
5080 opensips; 5190 oscar; 5201 iperf3; 5222 5223 5269 5270 5280 5281 5298 xmpp; 5308 cfengine; 5357 5358 wsdapi;
5355 llmnr; 5400 5405 corosync; 5431 5433 6432 postgres poolers; 5480 vmware appliance management;
5500 vnc listening viewer; 5554 5037 android emulator; 5556 bigip; 5601 kibana; 5631 pcanywhere; 5666 nrpe;
5667 nsca; 5671 amqps; 5693 ncpa; 5672 amqp; 5800 5801 5802 vnc over http; 5858 9229 node inspector;
5901 5902 5903 5904 5905 vnc displays; 5938 teamviewer; 5985 5986 winrm; 5988 5989 wbem; 5990 5991 wbem listeners;
6000 6001 6002 6003 6004 6005 6006 6007 6008 6009 6010 6011 6012 x11; 6060 go pprof; 6066 7077 spark master;
6080 novnc; 6081 6082 varnish; 6101 6106 backup exec; 10000 ndmp and webmin; 6112 dtspcd; 6129 dameware;
6160 6162 6180 9392 9401 veeam; 6380 6381 redis tls; 6389 clariion; 6502 netop; 6514 syslog tls; 6556 check_mk agent; 6566 sane; 6600 mpd;
6653 6633 6640 openflow and ovsdb; 6679 ircs; 6789 3300 ceph monitor; 6800 6801 6802 6803 ceph osd and aria2;
6881 6969 bittorrent; 7001 7002 7003 7004 7005 weblogic; 7070 realserver; 7071 zimbra admin; 7080 litespeed admin;
7100 x font server; 7180 7183 cloudera manager; 7199 9042 9160 cassandra; 7473 7474 7687 neo4j;
7574 8983 solr; 7657 i2p console; 7676 glassfish jms; 7680 windows delivery optimization;
7777 7778 oracle http server; 7779 unreal; 7878 radarr; 7937 7938 networker; 7990 7999 bitbucket; 8005 8009 tomcat;
8006 3128 proxmox; 8008 8009 chromecast; 8020 8030 8031 8032 8033 8040 8042 8088 9000 9870 9864 9866 9867 hadoop;
8060 roku; 8065 mattermost; 8069 8072 odoo; 8083 8086 influxdb; 8087 8098 riak; 8089 splunkd; 8090 8091 confluence;
8091 8092 8093 8094 11207 11210 18091 18092 couchbase; 8096 8920 jellyfin; 8111 teamcity; 8112 58846 deluge;
8118 privoxy; 8123 home assistant and clickhouse; 8125 8126 statsd; 8139 8140 puppet; 8161 activemq console;
8172 web deploy; 8181 glassfish https; 8200 8201 vault; 8222 8333 vmware server; 8243 8280 9443 9763 wso2;
8291 8728 8729 mikrotik; 8300 8301 8302 8500 8501 8502 8503 8600 consul; 8332 18332 18333 bitcoin;
8384 22000 syncthing; 8400 8401 8402 8403 commvault; 8448 matrix federation; 8530 8531 wsus;
8545 8546 8551 30303 ethereum; 8649 8651 8652 ganglia; 8686 sun app server jmx; 8765 8766 motion; 8787 rstudio;
8834 nessus; 8880 8447 plesk; 8883 mqtt tls; 8889 jupyter; 8899 dvr media; 8989 sonarr;
9001 supervisord and tor; 9002 9003 xdebug; 9009 9440 clickhouse; 9043 9060 9080 9443 websphere;
9050 9051 9150 tor; 9083 10000 10002 hive; 9090 9091 9093 9094 prometheus; 9092 kafka; 9095 9096 kafka tls;
9101 9102 9103 bacula; 9104 9113 9115 9116 9117 9121 9187 9216 9256 9273 exporters; 9191 papercut; 9192 papercut tls; 9200 9300 elasticsearch; 9222 chrome devtools; 9306 9312 sphinx;
9333 litecoin; 9389 ad web services; 9390 9391 openvas; 9418 git; 9444 wso2 and tivoli; 9595 landesk;
9593 9594 landesk agent; 9669 9779 nebula; 9701 hyperledger indy; 9735 lightning;
9761 9876 9877 session director and rocketmq; 9898 10911 rocketmq; 9981 9982 tvheadend;
9990 9993 9999 wildfly and urchin; 9997 splunk forwarding; 9998 tika; 10001 lantronix setup; 10050 10051 zabbix;
10080 10081 10082 10083 amanda; 10113 10114 10115 10116 netiq; 10161 10162 snmp over tls;
10248 10249 10250 10255 10256 10257 10259 kubelet and kin; 10443 https by habit; 10514 rsyslog;
10933 octopus deploy; 11211 memcached; 11214 11215 memcached tls; 11300 beanstalkd; 11371 hkp;
11434 ollama; 12174 12175 symantec; 12201 graylog gelf; 12489 nsclient;
13720 13721 13722 13724 13782 13783 netbackup; 1556 13785 13786 13787 veritas pbx; 14147 filezilla admin;
14330 1434 mssql by habit; 14567 battlefield; 15000 envoy admin;
15001 15006 15010 15012 15014 15017 15020 15021 15090 istio; 15671 15672 25672 rabbitmq;
16000 16010 16020 16030 60000 60010 60020 60030 hbase; 16161 solaris management;
16379 26379 redis cluster and sentinel; 16509 16514 libvirt; 17500 dropbox; 17777 17778 orion; 17988 17990 ilo;
18080 18081 spark history; 18181 18182 18183 18184 18187 18190 18191 18192 18210 18211 18231 18232 check point;
18245 18246 ge srtp; 19132 25565 25575 minecraft; 19150 gkrellm; 19888 10020 mapreduce history; 19999 netdata; 20005 openwebnet; 20048 20049 nfs mountd and rdma; 20547 proconos;
20880 22222 dubbo; 22273 wnn; 23399 23400 skype; 24007 24008 24009 49152 glusterfs;
24224 fluentd; 24800 synergy; 25826 collectd; 26257 8080 cockroachdb; 27000 27001 flexnet;
27015 27016 source engine; 27018 27019 28017 mongodb; 27374 sub7; 28015 29015 rethinkdb; 28080 28443 http by habit;
30000 30001 32000 kubernetes node ports; 30718 lantronix; 31337 back orifice; 32400 plex;
33060 33062 mysql x; 33848 jenkins discovery; 50000 jenkins agents, db2 and sap;
34567 34599 37777 dahua and xiongmai dvr; 34962 34963 34964 profinet; 35357 keystone;
5672 8774 8775 8776 8778 9191 9292 9311 9696 9876 6080 8003 8004 openstack; 41794 41795 crestron; 43594 runescape;
47001 winrm listener; 47984 47989 47990 48010 sunshine; 47808 bacnet; 49152 49153 49154 49155 windows rpc;
50001 50002 electrum; 50010 50020 50030 50060 50075 50090 hadoop 2; 50013 50014 sap start service;
50050 cobalt strike; 50051 grpc; 51413 9091 transmission; 51820 wireguard; 52869 realtek upnp; 54984 webmin;
55553 metasploit rpc; 61613 61614 61617 activemq stomp and tls; 61208 61209 glances; 62078 ios lockdown;
63342 jetbrains; 64738 mumble; 60443 60080 https by habit; 789 crimson v3; 1089 1090 1091 foundation fieldbus;
55000 55001 wazuh; 1514 1515 1516 wazuh agents; 3001 uptime kuma; 3030 sensu and metabase; 4194 cadvisor;
4222 6222 8222 nats; 5140 flume; 5432 postgres; 5005 java debug; 8453 hashicorp; 8529 arangodb; 8086 influxdb;
8108 typesense; 7700 meilisearch; 6333 6334 qdrant; 19530 milvus; 9870 hdfs; 3260 iscsi; 445 smb;
5060 sip; 5061 sips; 1880 node-red; 1400 1443 3400 3401 sonos; 8001 8002 samsung tv; 3689 itunes; 7236 miracast;
8612 canon bjnp; 9100 jetdirect; 515 lpr; 5222 chromecast; 49000 avm tr-064; 8181 bravia;
10243 windows media sharing; 2103 msmq; 5432 pg; 6783 6784 weave; 8472 flannel;
9099 9098 calico felix; 179 bgp; 2376 docker; 5473 calico typha; 10901 10902 thanos; 3101 loki second;
4317 4318 opentelemetry; 14250 14268 16686 jaeger; 9411 zipkin; 6831 jaeger agent`

const serverUDP = `
7 echo; 9 discard and wake-on-lan; 13 daytime; 37 time; 49 tacacs; 67 68 dhcp; 80 8443 quic by habit;
88 464 749 kerberos; 135 msrpc; 138 netbios datagram; 162 snmp traps; 192 airport base station; 213 ipx;
319 320 ptp; 434 mobile ip; 445 smb; 497 retrospect; 512 biff; 513 who; 514 syslog; 515 lpd; 517 518 talk;
520 521 rip; 546 547 dhcpv6; 554 rtsp; 593 msrpc over http; 626 mac os serialnumberd; 631 cups browsing; 646 ldp;
655 tinc; 664 asf rmcp secure; 698 olsr; 802 modbus tls; 853 dns over quic;
1025 1026 1027 1028 1029 1030 windows rpc; 1194 openvpn; 1604 citrix browser; 1645 1646 1812 1813 radius;
1701 l2tp; 1718 1719 h.323 gatekeeper; 1985 hsrp; 2049 nfs; 2055 9995 9996 netflow; 2222 ethernet/ip io;
2302 2303 arma and dayz; 2362 digi; 2427 2727 mgcp; 3074 xbox live; 3391 rd gateway; 3456 vat; 3479 3480 turn;
3544 teredo; 3659 apple sasl; 3784 3785 bfd; 4045 nfs lockd; 4172 pcoip; 4500 ipsec nat traversal; 4569 iax2;
4739 ipfix; 4789 8472 vxlan; 4800 moxa; 5000 5001 iperf; 5004 5005 rtp; 5050 mmcc; 5061 sips; 5093 sentinel;
5349 5350 turn over dtls; 5355 llmnr; 5404 5405 corosync; 5632 pcanywhere; 5684 coap over dtls; 6343 sflow;
6346 gnutella; 6454 art-net; 6481 solaris service tags; 6881 bittorrent dht; 7001 7003 afs;
7359 jellyfin discovery; 7777 7778 unreal; 8125 statsd; 8301 8302 8600 consul; 8767 9987 teamspeak;
9600 omron fins; 9875 sap announcements; 9993 zerotier; 10000 ndmp and webmin; 10080 amanda; 12201 gelf;
17500 dropbox lan sync; 19132 minecraft bedrock; 20000 dnp3; 20031 bakbone netvault; 21025 starbound; 25826 collectd; 26000 27500 27910 27960 quake; 27015 27016 source engine; 28960 call of duty;
30303 ethereum discovery; 30718 lantronix; 31337 back orifice; 32400 32410 32412 32414 plex discovery;
32768 32769 32770 32771 unix rpc; 33434 traceroute; 34962 34963 34964 profinet; 41641 tailscale; 41794 crestron;
44818 ethernet/ip; 51820 wireguard; 64738 mumble`

// registered are the registry's ports of one protocol.
type registered struct{ rfc, system []int }

func main() {
	log.SetFlags(0)
	registry, newest := readRegistry(os.Args[1])
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	fmt.Fprintf(w, header, newest)

	var byCount []int
	for p := range counted {
		byCount = append(byCount, p)
	}
	slices.SortFunc(byCount, func(a, b int) int { return cmp.Compare(counted[b], counted[a]) })

	seen := map[string]bool{}
	write := func(proto, tier string, ports []int) {
		for _, p := range ports {
			key := fmt.Sprint(proto, " ", p)
			if !seen[key] {
				seen[key] = true
				fmt.Fprintln(w, key, tier)
			}
		}
	}
	write("tcp", "counted", byCount)
	write("tcp", "reported", parse(reportedTCP))
	write("tcp", "server", parse(serverTCP))
	write("tcp", "web", slices.Concat(span(81, 90), span(8000, 8100)))
	write("tcp", "dynamic", slices.Concat(span(1024, 1030), span(32768, 32775), span(49152, 49170)))
	write("tcp", "rfc", registry["tcp"].rfc)
	write("tcp", "round", round())
	write("tcp", "system", registry["tcp"].system)
	write("udp", "surveyed", parse(surveyedUDP))
	write("udp", "reported", parse(reportedUDP))
	write("udp", "server", parse(serverUDP))
	write("udp", "rfc", registry["udp"].rfc)
	write("udp", "system", registry["udp"].system)
}

// parse returns the numbers of a list, sorted. It refuses an entry that does not
// say, behind its numbers, what is there.
func parse(list string) []int {
	var out []int
	for entry := range strings.SplitSeq(list, ";") {
		words := strings.Fields(entry)
		for len(words) > 0 {
			n, err := strconv.Atoi(words[0])
			if err != nil {
				break
			}
			if n < 1 || n > 65535 {
				log.Fatal("no port: ", entry)
			}
			out = append(out, n)
			words = words[1:]
		}
		if len(words) == 0 {
			log.Fatal("no reason given: ", entry)
		}
	}
	slices.Sort(out)
	return out
}

func round() []int {
	var out []int
	for x := 1; x <= 65; x++ {
		for _, tail := range []int{0, 80, 443, 888} {
			if n := x*1000 + tail; n <= 65535 {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return out
}

func span(lo, hi int) []int {
	var out []int
	for n := lo; n <= hi; n++ {
		out = append(out, n)
	}
	return out
}

func readRegistry(name string) (map[string]*registered, string) {
	f, err := os.Open(name)
	if err != nil {
		log.Fatal(err)
	}
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	records, err := r.ReadAll()
	if err != nil {
		log.Fatal(err)
	}
	out := map[string]*registered{"tcp": {}, "udp": {}}
	newest := ""
	for _, rec := range records[1:] {
		newest = max(newest, rec[6], rec[7])
		n, err := strconv.Atoi(rec[1])
		into := out[rec[2]]
		if err != nil || n < 1 || into == nil || rec[0] == "" {
			continue
		}
		if strings.Contains(rec[8], "[RFC") {
			into.rfc = append(into.rfc, n)
		}
		if n < 1024 {
			into.system = append(into.system, n)
		}
	}
	for _, e := range out {
		slices.Sort(e.rfc)
		slices.Sort(e.system)
	}
	return out, newest
}
