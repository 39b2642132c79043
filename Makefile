# Every command that a person types. `make` alone lists them.

PYTHON ?= python3.11
VENV := .venv
SPARK4 := .venv-spark4
KIBANA := .venv-kibana
KIBANA_PYTHON ?=
COUNT ?= 1000000
SECONDS ?= 1200

.DEFAULT_GOAL := help
.PHONY: help tools build check format test test-rust test-python test-spark test-integration up down status demo e2e kibana bench \
	bench-pipeline bench-page fuzz clean
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# What is installed is current while these are no newer.
PACKAGE := Cargo.toml Cargo.lock pyproject.toml README.md contracts/server-logs.odcs.yaml \
	$(shell find src python -type f -not -name '*.pyc' -not -name '*.so')

# A wheel that was deleted is built anew.
ifeq ($(wildcard target/wheels/*.whl),)
$(shell rm -f target/.wheel)
endif

help: ## List the commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

tools: ## Say what is missing on this machine, if anything
	@.ci/tools $(PYTHON)

$(VENV)/.ready: requirements/dev.txt
	@.ci/tools $(PYTHON) >/dev/null
	@.ci/environment $(PYTHON) $(VENV) requirements/dev.txt

$(SPARK4)/.ready: requirements/spark4.txt
	@.ci/tools $(PYTHON) >/dev/null
	@.ci/environment $(PYTHON) $(SPARK4) requirements/spark4.txt

target/.wheel: $(PACKAGE) | $(VENV)/.ready
	@echo "wheel: building (some 8 minutes from nothing, seconds after that)"
	@mkdir -p target && rm -f target/wheels/*.whl
	@$(VENV)/bin/maturin build --release --auditwheel skip --interpreter $(VENV)/bin/python
	@touch $@

$(VENV)/.wheel: target/.wheel $(VENV)/.ready
	@$(VENV)/bin/python -m pip install --quiet --force-reinstall --no-deps target/wheels/*.whl
	@touch $@

$(VENV)/.notebooks: requirements/notebooks.txt $(VENV)/.ready
	@$(VENV)/bin/python -m pip install --quiet --requirement requirements/notebooks.txt
	@touch $@

$(KIBANA)/.ready: requirements/kibana.txt
	@python="$(KIBANA_PYTHON)"; if [ -z "$$python" ]; then python=$$(.ci/python312) || exit 1; fi; \
		.ci/environment "$$python" $(KIBANA) requirements/kibana.txt

$(SPARK4)/.wheel: target/.wheel $(SPARK4)/.ready
	@$(SPARK4)/bin/python -m pip install --quiet --force-reinstall --no-deps target/wheels/*.whl
	@touch $@

build: $(VENV)/.wheel ## Build the wheel (target/wheels) and install it into .venv

CARGO_FEATURES := --features python,kafka,mysql
export PYO3_PYTHON := $(abspath $(VENV))/bin/python

check: $(VENV)/.wheel ## A developer's loop: format, lints, types and the fast tests, under a minute once built
	cargo fmt --check
	$(VENV)/bin/ruff format --check --quiet .
	$(VENV)/bin/ruff check --quiet .
	cargo clippy --quiet --all-targets $(CARGO_FEATURES) -- -D warnings
	$(VENV)/bin/mypy
	$(VENV)/bin/python -m mypy.stubtest logcore._core --mypy-config-file pyproject.toml
	cargo test --quiet
	$(VENV)/bin/python -m pytest -q tests/python

format: $(VENV)/.ready ## Format Rust and Python
	cargo fmt
	$(VENV)/bin/ruff format --quiet .
	$(VENV)/bin/ruff check --fix --quiet .

test: check test-rust test-spark test-integration ## Every test, with whatever it needs

test-rust: $(VENV)/.ready ## Rust's tests with all features
	cargo test --quiet $(CARGO_FEATURES)
	@# The border holds: without its feature the core knows nothing of Python.
	@if cargo tree --quiet --edges normal --invert pyo3 2>/dev/null | grep -q .; then \
		echo "the core depends on pyo3 without the feature python" >&2; exit 1; fi

test-python: $(VENV)/.wheel ## The fast Python tests
	$(VENV)/bin/python -m pytest -q tests/python

test-spark: $(VENV)/.wheel $(SPARK4)/.wheel ## mapInArrow jobs on Spark 3.5 and 4.1
	. $(VENV)/bin/activate && python -m pytest -q tests/spark
	. $(SPARK4)/bin/activate && python -m pytest -q tests/spark

test-integration: $(VENV)/.wheel $(SPARK4)/.wheel $(VENV)/.notebooks $(KIBANA)/.ready ## The whole pipeline on real services, started on free ports
	$(VENV)/bin/python -m pytest -q --durations=20 tests/integration

up: $(VENV)/.ready ## Start Kafka, MariaDB and Elasticsearch
	@$(VENV)/bin/python -m stack up

down: $(VENV)/.ready ## Stop them; their data stay (python -m stack down --purge deletes them)
	@$(VENV)/bin/python -m stack down

status: $(VENV)/.ready ## What runs, and on which port
	@$(VENV)/bin/python -m stack status

demo: $(VENV)/.wheel ## Send logs through the whole pipeline and show what arrived where
	@$(VENV)/bin/python -m demo

e2e: $(VENV)/.wheel ## The same with COUNT=1000000 logs of its own, verified, with each stage's rate
	@$(VENV)/bin/python -m demo.e2e --count $(COUNT)

kibana: $(KIBANA)/.ready ## Compile the Kibana dashboards (deploy/elk/kibana/*.yaml to .ndjson)
	@$(KIBANA)/bin/python deploy/elk/kibana/compile_dashboards.py

bench: $(VENV)/.wheel ## Measure against the usual tools; writes docs/benchmarks.json and .svg
	@$(VENV)/bin/python -m pip install --quiet --requirement requirements/bench.txt
	@mkdir -p docs
	@$(VENV)/bin/python -m benches.compare --json docs/benchmarks.json --plot docs/benchmarks.svg

bench-pipeline: $(VENV)/.wheel $(SPARK4)/.wheel ## Measure from topic to topic against Spark's own; writes docs/pipeline.json
	@$(VENV)/bin/python -m pip install --quiet --requirement requirements/bench.txt
	@$(VENV)/bin/python -m benches.pipeline --json docs/pipeline.json

bench-page: $(VENV)/.wheel ## Measure the live page at 50,000 logs/s for five minutes; writes docs/page.json and the pictures
	@$(VENV)/bin/python -m benches.page --json docs/page.json --pictures docs

fuzz: ## Fuzz the core for SECONDS=1200 a target, against a slow second judge and against itself
	@fuzz/run $(SECONDS)

clean: ## Delete what was built, not the services' data
	rm -rf target fuzz/target benches/rivals/target $(VENV) $(SPARK4) $(KIBANA)
