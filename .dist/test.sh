#!/bin/bash
# Tests what make dist makes: two builds in two folders are the same, byte for byte; the
# packages have what they should; and on a bare Debian, in a folder of its own, a plain user
# installs nothing more to scan and to read the manual. As root on Debian, with debootstrap,
# rpm, cpio and a mirror (MIRROR). The only address asked is 127.0.0.1.
set -euo pipefail
cd "$(dirname "$0")/.."
MIRROR=${MIRROR:-http://deb.debian.org/debian}
SUITE=${SUITE:-bookworm}

for tool in debootstrap rpm rpm2cpio cpio jq; do
	command -v $tool >/dev/null || { echo "missing: $tool (Debian packages debootstrap rpm rpm2cpio cpio jq)" >&2; exit 1; }
done
top=$(mktemp -d)
trap 'umount "$top/root/proc" 2>/dev/null || true; rm -rf "$top"' EXIT

fail() { echo "FAIL: $*" >&2; exit 1; }

# One folder has a longer name than the other, and another mask for new files.
for copy in one a/longer/name; do
	git clone -q --no-local . "$top/$copy"
	(umask $([ $copy = one ] && echo 022 || echo 077); TZ=Asia/Tokyo make -s -C "$top/$copy" dist >/dev/null)
done
diff -r -x parts "$top/one/bin/dist" "$top/a/longer/name/bin/dist" || fail "two builds differ"
dist=$top/one/bin/dist
(cd "$dist" && sha256sum --quiet -c SHA256SUMS) || fail "a checksum is wrong"
echo "two builds: the same, $(ls "$dist" | grep -c ^sonde-) files"

for arch in amd64 arm64; do
	most=14582912 # so that it does not grow unseen; 12 MB is what is aimed at
	size=$(stat -c %s "$dist/parts/$arch/sonde")
	[ "$size" -le $most ] || fail "$arch: the program has $size bytes, more than $most"
	jq -e '.bomFormat == "CycloneDX" and (.components | length) > 20' "$dist"/sonde-*-$arch.cdx.json >/dev/null || fail "$arch: no SBOM"
	mkdir -p "$top/$arch"/{rpm,apk,tar}
	# rpm2cpio misses a size in the header that rpm does without, and ends with 1.
	rpm -K --nosignature "$dist"/sonde-*-$arch.rpm >/dev/null || fail "$arch: the digests of the rpm"
	{ rpm2cpio "$dist"/sonde-*-$arch.rpm || true; } | (cd "$top/$arch/rpm" && cpio -idm --quiet --no-absolute-filenames 2>/dev/null)
	tar -xzf "$dist"/sonde-*-$arch.apk -C "$top/$arch/apk" 2>/dev/null
	tar -xzf "$dist"/sonde-*-$arch.tar.gz -C "$top/$arch/tar" --strip-components 1
	for packed in rpm/usr/bin/sonde apk/usr/bin/sonde tar/sonde; do
		cmp "$top/$arch/$packed" "$dist/parts/$arch/sonde" || fail "$arch: $packed is not what was built"
	done
	for kind in rpm apk; do
		for file in man/man1/sonde-tcp.1.gz man/man7/sonde-states.7.gz bash-completion/completions/sonde zsh/site-functions/_sonde \
			fish/vendor_completions.d/sonde.fish doc/sonde/copyright doc/sonde/changelog.gz; do
			[ -s "$top/$arch/$kind/usr/share/$file" ] || fail "$arch: $kind lacks $file"
		done
	done
	grep -q 'setcap cap_net_raw+p' "$top/$arch/apk/.post-install" || fail "$arch: apk has no .post-install"
	echo "$arch: tar, rpm and apk are whole; the program has $size bytes"
done

root=$top/root
if [ -n "${ROOTFS:-}" ]; then cp -a "$ROOTFS" "$root"; else debootstrap --variant=minbase "$SUITE" "$root" "$MIRROR" >/dev/null; fi
mount -t proc proc "$root/proc"
cp /etc/resolv.conf "$root/etc/resolv.conf"
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
plain() { chroot --userspec=12345:12345 "$root" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/tmp LC_ALL=C.UTF-8 "$@"; }

# Without setcap it is installed all the same, says why it may do less, and does that.
cp "$dist"/sonde-*-amd64.deb "$root/sonde.deb"
inside dpkg -i /sonde.deb >"$top/log" 2>&1 || { cat "$top/log"; fail "dpkg -i"; }
grep -q 'setcap is not there' "$top/log" || { cat "$top/log"; fail "nothing is said where setcap is missing"; }
plain sonde tcp -p 22 -o json 127.0.0.1 >"$top/json" 2>"$top/said" || [ $? -le 1 ] || fail "connect"
jq -es '.[0].method == ["connect"]' "$top/json" >/dev/null || fail "without the capability: $(head -1 "$top/json")"
inside dpkg -r sonde >/dev/null 2>&1
[ ! -e "$root/usr/bin/sonde" ] || fail "dpkg -r leaves it"

inside apt-get -q update >/dev/null
inside apt-get -q -y install /sonde.deb man-db >"$top/log" 2>&1 || { cat "$top/log"; fail "apt install"; }
plain man sonde | grep -q 'Ask the network one precise question' || fail "man sonde"
plain man 7 sonde-exit-codes | grep -q 'no answer either way' || fail "man 7 sonde-exit-codes"
plain sonde tcp -p 22 -o json 127.0.0.1 >"$top/json" || [ $? -le 1 ] || fail "raw"
jq -es '.[0].method == ["raw"]' "$top/json" >/dev/null || fail "a plain user: $(head -1 "$top/json")"
inside bash -c '. /usr/share/bash-completion/completions/sonde' || fail "the completion of bash"
echo "Debian $(cat "$root/etc/debian_version"): installed; a plain user's method is raw: $(head -1 "$top/json" | jq -c '[.version,.method]')"
plain sonde version
