# make report   install, then compare the outlets of the seed articles: report.html
# make test     install, then run the tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MODEL ?= best

.PHONY: help setup setup-dev report test lint bench clean

help:
	@sed -n 's/^# make/make/p' Makefile

# A stamp says that the environment is as pyproject.toml and constraints.txt want it.
$(VENV)/.core: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "stance needs Python 3.11 to 3.13: install it, or name it: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "stance needs Python 3.11 to 3.13; this is $$($(PYTHON) --version): name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "this Python has no venv module: on Debian or Ubuntu, apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

setup: $(VENV)/.core

setup-dev: $(VENV)/.dev

report: $(VENV)/.core
	$(BIN)/stance compare seeds/articles --model $(MODEL) -o report.html --json comparison.json

# A worker for each core, and one thread for each worker: trainings that share cores stand in each other's way.
test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# STANCE_BENCHMARKS and STANCE_SEEDS name folders of data that is not ours to pass on.
bench: $(VENV)/.dev
	$(BIN)/python benchmarks/splitting.py
	$(BIN)/python benchmarks/repair.py
	$(BIN)/python benchmarks/intervals.py
	$(BIN)/python benchmarks/permutation.py
	$(BIN)/python benchmarks/agreement.py
	$(BIN)/python benchmarks/sampling.py
	$(BIN)/python benchmarks/doubts.py
	$(BIN)/python benchmarks/corpus.py
	$(BIN)/python benchmarks/readme_tables.py
	$(BIN)/python benchmarks/ladder.py
	$(BIN)/python benchmarks/variants.py --cache build/variants
	$(BIN)/python benchmarks/prevalence.py
	$(BIN)/python benchmarks/planted.py
	$(BIN)/python -m benchmarks.attenuation
	$(BIN)/python -m benchmarks.effects
	$(BIN)/python benchmarks/claims.py
	$(BIN)/python benchmarks/claim_cells.py
	$(BIN)/python benchmarks/left_out.py
	$(BIN)/python benchmarks/copies.py
	$(BIN)/python benchmarks/outlets.py
	$(BIN)/python benchmarks/serving.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache report.html comparison.json
