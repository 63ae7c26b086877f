#!/bin/bash
# An FTP server leaves 30 % of the SYNs unanswered that carry TCP options, and nobody
# knows which option, nor where on the way. This script makes the network in namespaces
# of its own, with a firewall in it that does so, and asks sonde: is it so, which property
# of the packet makes the difference, between which hops, and what two captures say.
#
#	make && SONDE=bin/sonde testdata/stories/ftp.sh
#
# It needs ip (iproute2), nft (nftables), tcpdump and python3, and root or a kernel that
# lets users make namespaces; nothing of the machine itself is touched. It takes two to
# three minutes. With an argument, 6, it asks by IPv6.
set -eu
sonde=$(realpath "${SONDE:-bin/sonde}")
if [ -z "${STORY_INSIDE:-}" ]; then
	export STORY_INSIDE=1 SONDE="$sonde"
	if [ "$(id -u)" = 0 ]; then
		exec unshare --net --mount -- "$0" "$@"
	fi
	exec unshare --user --map-root-user --net --mount -- "$0" "$@"
fi
mount -t tmpfs tmpfs /run
work=/run/story
mkdir "$work"

# client - r1 - r2 - r3 - server; r2 is the firewall.
hosts=(client r1 r2 r3 server)
for host in "${hosts[@]}"; do
	ip netns add "$host"
	ip -n "$host" link set lo up
	ip netns exec "$host" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
done
for i in 0 1 2 3; do
	near=${hosts[i]} far=${hosts[i + 1]}
	ip link add "to-$far" netns "$near" type veth peer name "to-$near" netns "$far"
	for end in "$near to-$far 1" "$far to-$near 2"; do
		read -r host link n <<<"$end"
		ip -n "$host" addr add "10.$i.0.$n/24" dev "$link"
		ip -n "$host" addr add "fd0$i::$n/64" dev "$link" nodad
		ip -n "$host" link set "$link" up
	done
done
for i in 0 1 2 3; do # each knows the way to both ends
	ip -n "${hosts[i]}" route add default via "10.$i.0.2"
	ip -n "${hosts[i]}" -6 route add default via "fd0$i::2"
	back=$((i)) host=${hosts[i + 1]}
	if [ "$i" -gt 0 ]; then
		ip -n "$host" route add 10.0.0.0/24 via "10.$back.0.1"
		ip -n "$host" -6 route add fd00::/64 via "fd0$back::1"
	fi
done
server=10.3.0.2
if [ "${1:-}" = 6 ]; then
	server=fd03::2
fi

ip netns exec r2 nft -f - <<'RULES'
table inet firewall {
	chain forward {
		type filter hook forward priority 0;
		tcp flags & (syn | ack) == syn tcp option sack-perm exists numgen random mod 100 < 30 drop
	}
}
RULES
ip netns exec server python3 - <<'FTP' &
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", 21))
s.listen(1024)
while True:
    c, _ = s.accept()
    c.close()
FTP
ftp=$!
trap 'kill "$ftp" 2>/dev/null || true' EXIT
sleep 1

ask() {
	echo "\$ sonde $*" | sed "s, -o json=[^ ]*,,; s,$work/,,g"
	ip netns exec client "$sonde" "$@" || echo "[exit $?]"
	echo
}

echo "# Is it so?"
ask tcp -c 50 --interval 20ms -p 21 "$server"

echo "# Which property of the packet makes the difference, and where?"
ask trial "$server" -p 21 -c 200 --interval 60ms --locate \
	--vary 'tcp-options=none|mss|mss,sackok|mss,wscale=7|mss,ts|linux'

echo "# And the captures of both ends?"
ip netns exec server tcpdump -Z root -U -i to-r3 -w "$work/far.pcap" tcp port 21 2>/dev/null &
dump=$!
sleep 1
ask trial "$server" -p 21 -c 100 --interval 20ms --vary 'tcp-options=mss|mss,sackok' --pcap "$work/near.pcapng" -q
kill "$dump"
wait "$dump" || true
ask compare "$work/near.pcapng" "$work/far.pcap" | head -n 60
