#!/bin/sh
# Downloads the source package of the moto that requirements.txt pins, and unpacks its tests of CloudWatch Logs into FOLDER/source.
set -eu
folder="$1"
root="$(cd "$(dirname "$0")/../.." && pwd)"
pins="$root/tests/tools/requirements.txt"
version="$(sed -n 's/^moto==\([0-9.]*\).*/\1/p' "$pins")"
mkdir -p "$folder"
"$root/.venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary moto --dest "$folder" "moto==$version"
hash="$(sha256sum "$folder/moto-$version.tar.gz" | cut -d' ' -f1)"
grep -q "sha256:$hash" "$pins" || { echo "moto-$version.tar.gz has another hash than requirements.txt pins" >&2; exit 1; }
rm -rf "$folder/source"
mkdir "$folder/source"
tar -xzf "$folder/moto-$version.tar.gz" -C "$folder/source" --strip-components 1 --wildcards \
    '*/tests/__init__.py' '*/tests/conftest.py' '*/tests/test_logs/*' '*/LICENSE'
rm "$folder/moto-$version.tar.gz"
