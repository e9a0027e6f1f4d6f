#!/bin/sh
# Prints the program of an etcd for the tests of the store in etcd: the first of $ETCD, `etcd`
# on the PATH, and that of Debian's package etcd-server, taken out of the package into the
# ignored folder .tools/etcd/ without installing it. The latter needs apt-get, and the first
# time a network; it is etcd 3.4 or newer.

set -eu

if [ -n "${ETCD-}" ]; then
	echo "$ETCD"
	exit
fi
if command -v etcd; then
	exit
fi
cd -- "$(dirname -- "$0")/.."
folder=$PWD/.tools/etcd
if [ ! -e "$folder/ready" ]; then
	if ! command -v apt-get >/dev/null; then
		echo "etcd-setup: there is no etcd: install it, or name its program in ETCD" >&2
		exit 1
	fi
	rm -rf "$folder"
	mkdir -p "$folder"
	{
		cd "$folder"
		apt-get -q download etcd-server
		dpkg -x etcd-server_*.deb .
		rm etcd-server_*.deb
	} >&2
	touch ready
fi
echo "$folder/usr/bin/etcd"
