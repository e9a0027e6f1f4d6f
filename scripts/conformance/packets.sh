#!/bin/sh
# Compares the summaries of `packets` with tshark, in captures that scapy writes from a fixed
# seed. The tshark is the one that scripts/tshark-setup.sh finds or sets up.
#
#   packets.sh [PROGRAM]   terraform-provider-vpn; that of target/debug where nothing is said

set -eu

cd -- "$(dirname -- "$0")/../.."
program=${1-target/debug/terraform-provider-vpn}

# Assignments of their own, so that a failure ends the script.
TSHARK=$(scripts/tshark-setup.sh)
export TSHARK
scapy=$(scripts/client-setup.sh scapy)
captures=$(mktemp -d)
trap 'rm -rf "$captures"' EXIT
"$scapy/python" scripts/conformance/captures.py "$captures"
scripts/conformance/packets.py "$program" "$captures"/*
