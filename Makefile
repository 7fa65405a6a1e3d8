# The commands of this project, each as one would type it. Needs Python 3.11+ with venv, nothing else.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo test campaign check lint man release-check lock clean

demo: .venv/installed  ## play the bundled news world through the real pipeline
	$(BIN)/news-monitor demo

test: .venv/installed-dev  ## run the tests
	$(BIN)/pytest -n auto

lint: .venv/installed-dev  ## style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

man: .venv/installed-dev  ## the man page, made of what --help says
	$(BIN)/python -m docs.manual share/man/man1/news-monitor.1

release-check: man  ## build the release, and try it where the repository is not
	.ci/release-check $(PYTHON)

campaign: .venv/installed-dev  ## what breaks in the field, tried on the running program: some minutes
	$(BIN)/pytest -n auto -m campaign

check: lint test  ## everything that must hold before a commit

lock: .venv/installed-dev  ## renew the exact versions after a change in pyproject.toml
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-emit-index-url --no-header \
	  --all-extras --no-annotate pyproject.toml --output-file requirements.lock

.venv/installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -qq --constraint requirements.lock .
	touch $@

.venv/installed-dev: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -qq --constraint requirements.lock --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv dist build share
