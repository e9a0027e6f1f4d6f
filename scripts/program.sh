# For scripts that print a program which tests need: `. "$(dirname -- "$0")/program.sh"`, and then
#
#     program NAME VARIABLE PACKAGE [alone]
#
# prints the first of $VARIABLE, NAME on the PATH, and that of Debian's PACKAGE, which is taken into
# the ignored folder .tools/NAME/ without installing it, with the libraries that it needs unless it
# needs none of its own (`alone`). That takes apt-get, and the first time a network. Where none can
# be had, it says why and ends with 1.

program() {
	name=$1 variable=$2 package=$3 alone=${4-}
	eval "chosen=\${$variable-}"
	if [ -n "$chosen" ]; then
		echo "$chosen"
		return
	fi
	if command -v "$name"; then
		return
	fi
	cd -- "$(dirname -- "$0")/.."
	folder=$PWD/.tools/$name
	if [ ! -x "$folder/$name" ]; then
		if ! command -v apt-get >/dev/null; then
			echo "$name-setup: there is no $name: install it, or name its program in $variable" >&2
			exit 1
		fi
		# The lists of packages of this machine may be missing, or too old.
		take "$package" "$folder" "$alone" >&2 || { fresh_lists "$PWD/.tools/apt" && take "$package" "$folder" "$alone"; } >&2
		mv "$folder/new" "$folder/$name"
	fi
	echo "$folder/$name"
}

# take PACKAGE FOLDER [alone]: whether the program that it leaves as FOLDER/new works.
take() (
	rm -rf "$2"
	mkdir -p "$2" && cd "$2" || exit
	unpack "$1" "$3" || exit
	libraries=$(find "$2/usr/lib" "$2/lib" -name '*.so.*' -printf '%h\n' 2>/dev/null | sort -u | paste -sd :)
	cat >new <<-END
		#!/bin/sh
		LD_LIBRARY_PATH='$libraries' exec '$2/usr/bin/$name' "\$@"
	END
	chmod +x new
	./new --version >/dev/null
)

# unpack PACKAGE [alone]: into this folder.
unpack() {
	needed=$1
	if [ "$2" != alone ]; then
		needed=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
			--no-replaces --no-enhances "$1" | grep '^[a-z0-9]' | sort -u) || return
	fi
	for package in $needed; do
		# What is installed already is found where it is; of virtual packages there is nothing.
		if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
			apt-get -q download "$package" || continue
		fi
	done
	for archive in *.deb; do
		dpkg -x "$archive" . || return
	done
	rm -f -- *.deb
}

# fresh_lists FOLDER: has apt use lists of packages in FOLDER, and fetches them. Nobody need be root.
fresh_lists() {
	mkdir -p "$1/lists/partial" "$1/cache/archives/partial" || return
	printf 'Dir::State::Lists "%s";\nDir::Cache "%s";\n' "$1/lists" "$1/cache" >"$1/apt.conf"
	APT_CONFIG=$1/apt.conf
	export APT_CONFIG
	apt-get -q update
}
