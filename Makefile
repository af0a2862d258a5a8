# Needs make and Python 3.11 or newer, nothing else.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VENV := .venv
BIN := $(VENV)/bin
PROJECTS := $(addprefix ./,$(wildcard pyproject.toml libs/*/pyproject.toml services/*/pyproject.toml gateway/pyproject.toml))
PACKAGES := $(PROJECTS:%/pyproject.toml=%)
# The first that is new enough and really runs: a shim may have no version behind it.
PYTHON = $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

.PHONY: help install run test check contracts outages fuzz race bench chaos lock clean

help:  ## Show these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
		printf 'make %-8s %s\n' "$$name" "$$text"; done

install: $(VENV)/.installed  ## Create .venv with every locked package

$(VENV)/.installed: requirements.lock $(PROJECTS)
	@test -n "$(PYTHON)" || { echo 'Wardline needs Python 3.11 or newer; no python3 on PATH is.' >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo '$(PYTHON) cannot create a virtual environment; install its venv package (Debian: python3-venv).' >&2; exit 1; }
	@awk '/^[^ #]/ {uv = /^uv==/} uv' requirements.lock > $(VENV)/uv.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.lock
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes --requirement requirements.lock
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation $(PACKAGES:%=--editable %)
	@touch $@

run: install  ## Start the whole hospital on this machine (WARDLINE_PORT, default 8080)
	@$(BIN)/wardline run

test: check  ## Lint, types, import contracts, then every test on real Postgres and Kafka
	$(BIN)/pytest

check: install  ## The static part of make test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.contracts check

contracts: install  ## Write contracts/ and docs/events.md again from what the services declare
	@$(BIN)/python -m tools.contracts generate

outages: install  ## Take Kafka and each service away for three minutes (WARDLINE_OUTAGE_SECONDS)
	@WARDLINE_OUTAGE_SECONDS=$${WARDLINE_OUTAGE_SECONDS:-180} $(BIN)/pytest tests/outages

bench: install  ## Measure the hot paths on an embedded stack
	@$(BIN)/python -m tools.bench

chaos: install  ## Kill a hospital at every fail point, then 60 times at random (WARDLINE_CHAOS_SEED, …_KILLS)
	WARDLINE_EVERY_FAILPOINT=1 WARDLINE_CHAOS_KILLS=$${WARDLINE_CHAOS_KILLS:-60} \
		WARDLINE_CHAOS_HISTORY=$${WARDLINE_CHAOS_HISTORY:-chaos-history.jsonl} \
		$(BIN)/pytest --capture=no tests/failpoints tests/chaos

race: install  ## Let twenty coordinators place forty patients for two minutes (WARDLINE_RACE_SEED, …_SECONDS)
	WARDLINE_RACE_SECONDS=$${WARDLINE_RACE_SECONDS:-120} $(BIN)/pytest --capture=no tests/coordinators

fuzz: install  ## Send made-up requests as every role for some minutes (WARDLINE_FUZZ_SEED, WARDLINE_FUZZ_EXAMPLES)
	@export WARDLINE_FUZZ_SEED=$${WARDLINE_FUZZ_SEED:-$$RANDOM} WARDLINE_FUZZ_EXAMPLES=$${WARDLINE_FUZZ_EXAMPLES:-20}; \
		echo "seed $$WARDLINE_FUZZ_SEED"; $(BIN)/pytest tests/bad_requests/test_any_request.py

lock: install  ## Resolve pyproject.toml again into requirements.lock
	@UV_CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --all-extras --upgrade pyproject.toml --output-file requirements.lock
	@$(BIN)/python -c "from common.embedded.jars import lock; lock()"

clean:  ## Remove the data of make run
	@test ! -d .stack || $(BIN)/wardline clean
