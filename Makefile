# Python 3.11 or 3.12 and make are all that is needed: every target sets up the rest by itself.
SHELL := /bin/sh
BIN := .venv/bin
NETWORK ?= test
JOBS ?= 2
ARGS ?=

# The first Python that fits.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(shell for p in python3 python3.12 python3.11 python; do \
	"$$p" -c '$(FITS)' >/dev/null 2>&1 && { command -v "$$p"; exit; }; done)

# `make demo NETWORK=anvil` reads better than ape's name for the same thing.
ifeq ($(NETWORK),anvil)
CHAIN := ethereum:local:foundry
else ifeq ($(NETWORK),test)
CHAIN := ethereum:local:test
else
CHAIN := $(NETWORK)
endif

# What a test takes from ape's own compilation, made once before the workers would each make it. All other tests deploy
# the packaged artifacts, which `artifacts-check` holds against a fresh compilation.
APE_COMPILED := $(BIN)/ape compile -v WARNING contracts/mocks/RevertKinds.sol

# Whole files, so that what a module deploys is deployed once; the longest first, see tests/conftest.py.
WORKERS := -n $(JOBS) --dist loadfile --no-loadscope-reorder

PYTHON_CODE := $(wildcard src scripts tools tests ape_console_extras.py)
TYPED_CODE := $(wildcard src scripts tools)

.PHONY: help setup demo test test-slow test-anvil quick durations check check-static bench console devnet nightly fmt artifacts artifacts-check lint types slither \
	search prove mutants wheel coverage clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## Install everything into .venv and node_modules (done by the other targets too)
	@if [ -z "$(PYTHON)" ]; then \
		echo "Set-up stopped: Python 3.11 or 3.12 is needed; found $$(python3 --version 2>/dev/null || echo none)." \
			"Install python3.12, or name one: make PYTHON=/path/to/python3.12 setup" >&2; exit 1; fi
	@"$(PYTHON)" tools/bootstrap.py

demo: setup ## Channels, a rollup, a plasma chain, from the first deposit to the last exit (NETWORK=anvil for a real node)
	@$(BIN)/ape run demo --network $(CHAIN) $(ARGS)

test: setup ## The quick part of the test suite, every family from unit to chain, in minutes (ARGS="-k name")
	$(BIN)/ape test $(WORKERS) -m "not slow and (not anvil or network)" --network ethereum:local:test $(ARGS)

test-slow: setup ## Its slow part: modules that take over four seconds
	@$(APE_COMPILED)
	$(BIN)/ape test $(WORKERS) -m "slow and (not anvil or network)" --network ethereum:local:test $(ARGS)

test-anvil: setup ## The tests marked `anvil`, on real nodes
	@$(APE_COMPILED)
	$(BIN)/ape test $(WORKERS) -m anvil --network ethereum:local:foundry $(ARGS)

quick: setup ## Style and unit tests, in half a minute: the inner loop
	$(BIN)/ruff check --quiet $(PYTHON_CODE)
	HYPOTHESIS_PROFILE=quick $(BIN)/python -m pytest -p no:ape_test -q $(WORKERS) -m "not slow and not anvil" tests/unit $(ARGS)

durations: setup ## Measure how long each test module takes: order and selection of the suite follow from it
	@$(APE_COMPILED)
	$(BIN)/ape test $(WORKERS) -m "not anvil or network" --network ethereum:local:test --junitxml=.build/test.xml
	$(BIN)/ape test $(WORKERS) -m anvil --network ethereum:local:foundry --junitxml=.build/anvil.xml
	$(BIN)/python tools/suite_durations.py test .build/test.xml
	$(BIN)/python tools/suite_durations.py anvil .build/anvil.xml

check: setup ## Everything CI checks
	@$(MAKE) --no-print-directory -j $(JOBS) JOBS=1 check-static
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory test-slow
	@$(MAKE) --no-print-directory test-anvil

# Each of these on a core of its own: the longest first.
check-static: prove artifacts-check search slither types lint

