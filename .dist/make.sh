#!/bin/bash
# Makes everything that is released, in bin/dist: make dist calls it. The same commit gives
# the same bytes, wherever it is built.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C TZ=UTC CGO_ENABLED=0
umask 022

VERSION=$1 NFPM=$2 SBOM=$3
# Times in what is made are that of the commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH VERSION

out=bin/dist work=bin/dist/parts # of what the packages have
rm -rf $out
mkdir -p $work/share/completion

for arch in amd64 arm64; do
	mkdir -p $work/$arch
	GOOS=linux GOARCH=$arch make -s BIN=$work/$arch/sonde SMALL=1 build
done

# What is the same for all machines is told by the program for this one.
sonde=$work/$(go env GOHOSTARCH)/sonde
$sonde man $work/share/man
gzip -9n $work/share/man/man?/*
$sonde completion bash >$work/share/completion/sonde.bash
$sonde completion zsh >$work/share/completion/_sonde
$sonde completion fish >$work/share/completion/sonde.fish
gzip -9nc CHANGELOG.md >$work/share/changelog.gz
install -m 755 .dist/postinstall.sh $work/ # its time goes into apk
touch -d "@$SOURCE_DATE_EPOCH" $work/postinstall.sh

for arch in amd64 arm64; do
	name=sonde-$VERSION-linux-$arch
	mkdir $work/$name
	cp -r $work/$arch/sonde $work/share/man $work/share/completion LICENSE README.md CHANGELOG.md $work/$name
	tar -C $work --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu -c $name | gzip -9n >$out/$name.tar.gz
	rm -r "${work:?}/$name"
	for packager in deb rpm apk; do
		ARCH=$arch go run "$NFPM" package -f .dist/nfpm.yaml -p $packager -t $out/$name.$packager >$work/log || {
			cat $work/log >&2
			exit 1
		}
	done
	go run "$SBOM" bin -json -noserial -notimestamp -std -version "$VERSION" -output $out/$name.cdx.json $work/$arch/sonde 2>/dev/null
done
cp .dist/Dockerfile $out/
(cd $out && sha256sum Dockerfile sonde-* >SHA256SUMS)
cat $out/SHA256SUMS
