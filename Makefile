# `make` alone prints this help. Everything happens in .venv, which make creates by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TESTS ?= tests
WORKERS ?= 2
PORT ?= 8080

.DEFAULT_GOAL := help
.PHONY: help setup run test check static fmt lint types contracts bench golden docs screenshot lock wheel clean

help:  ## print this help
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.runs  ## start Tocsin with a small demo organisation (PORT=8081 if 8080 is taken)
	@$(BIN)/tocsin demo --port $(PORT)

test: $(VENV)/.develops  ## run the test suite
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -q $(TESTS)

check: test static  ## everything CI runs, in the same order

static: fmt-check lint types contracts  ## what can be said without running the tests

setup: $(VENV)/.develops  ## create .venv with everything a developer needs

fmt: $(VENV)/.develops  ## format the code
	@$(BIN)/ruff format src tests
	@$(BIN)/ruff check --fix-only -q src tests

.PHONY: fmt-check
fmt-check: $(VENV)/.develops
	@$(BIN)/ruff format --check -q src tests

lint: $(VENV)/.develops  ## look for mistakes
	@$(BIN)/ruff check -q src tests

types: $(VENV)/.develops  ## check the types
	@TOCSIN_DATA=build/types $(BIN)/mypy

contracts: $(VENV)/.develops  ## check that imports run backward in time
	@$(BIN)/lint-imports --no-cache

bench: $(VENV)/.develops  ## measure, and print a table
	@$(BIN)/python -m tests.bench $(ROWS)

golden: $(VENV)/.develops  ## write the golden files anew; review them as a diff
	@TOCSIN_GOLDEN=1 $(BIN)/python -m pytest -q tests/sources tests/channels

docs: $(VENV)/.develops  ## write the generated pages of docs/reference anew
	@$(BIN)/python -m tests.docs.generate

screenshot: $(VENV)/.develops  ## take the picture of the README anew
	@$(BIN)/python -m pytest -q tests/browser/test_looks.py -k "group-desk-light"
	@cp artefacts/screenshots/group-desk-light.png docs/images/group.png

lock: $(VENV)/.develops  ## resolve the dependencies anew (maintainers)
	@$(BIN)/python -m pip install -q uv
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --extra postgres --group build pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --extra postgres --group dev pyproject.toml -o requirements-dev.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --group pyproject.toml:oidc -o requirements-oidc.lock

wheel: $(VENV)/.runs  ## build a wheel into dist/
	@$(BIN)/python -m pip wheel -q --no-deps --no-build-isolation -w dist .

clean:  ## remove .venv and whatever was built
	@rm -rf $(VENV) .venv-oidc build dist

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tocsin needs Python 3.11 or newer; say which with: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/.runs: $(VENV)/bin/python requirements.lock pyproject.toml
	@echo "Installing what Tocsin needs into $(VENV) …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.develops: $(VENV)/bin/python requirements-dev.lock pyproject.toml
	@echo "Installing what developing Tocsin needs into $(VENV) …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.runs
