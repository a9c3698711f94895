# demo: the whole pipeline on the demo library; test: the test suite, without the end-to-end tests that
# test-slow runs; check: everything a reviewer would run; serve: the Dagster UI and daemon on the demo
# home; docs: the docs site, in build/docs/site. Each makes .venv when it is missing.
PYTHON ?= python3
# A pip index with CPU-only builds of torch and torchvision; empty = the standard (CUDA) build.
TORCH_INDEX ?=
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal
HOME_FOLDER ?= $(or $(INSIGHT_HOME),.insight)
DEMO_FLAGS ?=

.PHONY: demo test test-slow check lint lint-style lint-types lint-imports lint-javascript serve docs clean

demo: .venv/installed
	$(BIN)/insight demo --home "$(HOME_FOLDER)" $(DEMO_FLAGS)

test: .venv/installed
	$(PYTEST) -m "not slow"

# End-to-end tests of half a minute or more each.
test-slow: .venv/installed
	$(PYTEST) -m slow

# .pre-commit-config.yaml runs the same four.
lint: lint-style lint-types lint-imports lint-javascript

lint-style: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

lint-types: .venv/installed
	$(BIN)/mypy

lint-imports: .venv/installed
	$(BIN)/lint-imports

# The report's JavaScript and CSS: format, lint and types. Users need neither node nor npm.
ifeq ($(shell command -v npm),)
lint-javascript:
	@echo "lint-javascript: skipped, npm is not installed (Node.js 20 or newer is needed)"
else
lint-javascript: node_modules/.installed
	npm run --silent lint
endif

check: lint test test-slow docs

serve: .venv/installed
	$(BIN)/insight serve --home "$(HOME_FOLDER)"

docs: .venv/docs-installed
	$(BIN)/python -m docs.generate build/docs/source
	$(BIN)/zensical build --strict --clean

.venv/docs-installed: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[docs]'
	touch $@

node_modules/.installed: package.json .npmrc
	npm install --loglevel=error
	touch $@

.venv/installed: pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, e.g. make PYTHON=python3.11 demo")'
	$(PYTHON) -m venv .venv
	$(if $(TORCH_INDEX),$(BIN)/python -m pip install --quiet --index-url "$(TORCH_INDEX)" -c requirements.lock torch torchvision)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'
	touch $@

clean:
	rm -rf .venv node_modules .insight .cache build/docs *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
