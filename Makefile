# Tradepost. Every target sets up what it needs; nothing is installed outside this folder, but for the browser of
# `make test-slow` (by apt, as root on Debian) and, as root, the database in /var/lib/tradepost.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules
# A setting of the person's shell that would reach into our environment, or send pip elsewhere than into it.
unexport PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX
export PIP_USER := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1

BIN := .venv/bin
PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13; do \
	if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$name; break; fi; done)
JOBS ?= 2
# More arguments for the program a target starts: make run ARGS="--port-base 9000"
ARGS ?=
COMPILE = $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --python-version 3.11
say = @echo "== $(1)"

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: .venv/.tradepost var/assets/.fetched ## prepare everything: .venv, locked dependencies, front-end files

run: setup ## start the whole house; prints addresses and sign-ins (ARGS="--port-base 9000", --free-ports)
	@exec $(BIN)/python -m tradepost.server run $(ARGS)

demo: setup ## tell the main story by itself in two minutes (KEEP=1 leaves it up to click through)
	@exec $(BIN)/python -m tradepost.server demo $(if $(filter-out 0,$(KEEP)),--keep) $(ARGS)

stop: ## end a database that was started by hand or outlived its owner
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m tradepost.server.postgres stop; \
	$(BIN)/python -m tradepost.server.postgres stop --test; fi

lint: setup ## look at style, types and directions of imports
	$(call say,Style)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { $(BIN)/ruff format --check .; exit 1; }
	$(call say,Types)
	@$(BIN)/mypy
	$(call say,Directions of imports)
	@$(BIN)/lint-imports --no-logo

test: lint ## lint and the quick tests, against the real database
	$(call say,Tests)
	@$(BIN)/pytest -n $(JOBS) -m "not slow" $(ARGS)

test-slow: setup ## the browser and the long simulation
	$(call say,Browser)
	@$(BIN)/python -m tradepost.testing.chromium
	$(call say,Slow tests)
	@$(BIN)/pytest -m slow --durations=10 $(ARGS)

check: test test-slow ## everything that CI runs

bench: setup ## measure the hot paths
	@for file in src/tradepost/testing/bench_*.py; do [ -e $$file ] || { echo "Nothing to measure yet."; break; }; \
	echo "$$file"; $(BIN)/python $$file $(ARGS); done

docs: setup ## draw the pages of docs/ that are made from code
	@$(BIN)/python -m tradepost.testing.draw

format: setup ## put the code into the house's shape
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

lock: setup ## choose newer dependencies and pin them by hash
	$(call say,Locking)
	@$(COMPILE) requirements/runtime.in requirements/development.in -o requirements.lock
	@$(COMPILE) requirements/node.in -o requirements/node.lock

clean: stop ## remove what set-up, runs and tests have made (the database of `make run`, too)
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m tradepost.server.places; fi
	@rm -rf .venv var .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache dist
	@find src tests requirements -name __pycache__ -type d -prune -exec rm -rf {} +

sim: setup ## play the simulation once (SEED=7 ARGS="--sites 200 --days 60")
	@$(BIN)/python -m tradepost.testing.simulation --seed $(or $(SEED),7) $(ARGS)

.PHONY: help setup run demo sim stop lint test test-slow check bench docs format lock clean

.venv/.made:
	@if [ -z "$(PYTHON)" ]; then echo "Tradepost needs Python 3.11 or newer: none is on the PATH." >&2; exit 1; fi
	$(call say,Making .venv with $(PYTHON))
	@$(PYTHON) -m venv --clear .venv || { echo "$(PYTHON) cannot make an environment. On Debian and Ubuntu:" \
	"apt-get install python3-venv" >&2; rm -rf .venv; exit 1; }
	@touch $@

.venv/.locked: requirements.lock .venv/.made
	$(call say,Installing the locked dependencies (half a minute; longer the first time))
	@$(BIN)/python -m pip install --progress-bar off --quiet --require-hashes -r requirements.lock
	@touch $@

.venv/.tradepost: pyproject.toml requirements/runtime.in requirements/read_runtime.py .venv/.locked
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

var/assets/.fetched: package.json package-lock.json src/tradepost/server/setup.py | .venv/.tradepost
	$(call say,Fetching the front-end files)
	@$(BIN)/python -m tradepost.server.setup
	@touch $@
