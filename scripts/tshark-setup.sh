#!/bin/sh
# Prints the program of a tshark, with which the tests read the captures that the engine has
# written: the first of $TSHARK, `tshark` on the PATH, and that of Debian's package, taken with
# its libraries into the ignored folder .tools/tshark/ without installing it. The latter needs
# apt-get, and the first time a network. Where none can be had, it says why and ends with 1.

set -eu

if [ -n "${TSHARK-}" ]; then
	echo "$TSHARK"
	exit
fi
if command -v tshark; then
	exit
fi
cd -- "$(dirname -- "$0")/.."
folder=$PWD/.tools/tshark
if [ ! -e "$folder/ready" ]; then
	if ! command -v apt-get >/dev/null; then
		echo "tshark-setup: there is no tshark: install it, or name its program in TSHARK" >&2
		exit 1
	fi
	rm -rf "$folder"
	mkdir -p "$folder"
	{
		cd "$folder"
		needed=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
			--no-replaces --no-enhances tshark | grep '^[a-z0-9]' | sort -u)
		for package in $needed; do
			# What is installed already is found where it is; of virtual packages there is nothing.
			if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
				apt-get -q download "$package" || continue
			fi
		done
		for archive in *.deb; do
			dpkg -x "$archive" .
		done
		rm -f -- *.deb
	} >&2
	libraries=$(find "$folder/usr/lib" "$folder/lib" -name '*.so.*' -printf '%h\n' 2>/dev/null | sort -u | paste -sd :)
	cat >"$folder/tshark" <<END
#!/bin/sh
LD_LIBRARY_PATH='$libraries' exec '$folder/usr/bin/tshark' "\$@"
END
	chmod +x "$folder/tshark"
	"$folder/tshark" --version >/dev/null
	touch "$folder/ready"
fi
echo "$folder/tshark"
