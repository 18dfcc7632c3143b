# Everything a stranger needs; each target stands on a fresh checkout.
PY := .venv/bin/python
export PYTHONPATH := $(CURDIR)
# Byte-code is kept even where the surroundings say otherwise: each of many processes would compile everything anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup run demo test check bench

setup: .venv/ready

.venv/ready: requirements-dev.lock setup.cfg pyproject.toml core/cli/assets.py
	python3 -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check uv
	.venv/bin/uv pip sync --quiet --python $(PY) --require-hashes --compile-bytecode requirements-dev.lock
	.venv/bin/uv pip install --quiet --python $(PY) --no-deps -e .
	$(PY) -m core.cli.assets
	$(PY) -c "from core.i18n import ROOT, compile_catalogues; compile_catalogues(ROOT / 'translations')"
	touch .venv/ready

run: setup
	.venv/bin/samverk run

demo: setup
	.venv/bin/samverk demo

# Three for two cores: a third of the time a test waits for a browser, a server or a deadline.
test: setup
	$(PY) -m pytest -q -n 3 --maxschedchunk 2

check: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/djlint --lint --quiet admin portal core/web/templates
	.venv/bin/samverk i18n check

bench: setup
	$(PY) -m core.cli.bench
