# Two commands: `make demo` and `make test`. Both install what is missing on Debian or
# Ubuntu (a Rust toolchain is assumed), and neither needs to be run twice.
#
# Everything is compiled in the release profile, so that RocksDB, by far the largest
# part, is compiled once for the demo, the lints, the tests and the benchmarks.

# Outside the clone: a fresh clone reuses what the last one compiled.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/stele/target
STELE := $(CARGO_TARGET_DIR)/release/stele
VENV := $(HOME)/.cache/stele/venv
CARGO := cargo
# The same packages everywhere, always with the features of development dependencies
# (hence the test in `build`): another selection could change a feature that RocksDB's
# build shares, and compile it a second time.
SELECT := --release --workspace --locked

.PHONY: help demo test lint tidy unit blackbox bench conformance fuzz deny build clients need-build need-test need-bench

help:
	@echo "make demo   build Stele, start a demo node with a small shop, show what to paste"
	@echo "make test   everything CI runs: format, lints, tidy, unit, property and black-box tests"
	@echo "make bench  the ratios to redis-server, PostgreSQL, nats-server and tantivy on this machine"
	@echo "make lint | tidy | unit | blackbox | deny   one part of the above"
	@echo "make fuzz | conformance   longer checks; docs/checks.md says which"

demo:
	@echo "make demo: installs compilers and the psql and redis-cli clients where missing, builds Stele"
	@echo "(up to 25 minutes the first time on 2 cores, seconds later), then starts a demo node"
	@echo "in a temporary folder on free ports. Ctrl-C stops it and removes the folder."
	@$(MAKE) --no-print-directory need-build build
	@$(STELE) demo

test:
	@echo "make test: format, lints, house rules, unit and property tests, then black-box tests of the"
	@echo "release binary with real clients. Up to 60 minutes the first time on 2 cores (25 of them"
	@echo "compile the dependencies, RocksDB above all), about 15 later. Installs the clients it needs."
	@$(MAKE) --no-print-directory need-build need-test
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory blackbox
	@$(MAKE) --no-print-directory deny-if-present

need-build:
	@.ci/need cc=gcc g++=g++ libclang=libclang-dev psql=postgresql-client redis-cli=redis-tools curl=curl

need-test:
	@.ci/need python3=python3 venv=python3-venv pgbench=postgresql redis-benchmark=redis-tools

need-bench: need-test
	@.ci/need redis-server=redis-server

build:
	@$(CARGO) build $(SELECT) --bin stele --test tidy --example raw

# Formatting and clippy; warnings of clippy are errors here, not while you work.
lint:
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy $(SELECT) --all-targets -- -D warnings

# The rules no tool knows. Compiles in seconds: it depends on nothing.
tidy:
	@$(CARGO) test --locked -p stele-tidy

# Everything but the black-box tests; tidy is one of them.
unit:
	@$(CARGO) test $(SELECT) --tests -- --skip blackbox::
	@$(CARGO) test $(SELECT) --doc

# The binary over sockets: psql, redis-cli, psycopg, redis-py, tokio-postgres, redis-rs.
blackbox: build clients
	@BLACKBOX_PYTHON=$(VENV)/bin/python $(CARGO) test $(SELECT) --test blackbox -- --test-threads=2

clients: $(VENV)/.ready

$(VENV)/.ready: tests/clients/requirements.txt
	@echo "installing the Python clients into $(VENV)"
	@python3 -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

bench: need-build need-bench build $(VENV)/.bench-ready
	@echo "make bench: five alternating runs against redis-server, PostgreSQL, nats-server and tantivy;"
	@echo "about fifteen minutes on an idle machine. Durability is the same on both sides, and stated."
	@python3 tests/bench/redis_ratio.py $(STELE)
	@python3 tests/bench/postgres_ratio.py $(STELE)
	@$(CARGO) build $(SELECT) --example load
	@python3 tests/bench/nats_ratio.py $(STELE) $(CARGO_TARGET_DIR)/release/examples/load $(VENV)/bin/nats-server
	@python3 tests/bench/footprint.py $(STELE)
	@python3 tests/bench/search_ratio.py $(STELE) $(dir $(STELE))examples/raw 3

$(VENV)/.bench-ready: tests/bench/requirements.txt $(VENV)/.ready
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# The originals' own suites, from checkouts you have: make conformance REDIS=dir SLT=dir NATS=dir
conformance: need-build need-bench build clients
	@if [ -n "$(REDIS)" ]; then .ci/need tclsh=tcl && python3 tests/conformance/redis_suite.py $(STELE) $(REDIS); fi
	@if [ -n "$(SLT)" ]; then $(VENV)/bin/python tests/conformance/sqllogictest.py $(STELE) $(SLT); fi
	@if [ -n "$(NATS)" ]; then python3 tests/conformance/nats_suite.py $(STELE) $(NATS); fi

# Compiles everything once more, with a sanitizer, in a folder of its own. The sanitizer's
# flags are a nightly compiler's; RUSTC_BOOTSTRAP lets the stable one take them.
fuzz: need-build
	@echo "make fuzz: every fuzz target for five minutes, after a build of about ten on an idle machine."
	@command -v cargo-fuzz >/dev/null || $(CARGO) install --locked cargo-fuzz
	@for target in redis_scanner op_decoder postgres_startup; do \
		RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run --fuzz-dir tests/fuzz --target-dir $(CARGO_TARGET_DIR)/fuzz \
			$$target -- -max_total_time=300 || exit 1; done

# Compiling cargo-deny takes minutes, so `make test` runs it only where it is installed.
deny:
	@command -v cargo-deny >/dev/null || $(CARGO) install --locked cargo-deny
	@$(CARGO) deny --config config/deny.toml check bans licenses sources

.PHONY: deny-if-present
deny-if-present:
	@if command -v cargo-deny >/dev/null; then $(MAKE) --no-print-directory deny; \
	else echo "cargo-deny is not installed: 'make deny' installs and runs it"; fi