search: setup ## All plays of the honest against anybody, in the pure models (ARGS="channels --bound large")
	$(BIN)/python -m layer2.testing.search --jobs $(JOBS) $(ARGS)

prove: setup ## Symbolic proofs of the money functions on the packaged bytecode (ARGS="HubLocksTest")
	$(BIN)/python tools/run_proofs.py --jobs $(JOBS) $(ARGS)

mutants: setup ## Every listed mutation must be noticed by a test (ARGS="--only hub- --shard 1/4")
	$(BIN)/python tools/run_mutants.py --jobs $(JOBS) $(ARGS)

wheel: setup ## Build the wheel and try it in fresh environments (ARGS="--python 3.12 --extra rollup")
	$(BIN)/python tools/check_wheel.py $(ARGS)

coverage: setup ## The whole suite with the lines that it runs, by package, each with a floor
	rm -rf .build/coverage && mkdir -p .build/coverage
	@$(APE_COMPILED)
	$(BIN)/coverage run $(BIN)/ape test $(WORKERS) -m "not anvil or network" --network ethereum:local:test $(ARGS)
	$(BIN)/coverage run $(BIN)/ape test $(WORKERS) -m anvil --network ethereum:local:foundry $(ARGS)
	$(BIN)/python tools/coverage_report.py

bench: setup ## Gas and rates, printed beside their anchors (NETWORK=anvil for a real node)
	@$(BIN)/layer2 bench gas channels --network $(NETWORK) $(ARGS)
	@$(BIN)/layer2 bench rate channels $(ARGS)
	@$(BIN)/layer2 bench gas rollup $(ARGS)
	@$(BIN)/layer2 bench rate rollup $(ARGS)
	@$(BIN)/layer2 bench gas plasma $(ARGS)
	@$(BIN)/layer2 bench rate plasma $(ARGS)

console: setup ## Ape console with the families, roles and units loaded
	@$(BIN)/ape console --network $(CHAIN) $(ARGS)

devnet: setup ## A local chain with the contracts deployed, until Ctrl-C
	@$(BIN)/ape run devnet --network ethereum:local:foundry $(ARGS)

nightly: setup ## The suite with long campaigns, the large searches, all proofs, all mutations
	$(BIN)/ape compile -v WARNING
	HYPOTHESIS_PROFILE=nightly $(MAKE) test test-slow test-anvil
	$(MAKE) search ARGS="--bound large"
	$(MAKE) prove
	$(MAKE) mutants

fmt: setup ## Format Python and Solidity
	$(BIN)/ruff check --fix --quiet $(PYTHON_CODE) || true
	$(BIN)/ruff format $(PYTHON_CODE)
	$(BIN)/forge fmt
	$(BIN)/forge fmt proofs/*.sol

artifacts: setup ## Compile the contracts that changed into the packaged manifests (ARGS="RootChain", ARGS=--all)
	$(BIN)/python tools/compile_artifacts.py $(ARGS)
	$(BIN)/python tools/generate_bindings.py

artifacts-check: setup
	$(BIN)/python tools/compile_artifacts.py --check

lint: setup ## ruff, solhint, forge fmt, spelling, prose, names and links, and whether bindings and mutations fit the code
	$(BIN)/ruff check $(PYTHON_CODE)
	$(BIN)/ruff format --check $(PYTHON_CODE)
	$(BIN)/python tools/run_solhint.py
	$(BIN)/forge fmt --check
	$(BIN)/forge fmt --check proofs/*.sol
	$(BIN)/python tools/generate_bindings.py --check
	$(BIN)/python tools/run_mutants.py --check
	$(BIN)/python tools/check_prose.py
	$(BIN)/python tools/check_links.py
	git ls-files -z | xargs -0 $(BIN)/codespell

types: setup ## mypy, strict
	$(BIN)/mypy $(TYPED_CODE)

slither: setup ## Static analysis of the contracts
	$(BIN)/python tools/run_slither.py

clean: ## Remove build results (not .venv and node_modules)
	rm -rf .build out cache dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
