# make demo       adapt a model in a generated street world: table and picture
# make test       linters and tests;  make test-all also the slow tests
# PYTHON=, VENV= and STACK=onedl|openmmlab choose the interpreter, the virtual
# environment and the distribution of the OpenMMLab stack.
PYTHON ?= python3
STACK ?= onedl
VENV ?= $(if $(filter openmmlab,$(STACK)),.venv-openmmlab,.venv)
BIN := $(VENV)/bin

.PHONY: demo test test-all lint install

demo: install
	$(BIN)/mmseg-maxsquare demo

test: lint
	$(BIN)/python -m pytest -n 2 -m "not slow"

test-all: lint
	$(BIN)/python -m pytest -n 2

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

install:
	@PYTHON="$(PYTHON)" VENV="$(VENV)" STACK="$(STACK)" bash tools/install.sh
