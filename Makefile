# Two commands do everything: `make run` and `make test`. Both install missing tools, or say what to install.

.DEFAULT_GOAL := help
.PHONY: help run test check format lint doc openapi-lint unit infra openapi examples man requirements schemathesis sdk sdk-packages lambda lambda-zip dist bench fuzz deny setup system clean

CARGO ?= cargo
export CARGO_TERM_COLOR ?= auto

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: system ## Build and start the demo: sample logs, two tenants, tokens and curl commands to copy
	$(CARGO) run --locked -- demo

test: check infra unit ## Everything that CI runs

check: system format lint doc openapi-lint ## Formatting, lints in every combination of features, documentation

format:
	$(CARGO) fmt --all --check

# Each feature must build without warnings, alone and together.
lint: sdk/generated/.done
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --locked --no-default-features --features lambda -- -D warnings
	$(CARGO) clippy --locked --no-default-features --features local -- -D warnings
	cd sdk/rust && $(CARGO) fmt --check && $(CARGO) clippy --locked --all-targets --no-default-features -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items

# The committed document: style by Redocly's rules, form by OpenAPI's own schema. Needs Node 20.
openapi-lint: setup
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
		tests/web/node_modules/.bin/redocly lint --config tests/web/redocly.yaml --max-problems 1000 openapi/openapi.json
	.venv/bin/openapi-spec-validator --schema 3.1 --subschema-errors all openapi/openapi.json

unit: system setup
	$(CARGO) test --locked --workspace

infra: .venv-infra/.done ## Check infra/: templates, modules, roles, container, unit
	@command -v systemd-analyze >/dev/null || sh tests/tools/apt.sh systemd
	.venv-infra/bin/python infra/tools/check.py

# Pins with the hashes of all files, for Python 3.11 and later. Versions stay; UPGRADE=--upgrade takes the newest. uv is a package of
# PyPI. infra/ uses --no-deps, because the pins of its tools contradict each other.
UV ?= uv
UPGRADE ?=
PINS = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
	--custom-compile-command 'make requirements' $(UPGRADE)
requirements: ## Rewrite the requirements.txt of the Python tools (needs uv)
	for folder in sdk/python sdk/tools tests/tools; do (cd $$folder && $(PINS) requirements.in --output-file requirements.txt) || exit 1; done
	cd infra/tools && $(PINS) --no-deps requirements.in --output-file requirements.txt

# 600 MB, once: aws-sam-cli and checkov are large. The pins are complete, so pip resolves nothing.
.venv-infra/.done: infra/tools/requirements.txt
	@sh tests/tools/venv.sh .venv-infra
	.venv-infra/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile --requirement infra/tools/requirements.txt
	@touch $@

openapi: system ## Rewrite openapi/openapi.json, and API Gateway's document from it
	$(CARGO) run --locked --quiet -- openapi > openapi/openapi.json
	python3 infra/tools/api_gateway.py

examples: system ## Rewrite openapi/examples from the service's answers, and openapi/openapi.json with them
	LOGMARK_WRITE_EXAMPLES=1 $(CARGO) test --locked --test integration openapi::examples::the_examples
	$(MAKE) openapi

man: ## Rewrite infra/package/logmark.1, the man page of the packages, from the command line
	LOGMARK_WRITE_MAN_PAGE=1 $(CARGO) test --locked --lib cli::man_page_test

# The check of `make test`, longer and with a random seed, which it prints.
SCHEMATHESIS_EXAMPLES ?= 1500
SCHEMATHESIS_SEED ?= random
schemathesis: system setup ## Test the service against its document, SCHEMATHESIS_EXAMPLES requests for each operation
	SCHEMATHESIS_EXAMPLES=$(SCHEMATHESIS_EXAMPLES) SCHEMATHESIS_SEED=$(SCHEMATHESIS_SEED) \
		$(CARGO) test --locked --test integration openapi::schemathesis -- --nocapture

lambda: system ## Build the small function: target/lambda/bootstrap
	$(CARGO) build --profile lambda --locked --no-default-features --features lambda
	@cp target/lambda/logmark target/lambda/bootstrap
	@ls -l target/lambda/bootstrap

# For this machine's processor; for another one see infra/README.md.
lambda-zip: lambda ## Build the archive for Lambda: target/lambda/logmark.zip
	python3 infra/tools/lambda_zip.py target/lambda/bootstrap target/lambda/logmark.zip

