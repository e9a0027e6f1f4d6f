#!/bin/sh
# Builds the Go provider the benches compare with, and the start bench:
#
#   benches/go-peer/build.sh
#   -> target/go-peer/terraform-provider-peer
#      target/go-peer/startbench
#
# Needs a Go toolchain; exit code 3 says that there is none.

set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
out=$here/../../target/go-peer

command -v go >/dev/null || {
    echo "build.sh: no Go toolchain on PATH, the comparison needs one" >&2
    exit 3
}

mkdir -p "$out"
cd "$here"
# As releases of Terraform providers are built: static, no symbols, no paths.
export CGO_ENABLED=0
go build -trimpath -ldflags='-s -w' -o "$out/terraform-provider-peer" .
go build -trimpath -ldflags='-s -w' -o "$out/startbench" ./cmd/startbench
