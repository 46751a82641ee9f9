#!/bin/sh
# Creates a virtual environment for pinned Python tools. Installs Python if it is missing and it may.
set -eu
apt="$(dirname "$0")/apt.sh"
command -v python3 >/dev/null || sh "$apt" python3 python3-venv
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || { echo 'Python 3.11 or later is missing: apt-get install python3 python3-venv' >&2; exit 1; }
# Without python3-venv, Debian leaves a broken environment behind.
python3 -m venv "$1" 2>/dev/null || { sh "$apt" python3-venv && python3 -m venv --clear "$1"; }