# BINARY=path packs an existing binary; otherwise a release is built. cargo-deb is installed if it is missing.
BINARY ?= target/release/logmark
CARGO_DEB_VERSION = 3.8.0
dist: system ## Build packages for this machine's processor: target/dist/*.tar.gz, *.deb and SHA256SUMS (BINARY=path packs that binary)
	@test "$(BINARY)" != target/release/logmark || $(CARGO) build --release --locked
	@rm -rf target/dist && mkdir -p target/dist
	python3 infra/tools/dist.py pack $(BINARY) target/dist
	@command -v cargo-deb >/dev/null || $(CARGO) install --locked --version $(CARGO_DEB_VERSION) cargo-deb
	$(CARGO) deb --no-build --no-strip --output target/dist/
	@rm -rf target/dist/stage
	python3 infra/tools/dist.py checksums target/dist

# The gateway benchmark needs haproxy and wrk.
bench: lambda ## Measure tokens, requests, CloudWatch calls beside HAProxy, patterns, pages, cold starts (release build, some minutes)
	$(CARGO) bench --locked --bench cold_start
	$(CARGO) bench --locked --bench tokens
	$(CARGO) bench --locked --bench requests
	$(CARGO) bench --locked --bench gateway
	$(CARGO) bench --locked --package logmark-filter-pattern --bench matching
	$(CARGO) bench --locked --package logmark-quota --bench simulation
	$(CARGO) bench --locked --package logmark-event-page --bench transcode
	$(CARGO) bench --locked --package logmark-event-rules --bench masking
	$(CARGO) bench --locked --package logmark-access-log --bench parse

# Each target starts from the corpus of its language. New inputs are kept in fuzz/corpus.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= filter_pattern_parse filter_pattern_match filter_rule insights_parse event_page event_mask access_log
fuzz: ## Fuzz the two languages, pages of events, masks, row rules and access logs, FUZZ_SECONDS for each target (needs cargo-fuzz)
	@command -v cargo-fuzz >/dev/null || { echo 'cargo-fuzz is missing: cargo install --locked cargo-fuzz'; exit 1; }
	$(CARGO) run --quiet --manifest-path fuzz/Cargo.toml --bin seeds
	@for target in $(FUZZ_TARGETS); do \
		RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run $$target -- -max_total_time=$(FUZZ_SECONDS) -max_len=2048 -timeout=10 \
			-dict=fuzz/dictionaries/$${target%%_*}.dict || exit 1; \
	done

deny: ## Check licences, bans and sources of all dependencies (needs cargo-deny)
	@command -v cargo-deny >/dev/null || { echo 'cargo-deny is missing: cargo install --locked cargo-deny'; exit 1; }
	$(CARGO) deny --locked check bans licenses sources

setup: .venv/.done .moto/.done tests/web/node_modules/.done sdk ## Install the pinned tools of the tests (Python, Node, a browser), and build the clients of sdk/
	@command -v redis-server >/dev/null || sh tests/tools/apt.sh redis-server

.venv/.done: tests/tools/requirements.txt
	@# A proxy in front of live tails, and an independent analyser of access logs.
	@command -v haproxy >/dev/null || sh tests/tools/apt.sh haproxy
	@command -v goaccess >/dev/null || sh tests/tools/apt.sh goaccess
	@sh tests/tools/venv.sh .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement tests/tools/requirements.txt
	@touch $@

# moto's tests are in its source package only. The package is compared with the hash in requirements.txt, like the installed one.
.moto/.done: tests/tools/requirements.txt tests/tools/moto_source.sh
	@sh tests/tools/moto_source.sh .moto
	@touch $@

tests/web/node_modules/.done: tests/web/package.json tests/web/package-lock.json
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' \
		|| { echo 'Node 20 or later is missing: see https://nodejs.org'; exit 1; }
	@command -v chromium >/dev/null || sh tests/tools/apt.sh chromium
	@command -v curl >/dev/null || sh tests/tools/apt.sh curl
	cd tests/web && npm ci --no-progress
	@touch $@

SDKS = sdk/typescript/build/.done .venv-sdk/.done sdk/rust/build/.done sdk/go/build/.done

