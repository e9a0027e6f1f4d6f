#!/bin/sh
# Prints the program of a tshark, with which the tests read the captures that the engine has
# written: that of $TSHARK, of the PATH, or of Debian. See program.sh.

set -eu
. "$(dirname -- "$0")/program.sh"
program tshark TSHARK tshark
