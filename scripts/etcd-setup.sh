#!/bin/sh
# Prints the program of an etcd, 3.4 or newer, for the tests of the store in etcd: that of $ETCD, of
# the PATH, or of Debian. See program.sh.

set -eu
. "$(dirname -- "$0")/program.sh"
program etcd ETCD etcd-server alone
