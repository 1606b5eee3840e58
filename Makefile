# Everything a person or CI does with this program. `make help` lists it.
# Needs Python 3.11 or newer and make; no root, no services.

.DEFAULT_GOAL := help
.PHONY: help setup run test test-sqlite test-servers check bench lock messages clean
SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
RUNTIME := $(VENV)/runtime.stamp
DEV := $(VENV)/dev.stamp
INSTALL := $(PY) -m pip install --disable-pip-version-check --progress-bar on --require-hashes
COMPILE := $(VENV)/bin/uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
JOBS ?= 2

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

setup: $(RUNTIME) ## virtual environment and the locked dependencies

run: $(RUNTIME) ## start everything; PORT=8001, DATA_DIR=…, NO_DEMO=1 change it
	@exec $(PY) manage.py up

test: test-sqlite test-servers ## all tests on SQLite, then on PostgreSQL and Redis

test-sqlite: $(DEV)
	$(PY) -m pytest -n $(JOBS) $(PYTEST_ARGS)

test-servers: $(DEV)
	$(PY) -m tests.servers -- $(PY) -m pytest -n $(JOBS) -m "not browser and not embedded" $(PYTEST_ARGS)

check: $(DEV) ## format, lint, types, import contracts, migrations, deployment settings
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	DJANGO_SETTINGS_MODULE=config.settings_test $(PY) manage.py makemigrations --check --dry-run
	DEBUG=false BASE_URL=https://trial.example.org ALLOWED_HOSTS=trial.example.org \
	SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))')" \
	$(PY) manage.py check --deploy --fail-level WARNING

bench: $(DEV) ## run every file in benchmarks/
	@if ls benchmarks/*.py >/dev/null 2>&1; \
	then for file in benchmarks/*.py; do echo "== $$file"; $(PY) "$$file" || exit 1; done; \
	else echo "There are no benchmarks yet: put them into benchmarks/*.py."; fi

lock: $(DEV) ## resolve the dependencies of pyproject.toml anew
	$(COMPILE) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) pyproject.toml --group dev -c requirements/runtime.txt -o requirements/dev.txt

messages: $(RUNTIME) ## collect and compile translations (needs GNU gettext)
	@command -v msgfmt >/dev/null || { echo "GNU gettext is missing: install it (Debian/Ubuntu: apt-get install gettext)."; exit 1; }
	DJANGO_SETTINGS_MODULE=config.settings_test $(PY) manage.py makemessages -l zh_Hans --no-obsolete --no-location --no-wrap --ignore $(VENV) --ignore build
	DJANGO_SETTINGS_MODULE=config.settings_test $(PY) manage.py compilemessages --ignore $(VENV)

clean: ## remove the virtual environment and what tools left; the data stay
	rm -rf $(VENV) build staticfiles .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './data/*' -prune -exec rm -rf {} +

# PYTHON=… chooses another interpreter. A candidate must run: a name may be a version manager's shim.
$(PY):
	@for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python); do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  echo "Making $(VENV) with $$python ($$("$$python" -V))"; \
	  "$$python" -m venv $(VENV) >$(VENV).log 2>&1 && rm -f $(VENV).log && exit 0; \
	  rm -rf $(VENV) $(VENV).log; \
	  echo "$$python cannot make a virtual environment: install its venv module (Debian/Ubuntu: apt-get install python3-venv) or choose another with PYTHON=…"; \
	  exit 1; \
	done; \
	echo "Python 3.11 or newer is needed and was not found: install it, or name it with PYTHON=/path/to/python."; \
	exit 1

$(RUNTIME): requirements/runtime.txt | $(PY)
	@echo "Installing what the program needs (once; about a minute) …"
	@$(INSTALL) -r $<
	@touch $@

$(DEV): requirements/dev.txt $(RUNTIME)
	@echo "Installing what the tests need (once) …"
	@$(INSTALL) -r $<
	@touch $@
