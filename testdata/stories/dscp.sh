#!/bin/bash
# Packets leave with the DSCP ef and arrive with none: somewhere between here and there a
# router wipes it. With tcpdump one needs both ends, and all between them. This script makes
# the network in namespaces of its own, has one of its routers do so, and asks sonde, which
# finds the place from one end: each router quotes the packet that expires at it as it came.
#
#	make && SONDE=bin/sonde testdata/stories/dscp.sh [4|6] [r1|r2|r3]
#
# It needs ip (iproute2), nft (nftables) and python3, and root or a kernel that lets users
# make namespaces; nothing of the machine itself is touched. It takes some seconds. With 6
# it asks by IPv6; the router is r2 unless another one is named.
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

# client - r1 - r2 - r3 - server
hosts=(client r1 r2 r3 server)
for host in "${hosts[@]}"; do
	ip netns add "$host"
	ip -n "$host" link set lo up
	ip netns exec "$host" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
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
	if [ "$i" -gt 0 ]; then
		ip -n "${hosts[i + 1]}" route add 10.0.0.0/24 via "10.$i.0.1"
		ip -n "${hosts[i + 1]}" -6 route add fd00::/64 via "fd0$i::1"
	fi
done
server=10.3.0.2
if [ "${1:-4}" = 6 ]; then
	server=fd03::2
fi

# The router wipes the DSCP of what it passes on.
ip netns exec "${2:-r2}" nft -f - <<'RULES'
table inet mangle {
	chain out {
		type filter hook forward priority mangle;
		ip dscp set cs0
		ip6 dscp set cs0
	}
}
RULES
ip netns exec server python3 - <<'WEB' &
import socket
s = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    s.accept()[0].close()
WEB
web=$!
trap 'kill "$web" 2>/dev/null || true' EXIT
listens() { ip netns exec server grep -q ':0050 .* 0A ' /proc/net/tcp6; }
tentative() { # while nobody answers neighbour solicitations for an address
	for host in "${hosts[@]}"; do
		ip -n "$host" -6 addr show tentative
	done | grep -q inet6
}
for _ in $(seq 100); do
	if listens && ! tentative; then
		break
	fi
	sleep 0.1
done

ask() {
	echo "\$ sonde $*"
	ip netns exec client "$sonde" "$@" || echo "[exit $?]"
	echo
}

echo "# Where is the DSCP wiped?"
ask trace -p 80 --dscp ef "$server"

echo "# And does it come to the server itself? What refuses UDP quotes it."
ask trace --proto udp --dscp ef "$server"
