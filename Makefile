# make demo      install, then the full pipeline on photographs of chess boards (at most 8 minutes)
# make test      install, then lint and run the tests
# make campaigns the long campaigns of tests/campaigns/README.md: kills, damage, made-up input
# make test-all  both
# make lint      ruff and mypy in an environment of their own, of 200 MB; neither PyTorch nor MMCV is needed
# make site      the documentation as a site, in work_dirs/site
# make gpu-check whether the GPU paths are right and how fast, in five minutes; needs PyTorch and an NVIDIA GPU, no install
# make install   only install; nothing to do when done
#
# STACK=openmmlab takes OpenMMLab's packages instead of OneDL's; PYTHON names the interpreter. PYTEST_ARGS are pytest's,
# as in make test PYTEST_ARGS='-m "not slow"'.

STACK ?= onedl
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PYTEST_ARGS ?=
VENV ?= $(if $(filter onedl,$(STACK)),.venv,.venv-$(STACK))
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALL_INPUTS := setup.py requirements/lock-$(STACK).txt requirements/runtime.txt \
	requirements/tests.txt requirements/docs.txt $(wildcard tools/dev/*.sh)

LINT_VENV ?= .venv-lint
LINT_INSTALLED := $(LINT_VENV)/.installed

.PHONY: install demo test test-all campaigns lint site gpu-check
.DEFAULT_GOAL := test

install: $(INSTALLED)

$(INSTALLED): $(INSTALL_INPUTS)
	@PYTHON='$(PYTHON)' bash tools/dev/install.sh '$(VENV)' '$(STACK)'
	@touch $@

demo: install
	@$(BIN)/python tools/demo.py

$(LINT_INSTALLED): requirements/lint.txt requirements/lock-$(STACK).txt
	@$(PYTHON) -m venv '$(LINT_VENV)'
	@$(LINT_VENV)/bin/pip install -q --disable-pip-version-check -c requirements/lock-$(STACK).txt -r requirements/lint.txt
	@touch $@

lint: $(LINT_INSTALLED)
	$(LINT_VENV)/bin/ruff check .
	$(LINT_VENV)/bin/ruff format --check -q .
	$(LINT_VENV)/bin/mypy

site: install
	$(BIN)/mkdocs build --strict

test: lint install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_ARGS)

gpu-check:
	@bash tools/dev/gpu_check.sh

campaigns: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --campaigns -m campaign
	OMP_NUM_THREADS=1 $(BIN)/python tools/dev/campaigns.py --at-most 20 kills exports extractions
	OMP_NUM_THREADS=1 $(BIN)/python tools/dev/campaigns.py --at-most 200 names damage fuzz

test-all: test campaigns
