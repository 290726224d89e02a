# Everything a bare machine needs is done by the targets themselves (Python 3.11, a C compiler, Debian or macOS).
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
STAMPS := .stamps

.PHONY: setup setup-dev demo replay test lint types walls suite bench lock clean serve

$(BIN)/python:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip

$(STAMPS)/run: requirements.lock pyproject.toml requirements.in | $(BIN)/python
	$(BIN)/pip install --quiet -r requirements.lock
	$(BIN)/pip install --quiet --no-deps -e .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: requirements-dev.lock $(STAMPS)/run
	$(BIN)/pip install --quiet -r requirements-dev.lock
	@touch $@

setup: $(STAMPS)/run          ## environment, front end, Chinese catalogues; cheap to repeat
	scripts/frontend
	$(BIN)/python scripts/messages.py

setup-dev: setup $(STAMPS)/dev
	scripts/packages

demo: setup                   ## eleven days in a few minutes, in the browser
	$(BIN)/qipan demo

replay: setup                 ## the same without a browser, with a report
	$(BIN)/qipan replay --city 5101 --scale 0.01 --rounds 3 --headless --report report.json

serve: setup                  ## the site on this machine's own database
	$(BIN)/qipan migrate
	$(BIN)/qipan work & trap "kill $$!" EXIT; $(BIN)/granian --interface wsgi --host 127.0.0.1 --port 8000 --blocking-threads 16 qipan.config.wsgi:application

lint:
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types:
	$(BIN)/mypy

walls:
	$(BIN)/lint-imports
	$(BIN)/qipan makemigrations --check --dry-run
	$(BIN)/qipan check

suite:
	scripts/suite

test: setup-dev lint types walls suite   ## all checks: lint, types, walls, migrations, both databases, browser

bench: setup-dev              ## prints a table, writes bench/latest.json
	$(BIN)/python -m bench

lock:                         ## pins the dependencies anew
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --no-emit-index-url --universal --python-version 3.11 requirements.in -o requirements.lock
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --no-emit-index-url --universal --python-version 3.11 requirements-dev.in -o requirements-dev.lock

clean:
	rm -rf .venv $(STAMPS) .cache frontend/node_modules src/qipan/webkit/static/built
