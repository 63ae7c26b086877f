#!/bin/sh
# Lets every user of this machine send packets of sonde's own. Where that is not possible,
# sonde is installed all the same, and says what it does instead.
PATH=$PATH:/usr/sbin:/sbin
if ! command -v setcap >/dev/null 2>&1; then
	why="setcap is not there (Debian: libcap2-bin, Red Hat: libcap, Alpine: libcap-setcap)"
elif why=$(setcap cap_net_raw+p /usr/bin/sonde 2>&1); then
	exit 0
fi
echo "sonde: only root may send packets of its own; for others the kernel asks: $why" >&2
echo "sonde: to change that: setcap cap_net_raw+p /usr/bin/sonde" >&2
exit 0
