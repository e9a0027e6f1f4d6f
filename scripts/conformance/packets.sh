#!/bin/sh
# Compares the summaries of `packets` with tshark, in captures that scapy writes from a fixed
# seed. Without a tshark nothing is compared, which is said.
#
#   packets.sh [PROGRAM]   terraform-provider-vpn; that of target/debug where nothing is said

set -eu

cd -- "$(dirname -- "$0")/../.."
program=${1-target/debug/terraform-provider-vpn}

if ! command -v tshark >/dev/null; then
	echo "packets.sh: there is no tshark, so the summaries of packets are compared with nothing" >&2
	exit 0
fi
scapy=$(scripts/client-setup.sh scapy)
captures=$(mktemp -d)
trap 'rm -rf "$captures"' EXIT
"$scapy/python" scripts/conformance/captures.py "$captures"
scripts/conformance/packets.py "$program" "$captures"/*
