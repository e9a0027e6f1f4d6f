#!/bin/sh
# Sets up a client of the API that nobody here wrote, in .tools/, and prints the folder of its
# programs. The tests of `serve` drive them. Needs Python 3.9 or newer, and the first time a
# network.
#
#   client-setup.sh nsxlib         OpenStack's vmware-nsxlib
#   client-setup.sh openstack      the `openstack` command line, and the SDK below it
#   client-setup.sh schemathesis   requests made of an OpenAPI description
#   client-setup.sh scapy          packets, for scripts/conformance/captures.py

set -eu

cd -- "$(dirname -- "$0")/.."
case ${1-} in
nsxlib)
	version=19.4.3
	# It uses distutils, which newer Pythons have from setuptools only.
	packages="vmware-nsxlib==$version setuptools<81"
	;;
openstack)
	version=10.5.0
	packages="python-openstackclient==$version openstacksdk==4.22.0"
	;;
schemathesis)
	version=4.32.5
	packages="schemathesis==$version"
	;;
scapy)
	version=2.8.0
	packages="scapy==$version"
	;;
*)
	echo "usage: client-setup.sh nsxlib|openstack|schemathesis|scapy" >&2
	exit 2
	;;
esac
folder=$PWD/.tools/$1-$version

if [ ! -e "$folder/ready" ]; then
	rm -rf "$folder"
	mkdir -p .tools
	{
		python3 -m venv "$folder"
		# shellcheck disable=SC2086 # They are several.
		"$folder/bin/pip" install --quiet --disable-pip-version-check $packages
	} >&2
	touch "$folder/ready"
fi
echo "$folder/bin"
