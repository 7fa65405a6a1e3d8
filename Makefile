# The commands of this project, each as one would type it. Needs Python 3.11+ with venv, nothing else.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo test check lint lock clean

demo: .venv/installed  ## play the bundled news world through the real pipeline
	$(BIN)/news-monitor demo

test: .venv/installed-dev  ## run the tests
	$(BIN)/pytest -n auto

lint: .venv/installed-dev  ## style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test  ## everything that must hold before a commit

lock: .venv/installed-dev  ## renew the exact versions after a change in pyproject.toml
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-emit-index-url --no-header \
	  --all-extras --no-annotate pyproject.toml --output-file requirements.lock

.venv/installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint requirements.lock .
	touch $@

.venv/installed-dev: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint requirements.lock --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv dist build
