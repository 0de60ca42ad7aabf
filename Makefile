# Two commands on a fresh machine with Python 3.11 or later: `make run` opens the app, `make test` runs the tests.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Copies instead of hard links: nltk, which LlamaIndex needs, refuses linked data files.
PIP_INSTALL := UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet

.PHONY: run test check bench lock vectors format clean

run: $(VENV)/.ready
	$(BIN)/atlas ui --open

test: $(VENV)/.ready-dev
	$(BIN)/atlas model pull qwen2.5-coder-0.5b
	$(BIN)/pytest

check: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/atlas notes check
	$(BIN)/python -m knowledge.ready --check

bench: $(VENV)/.ready-dev
	$(BIN)/python -m benchmarks.budgets

# The locks name no index and no host, so that everyone's own one serves.
lock: $(VENV)/.uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group dev pyproject.toml -c requirements.lock -o requirements-dev.lock

vectors: $(VENV)/.ready
	$(BIN)/python -m knowledge.ready

format: $(VENV)/.ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) dist .pytest_cache .ruff_cache .hypothesis

$(VENV)/.uv: requirements-uv.lock
	@$(PYTHON) -c 'import sys; sys.exit("LLM Atlas needs Python 3.11 to 3.13, this is " + sys.version.split()[0] if not (3, 11) <= sys.version_info < (3, 14) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@

$(VENV)/.ready: $(VENV)/.uv requirements.lock pyproject.toml
	$(PIP_INSTALL) --require-hashes -r requirements.lock
	$(PIP_INSTALL) --no-deps --editable .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@
