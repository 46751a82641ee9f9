#!/bin/sh
# Generates the client, checks its types, builds the wheel and installs it into .venv-sdk, where this is run from make.
set -eu
cd "$(dirname "$0")"
tools=../../.venv-sdk/bin
rm -rf build logmark/generated
mkdir build
$tools/python document.py ../../openapi/openapi.json build/openapi.json
$tools/openapi-python-client generate --path build/openapi.json --config generator.yaml --meta none \
    --output-path logmark/generated --fail-on-warning
$tools/mypy
$tools/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir build .
$tools/pip install --quiet --disable-pip-version-check --no-deps --no-index --force-reinstall build/logmark-*.whl
