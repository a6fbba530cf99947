# Everything a developer does here; `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
AUDIT := $(VENV)/audit
CLICKHOUSE := $(VENV)/clickhouse/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet --no-input

# Byte code is kept even where the machine's default is not to: else every start would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test test-fast lint audit bench bench-full chart policy images images-push test-cluster chart-package chart-push

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(INSTALLED) ## Start the product on this machine until Ctrl-C (DEMO=0 without demo data)
	@exec $(BIN)/viral-engine up

test: $(INSTALLED) ## Run every test, with coverage
	@exec $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered --cov-fail-under=80

test-fast: $(INSTALLED) ## Run the tests that take seconds and need no browser
	@exec $(BIN)/python -m pytest -m "not slow and not browser"

lint: $(INSTALLED) ## Check style, types, known dangers and which package may import which
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive services shared

audit: $(INSTALLED) ## Look for known vulnerabilities in the locked dependencies (needs a network; installs pip-audit, once)
	@test -x $(AUDIT)/bin/pip-audit || { $(PYTHON) -m venv $(AUDIT) && $(AUDIT)/bin/python -m pip --quiet install "pip-audit>=2.9"; }
	@exec $(AUDIT)/bin/pip-audit --requirement requirements.lock --disable-pip --require-hashes

bench: SECTIONS ?= reads
bench: $(INSTALLED) $(CLICKHOUSE) ## Measure reads at 1 and 5 million events; SECTIONS= names others (docs/performance-benchmarks.md)
	@exec $(BIN)/python -m tests.benchmarks $(SECTIONS)

bench-full: export BENCH_SIZES ?= 1000000,5000000,10000000
bench-full: $(INSTALLED) $(CLICKHOUSE) ## Measure everything, reads at 10 million events, too (hours)
	@exec $(BIN)/python -m tests.benchmarks $(SECTIONS)

# Far too large for the tests' lock: 900 MB with what it needs.
$(CLICKHOUSE):
	@echo "Installing ClickHouse into $(@D) (once, a few minutes)"
	@$(PYTHON) -m venv $(@D) && $(@D)/bin/python -m pip --quiet install "chdb-core==26.9.0" && touch $@

chart: $(INSTALLED) ## Write what is made from the settings and the Helm chart: schema, part of the values, k8s/base
	@exec $(BIN)/python -m tests.chart

chart-package: $(INSTALLED) ## Package the Helm chart into dist/
	@exec $(BIN)/python -m tests.chart.package

chart-push: $(INSTALLED) ## Package the Helm chart and push it to REGISTRY=oci://registry.example.com/charts
	@exec $(BIN)/python -m tests.chart.package "$(REGISTRY)"

policy: $(INSTALLED) ## Scan what the chart renders with checkov (installs it, once)
	@exec $(BIN)/python -m tests.chart.policy

images: $(INSTALLED) ## Build the images and run the chart's pods of them (as root on Debian; docs/images.md)
	@exec $(BIN)/python -m tests.images

images-push: ## Build the images and push them to REGISTRY=registry.example.com/team (VERSION=the chart's)
	@exec k8s/push-images.sh "$(REGISTRY)" $(VERSION)

test-cluster: $(INSTALLED) ## Install, change, roll back and remove the product where KUBECONFIG leads (REGISTRY=, VERSION=)
	@exec $(BIN)/python -m tests.cluster

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one by make PYTHON=/path/to/python"; exit 1; }
	@echo "Installing into $(VENV) (once, about a minute)"
	@umask 022 && $(PYTHON) -m venv $(VENV)
	@umask 022 && $(PIP) install --no-deps --no-compile --require-hashes --requirement requirements.lock
	@umask 022 && $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
