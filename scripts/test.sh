#!/bin/sh
# What `make test` does: formatting, lints, and every test, those with real
# Terraform included. The first failure ends it.
#
# What reaches the backend is tested over HTTP as well. With VPN_TEST_LONG (`make soak`) the
# whole suite is, and other tests take their time too.

set -eu

cd -- "$(dirname -- "$0")/.."
cargo=${CARGO:-cargo}

# An assignment of its own, so that a failure ends the script.
TERRAFORM=$(scripts/terraform-setup.sh)
export TERRAFORM CHECKPOINT_DISABLE=1

case ${VPN_TEST_LONG:-} in
?*) over_http= ;;
'') over_http='addresses:: basics:: data_sources:: drift:: gateways:: interrupt::an_interrupt left_behind:: running:: seed:: taps::' ;;
esac
unset VPN_TEST_OVER_HTTP

# Tests wait for Terraform and for the clock much of their time: two for each processor.
RUST_TEST_THREADS=${RUST_TEST_THREADS:-$(($(getconf _NPROCESSORS_ONLN) * 2))}
export RUST_TEST_THREADS

# A Terraform before 1.8 cannot read calls of functions.
case $("$TERRAFORM" version | sed -n '1s/^[^0-9]*//p') in
1.[0-7].*) formatted=$(find examples -mindepth 1 -maxdepth 1 ! -name functions) ;;
*) formatted=examples ;;
esac

set -x
"$cargo" fmt --check
# Several folders: they are to be split.
# shellcheck disable=SC2086
"$TERRAFORM" fmt -check -recursive $formatted
"$cargo" clippy --all-targets -- -D warnings
"$cargo" test
scripts/conformance/packets.sh
# Several names, or none for all: they are to be split.
# shellcheck disable=SC2086
VPN_TEST_OVER_HTTP=1 "$cargo" test --test acceptance -- $over_http
