# make demo       adapt a model in a generated street world: table and picture
# make test       linters, documentation, tests;  make test-all also the slow tests
# make docs       the documentation as a site in site/
# PYTHON=, VENV= and STACK=onedl|openmmlab choose the interpreter, the virtual
# environment and the distribution of the OpenMMLab stack.
PYTHON ?= python3
STACK ?= onedl
VENV ?= $(if $(filter openmmlab,$(STACK)),.venv-openmmlab,.venv)
BIN := $(VENV)/bin

.PHONY: demo test test-all check docs install

demo: install
	$(BIN)/mmseg-maxsquare demo

test: check
	$(call timed,tests,$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow")

test-all: check
	$(call timed,all tests,$(BIN)/python -m pytest -n 2 --dist worksteal)

check: docs
	$(call timed,ruff,$(BIN)/ruff check . && $(BIN)/ruff format --check .)
	$(call timed,mypy,$(BIN)/mypy)
	$(call timed,examples in docstrings,$(BIN)/python -m pytest -q --doctest-modules mmseg_maxsquare/losses)

# A broken link or reference fails (not with --quiet, which drops the warnings that strict mode
# counts). The variable silences an announcement of the theme.
docs: install
	$(call timed,docs,NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build)

# Runs a part, and prints how long it took.
timed = @echo "== $(1)"; begin=$$(date +%s); $(2) && echo "== $(1): $$(($$(date +%s) - begin)) s"

install:
	@PYTHON="$(PYTHON)" VENV="$(VENV)" STACK="$(STACK)" bash tools/install.sh