sdk: $(SDKS) ## Generate the clients of sdk/ from openapi/openapi.json, and build them
	@# For the shell samples.
	@command -v curl >/dev/null || sh tests/tools/apt.sh curl ca-certificates

# The client packages of a release. Nothing is published. Use the Go module with `go mod edit -replace`, or commit it to its repository.
sdk-packages: sdk ## Build the packages of the clients: target/sdk
	@rm -rf target/sdk && mkdir -p target/sdk
	cp sdk/typescript/build/logmark-*.tgz sdk/python/build/logmark-*.whl target/sdk/
	cd sdk/rust && $(CARGO) package --quiet --locked --allow-dirty --no-verify
	cp sdk/rust/target/package/logmark-client-*.crate target/sdk/
	tar --create --gzip --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --exclude='*_test.go' --exclude=build --exclude=openapi-generator.json \
		--directory=sdk --transform='s,^go,logmark-go,' --file=target/sdk/logmark-go-$$(sed -n 's/^const version = "\(.*\)"/\1/p' sdk/go/client.go).tar.gz go
	@ls -l target/sdk

sdk/typescript/build/.done: openapi/openapi.json $(wildcard sdk/typescript/*.json sdk/typescript/*.ts sdk/typescript/src/*.ts sdk/typescript/tests/*.ts sdk/samples/*.ts)
	@node -e 'process.exit(Number(parseInt(process.versions.node) < 20))' || { echo 'Node 20 or later is missing'; exit 1; }
	cd sdk/typescript && npm ci --silent && npm run --silent build
	@touch $@

.venv-sdk/.done: openapi/openapi.json sdk/python/requirements.txt $(wildcard sdk/python/*.* sdk/python/logmark/*.py)
	@sh tests/tools/venv.sh .venv-sdk
	.venv-sdk/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement sdk/python/requirements.txt
	sh sdk/python/build.sh
	@touch $@

# One generator for both; it and its Java are packages of PyPI, in sdk/tools/build.
sdk/generated/.done: openapi/openapi.json sdk/tools/prepare.py sdk/tools/go_strings.py sdk/tools/requirements.txt sdk/rust/openapi-generator.json sdk/go/openapi-generator.json
	@sh tests/tools/venv.sh sdk/tools/build
	sdk/tools/build/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement sdk/tools/requirements.txt
	@mkdir -p sdk/generated
	python3 sdk/tools/prepare.py openapi/openapi.json sdk/generated/openapi.json
	sdk/tools/build/bin/openapi-generator-cli batch --clean --fail-fast sdk/rust/openapi-generator.json sdk/go/openapi-generator.json \
		> sdk/generated/log 2>&1 || { cat sdk/generated/log; exit 1; }
	python3 sdk/tools/go_strings.py sdk/go/generated
	@touch $@

sdk/rust/build/.done: sdk/generated/.done sdk/rust/Cargo.lock $(wildcard sdk/rust/*.toml sdk/rust/src/*.rs sdk/rust/tests/*/*.rs sdk/samples/*.rs)
	@command -v cc >/dev/null || sh tests/tools/apt.sh build-essential
	cd sdk/rust && $(CARGO) test --locked --quiet --no-default-features --no-run
	@mkdir -p $(@D) && touch $@

sdk/go/build/.done: sdk/generated/.done sdk/go/go.mod $(wildcard sdk/go/*.go sdk/samples/*.go)
	@command -v go >/dev/null || sh tests/tools/apt.sh golang-go
	@test -z "$$(gofmt -l sdk/go/*.go sdk/samples/*.go)" || { gofmt -d sdk/go/*.go sdk/samples/*.go; exit 1; }
	cd sdk/go && go vet ./...
	@mkdir -p $(@D) && touch $@

# The C compiler builds the crypto library. Only Rust must be installed beforehand.
system:
	@command -v $(CARGO) >/dev/null || { echo 'Rust is missing: see https://rustup.rs'; exit 1; }
	@command -v cc >/dev/null || sh tests/tools/apt.sh build-essential

clean: ## Remove all builds and installed tools
	$(CARGO) clean
	rm -rf .venv .venv-infra .venv-sdk .moto tests/web/node_modules sdk/*/build sdk/*/node_modules sdk/*/dist sdk/rust/target
	rm -rf sdk/generated sdk/*/generated sdk/*/src/generated sdk/*/logmark/generated
