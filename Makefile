# Everything that a developer or a CI machine does with llmspell. `make` alone lists the targets.
# Needs Python 3.11 or later, and nothing else, but: test-integration needs Node.js 20.15 or later with npm.

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INTEGRATION := tests/integration
NODE_INSTALLED := $(INTEGRATION)/node_modules/.package-lock.json

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-integration lua-suite lint format coverage wasm check-wasm bench ci clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(INSTALLED) ## Install llmspell and its development tools into .venv

# The dependency group is read with tomllib, because `pip install --group` needs pip 25.1 and the pip that a fresh
# environment gets is often older.
$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "llmspell needs Python 3.11 or later; $(PYTHON) is %d.%d. Name another one: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"], sep="\n")' > $(VENV)/dev.txt
	$(BIN)/python -m pip install --quiet --editable . --requirement $(VENV)/dev.txt
	@touch $@

demo: setup ## Run configs/hello.toml, which needs no key and no network
	$(BIN)/llmspell run configs/hello.toml

test: setup ## Run the tests; ARGS goes to pytest, as in make test ARGS="-k limits"
	$(BIN)/python -m pytest $(ARGS)

test-integration: setup ## Run the tests against a model server that we did not write (needs npm)
	@if command -v npm >/dev/null && command -v node >/dev/null; then \
	  $(MAKE) -s --no-print-directory $(NODE_INSTALLED) && $(BIN)/python -m pytest -m integration $(INTEGRATION) $(ARGS); \
	elif [ "$${CI:-}" = true ]; then \
	  echo "test-integration needs Node.js 20.15 or later with npm, and CI does not skip it" >&2; exit 1; \
	else \
	  echo "skipped: test-integration needs Node.js 20.15 or later with npm"; \
	fi

$(NODE_INSTALLED): $(INTEGRATION)/package-lock.json
	cd $(INTEGRATION) && npm ci --no-progress
	@touch $@

lua-suite: setup ## Run Lua's own test suite inside the sandbox
	$(BIN)/python -m pytest tests/lua_suite $(ARGS)

lint: setup ## Check style, format and types
	@failed=0; for check in "ruff check" "ruff format --check" mypy; do \
	  echo "$(BIN)/$$check"; $(BIN)/$$check || failed=1; \
	done; exit $$failed

format: setup ## Put the source into the project's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

coverage: setup ## Run the tests and show which lines none of them reached
	$(BIN)/python -m pytest --cov --cov-report=term-missing:skip-covered $(ARGS)

wasm: setup ## Build wasm/lua.wasm from pinned sources
	PYTHON=$(abspath $(BIN)/python) wasm/build.sh $(abspath wasm/lua.wasm)
	cd wasm && sha256sum lua.wasm > lua.wasm.sha256

check-wasm: setup ## Build the sandbox again and compare it with the committed one, byte for byte
	@out=$$(mktemp -d) && trap 'rm -rf "$$out"' EXIT && \
	PYTHON=$(abspath $(BIN)/python) wasm/build.sh "$$out/lua.wasm" && \
	cmp wasm/lua.wasm "$$out/lua.wasm" && \
	(cd wasm && sha256sum --check --quiet lua.wasm.sha256) && \
	echo "wasm/lua.wasm is what its sources give"

bench: setup ## Measure start-up, calls, memory and CPU, and print a table
	$(BIN)/python -m bench $(ARGS)

ci: ## Do what must pass before a change lands
	bash .ci/run

clean: ## Remove what the other targets made
	rm -rf $(VENV) $(INTEGRATION)/node_modules build dist .coverage .coverage.* htmlcov \
	  .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
