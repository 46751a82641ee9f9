#!/bin/sh
# Packs the client and installs it, offline, into a project that only uses it: there tests and samples are compiled, so that they
# see what a user sees. Run from `npm run build`.
set -eu
cd "$(dirname "$0")/.."
rm -rf build
mkdir -p build/consumer
npm pack --silent --pack-destination build >/dev/null
cd build/consumer
cp -r ../../tests ../../../samples .
rm -f tests/*.sh samples/*.sh samples/*.py samples/*.rs samples/*.go
cat >package.json <<'EOF'
{ "name": "consumer", "version": "0.0.0", "private": true, "type": "module" }
EOF
npm install --silent --offline --no-audit --no-fund ../logmark-*.tgz
cat >tsconfig.json <<'EOF'
{
  "compilerOptions": { "target": "ES2022", "module": "NodeNext", "strict": true, "types": ["node"], "skipLibCheck": true },
  "include": ["tests", "samples"]
}
EOF
../../node_modules/.bin/tsc
