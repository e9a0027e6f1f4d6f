#!/bin/sh
# Sets up OpenStack's vmware-nsxlib, a client of NSX that nobody here wrote, in .tools/, and
# prints the Python to run it with. The tests of `serve` drive it. Needs Python 3.9 or newer,
# and the first time a network.

set -eu

cd -- "$(dirname -- "$0")/.."
version=19.4.3
folder=$PWD/.tools/nsxlib-$version

if [ ! -e "$folder/ready" ]; then
	rm -rf "$folder"
	mkdir -p .tools
	{
		python3 -m venv "$folder"
		# It uses distutils, which newer Pythons have from setuptools only.
		"$folder/bin/pip" install --quiet --disable-pip-version-check "vmware-nsxlib==$version" 'setuptools<81'
	} >&2
	touch "$folder/ready"
fi
echo "$folder/bin/python"
