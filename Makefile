# `make` lists the targets. Settings are variables: `make run PORT=8123`, or `PORT=8123 make run`.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8050
export HOST PORT

# Which build of torch: auto (looks for a GPU), cpu, cu128, ...; empty leaves the choice to pip. On Linux pip alone
# takes 2.7 GB of CUDA; uv knows where PyTorch keeps its other builds. On macOS pip's build is the small one.
ifeq ($(shell uname -s),Linux)
TORCH_BACKEND ?= auto
endif
UV := uv==0.13.9
PIP = .venv/bin/python -m pip install --disable-pip-version-check $(if $(CI),-qq)
NODE := .venv/bin/node
BIOME := $(NODE) node_modules/@biomejs/biome/bin/biome

WORKERS ?= 2
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install install-dev run test fuzz lint lint-python lint-node format reproduce container clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

run: .venv/.stamp-run ## install what is missing and start the dashboard (HOST, PORT, TORCH_BACKEND)
	@exec .venv/bin/python serve.py

install: .venv/.stamp-run ## create .venv with what the dashboard needs
install-dev: node_modules/.package-lock.json ## ... and the development tools

test: lint ## lint, then every test; a test that lacks Chromium or Redis is skipped with the reason
	$(NODE) --test 'tests/js/*.test.js'
	@OMP_NUM_THREADS=1 .venv/bin/python -m pytest -rs -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

fuzz: .venv/.stamp-dev ## 5,000 new hostile payloads for the callbacks of all pages; `make test` tries 300 fixed ones
	@LT_FUZZ=5000 OMP_NUM_THREADS=1 .venv/bin/python -m pytest -rs tests/hostile/test_fuzz.py $(PYTEST_ARGS)

lint: node_modules/.package-lock.json ## ruff and pyright, who imports whom, biome and tsc, hadolint
	@$(MAKE) --no-print-directory -j2 lint-python lint-node

lint-python:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports --no-cache --no-logo
	@$(call tool,pyright,export PYRIGHT_PYTHON_IGNORE_WARNINGS=1; .venv/bin/pyright)
	@$(call tool,hadolint,.venv/bin/hadolint Dockerfile)

lint-node:
	$(BIOME) ci --error-on-warnings
	$(NODE) node_modules/typescript/bin/tsc

format: node_modules/.package-lock.json ## let ruff and biome format and fix
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
	$(BIOME) check --write

reproduce: .venv/.stamp-run ## compute all figures and claims from the shipped models, and say which numbers differ
	@.venv/bin/python -m core reproduce

container: .venv/.stamp-dev ## build the Dockerfile and run it, without a Docker engine (root on Debian)
	@PYTHON='$(PYTHON)' bash .ci/container

clean: ## remove .venv, node_modules and the caches
	rm -rf .venv node_modules .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

# pyright fetches its program at the first use and hadolint is not built for every platform: where one cannot start
# it is left out with a line, unless LT_REQUIRE_ALL says that nothing may be.
define tool
if .venv/bin/$(1) --version >/dev/null 2>&1; then echo '$(1)'; $(2); \
elif [ -n "$$LT_REQUIRE_ALL" ]; then echo '$(1) is required and cannot start here:'; .venv/bin/$(1) --version; exit 1; \
else echo '$(1) skipped: it cannot start here.'; fi
endef

# The stamps make a second `make run` start at once; a change of the pins installs again.
.venv/.stamp-run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo 'Python 3.11 or newer is needed. If it has another name: make run PYTHON=python3.12'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	|| { echo "Python's venv module is missing. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@.venv/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(torch)
	$(PIP) -r requirements.txt
	@touch $@

.venv/.stamp-dev: requirements-dev.txt .venv/.stamp-run
	$(PIP) -r requirements-dev.txt
	@touch $@

# The file is npm's own note of what it has installed.
node_modules/.package-lock.json: package.json package-lock.json .venv/.stamp-dev
	.venv/bin/npm ci
	@touch $@

# uv takes the versions from requirements.txt. It gives up after seconds where PyTorch's index does not answer.
define torch
installed=$$(.venv/bin/python -c 'import importlib.metadata as m; print(m.version("torch").split("+")[0])' 2>/dev/null); \
if [ -n "$(TORCH_BACKEND)" ] && ! grep -qx "torch==$$installed" requirements.txt; then \
	echo 'Installing torch for: $(TORCH_BACKEND) (some minutes at the first time)'; \
	if ! { $(PIP) $(UV) \
	&& UV_HTTP_TIMEOUT=20 UV_HTTP_CONNECT_TIMEOUT=5 UV_HTTP_RETRIES=1 .venv/bin/uv pip install \
	--python .venv/bin/python --torch-backend '$(TORCH_BACKEND)' -c requirements.txt torch torchvision; \
	} >.venv/torch.log 2>&1; then \
		if grep 'invalid value' .venv/torch.log; then exit 1; fi; \
		echo "PyTorch's own index gave no build (see .venv/torch.log): pip takes its default one, on Linux up to 2.7 GB."; \
	fi; \
fi
endef
