# make demo      install, then train, select, retrain and compare on rendered images (at most 8 minutes)
# make test      install, then lint and run the tests
# make install   only install; nothing to do when done
#
# STACK=openmmlab takes OpenMMLab's packages instead of OneDL's; PYTHON names the interpreter.

STACK ?= onedl
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= $(if $(filter onedl,$(STACK)),.venv,.venv-$(STACK))
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALL_INPUTS := setup.py requirements/lock-$(STACK).txt requirements/runtime.txt \
	requirements/tests.txt $(wildcard tools/dev/*.sh)

.PHONY: install demo test lint
.DEFAULT_GOAL := test

install: $(INSTALLED)

$(INSTALLED): $(INSTALL_INPUTS)
	@PYTHON='$(PYTHON)' bash tools/dev/install.sh '$(VENV)' '$(STACK)'
	@touch $@

demo: install
	@$(BIN)/python tools/demo.py

lint: install
	$(BIN)/ruff check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest
