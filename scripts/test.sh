#!/bin/sh
# What `make test` does: formatting, lints, and every test, those with real
# Terraform included. The first failure ends it.

set -eu

cd -- "$(dirname -- "$0")/.."
cargo=${CARGO:-cargo}

# An assignment of its own, so that a failure ends the script.
TERRAFORM=$(scripts/terraform-setup.sh)
export TERRAFORM CHECKPOINT_DISABLE=1

set -x
"$cargo" fmt --check
"$TERRAFORM" fmt -check -recursive examples
"$cargo" clippy --all-targets -- -D warnings
"$cargo" test
