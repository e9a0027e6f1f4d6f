#!/bin/sh
# Installs a built provider into a folder in the layout of a provider mirror:
#
#   scripts/install.sh debug|release FOLDER
#
# Terraform looks by itself into ~/.terraform.d/plugins, and into any folder that
# a `filesystem_mirror` of its CLI configuration names. Prints the file's path.

set -eu

[ $# -eq 2 ] || {
    echo "usage: install.sh debug|release FOLDER" >&2
    exit 2
}
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

# Wherever cargo is told to build.
target=$(cd "$root" && "${CARGO:-cargo}" metadata --format-version 1 --no-deps --offline |
    sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
built=$target/$1/terraform-provider-vpn
[ -x "$built" ] || {
    echo "install.sh: $built is missing: build it first" >&2
    exit 1
}

version=$("$built" --version)
version=${version##* }

case $(uname -s) in
Linux) os=linux ;;
Darwin) os=darwin ;;
FreeBSD) os=freebsd ;;
*)
    echo "install.sh: no recipe for $(uname -s)" >&2
    exit 1
    ;;
esac
case $(uname -m) in
x86_64 | amd64) arch=amd64 ;;
aarch64 | arm64) arch=arm64 ;;
*)
    echo "install.sh: no recipe for $(uname -m)" >&2
    exit 1
    ;;
esac

folder=$2/registry.terraform.io/terraform-provider-vpn/vpn/$version/${os}_$arch
mkdir -p "$folder"
# A new file renamed into place: a Terraform that runs keeps the old one.
cp "$built" "$folder/.new.$$"
mv -f "$folder/.new.$$" "$folder/terraform-provider-vpn_v$version"
printf '%s\n' "$folder/terraform-provider-vpn_v$version"
