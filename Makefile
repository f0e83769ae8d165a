# Each target sets up what it needs, so that a fresh clone can call any of them first.
# ARGS="…" passes flags on: make start ARGS=--detach, make test ARGS="-k settings".

python := .venv/bin/python
cloudling := .venv/bin/cloudling
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup start stop test check wire bench conformance docs release lock

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

# One stamp a lock: the environment is made again when the lock or the package's own data changed.
.venv/.%.stamp: %.lock pyproject.toml tools/environment.sh
	@tools/environment.sh $<
	@touch $@

run := .venv/.requirements.stamp
tests := .venv/.requirements-test.stamp
develop := .venv/.requirements-dev.stamp
clients := .venv/.requirements-wire.stamp

setup: $(run) ## Create .venv and install Cloudling into it (leaves .venv/bin/cloudling)

start: $(run) ## Start Cloudling in the foreground (in the background: ARGS=--detach)
	@$(cloudling) start $(ARGS)

stop: $(run) ## Stop the Cloudling that runs in the background
	@$(cloudling) stop $(ARGS)

test: $(tests) ## Run all tests of the default suite on two processes
	@$(python) -m pytest -n 2 $(ARGS)

check: $(develop) ## Check style, types, import contracts and the survey (seconds)
	@if [ -f tools/gen_types.py ]; then $(python) tools/gen_types.py; fi
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .
	@$(python) -m mypy src/cloudling
	@.venv/bin/lint-imports
	@$(python) tools/survey.py
	@$(python) tools/docs.py

wire: $(clients) ## Run the tests of real clients, the large ones included
	@CLOUDLING_TEST_CLIENTS=all $(python) -m pytest -n 2 $(wildcard tests/wire tests/services/*/test_wire*.py) $(ARGS)

bench: $(tests) ## Measure Cloudling beside its peers and write docs/benchmarks.md
	@$(python) -m benchmarks $(ARGS)

conformance: $(tests) ## Run others' test suites that are fetched, and record the scores in docs/conformance.md
	@$(python) -m conformance $(ARGS)

docs: $(tests) ## Write the generated pages and tables of docs/, then check every link
	@$(python) tools/survey.py --write
	@$(python) tools/docs.py

release: $(develop) ## Assemble CHANGELOG.md and build the wheel and the source archive in dist/
	@$(python) -m towncrier build --yes
	@rm -rf dist
	@$(python) -m hatchling build

# The newest versions that are a week old or older; botocore as pyproject.toml pins it.
lock: ## Write the hashed locks anew (needs uv)
	@tools/lock.sh
