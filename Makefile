# Two commands do all the set-up: `make demo` shows the pipeline at work, `make test` passes the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LOCK := $(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --no-emit-index-url \
  --no-emit-find-links pyproject.toml
SURVEY ?= synthetic
export NIGHTSIFT_DATA ?= $(CURDIR)/data

.PHONY: demo test test-part lint scheduler eyeball benchmark results lock clean help

help:  ## Say what each target does.
	@grep -hE '^[a-z-]+:.*##' Makefile | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "Nightsift needs Python 3.11 to 3.13, this is %d.%d: run `make PYTHON=python3.11`" % v)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the packages of requirements-dev.txt into $(VENV) (some minutes, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP)  ## Build a classifier and its report from nothing, offline; SURVEY=galaxies, photoz, ... shows another.
	@$(BIN)/nightsift demo $(SURVEY)

test-part: $(STAMP)  ## Types and the tests outside tests/integration, for a second Python; see CONTRIBUTING.md.
	@$(BIN)/mypy --python-version "$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
	@$(BIN)/python -m pytest -q -m "not slow" -n 2 --dist loadfile --no-loadscope-reorder --ignore=tests/integration

test: $(STAMP) lint  ## Lint, types, import contracts, tests.
	@$(BIN)/python -m pytest -q -m "not slow" -n 2 --dist loadfile --no-loadscope-reorder

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

scheduler: $(STAMP)  ## Start the central scheduler and a page server for reports, on 127.0.0.1.
	@$(BIN)/nightsift scheduler

eyeball: $(STAMP)  ## Judge candidates by keyboard, on 127.0.0.1; SURVEY and NIGHT say which, without NIGHT the data set.
	@$(BIN)/nightsift eyeball --survey $(SURVEY) $(if $(NIGHT),--night $(NIGHT))

benchmark: $(STAMP)  ## Print the performance table as ratios.
	@$(BIN)/python -m benchmarks

lock: $(STAMP)  ## Compile the locks from the ranges of pyproject.toml.
	@$(BIN)/python -m pip install --quiet uv
	@$(LOCK) --extra tune --extra databases -o requirements.txt
	@$(LOCK) --extra dev -c requirements.txt -o requirements-dev.txt

clean:  ## Remove the virtual environment; results in data/ stay.
	@rm -rf $(VENV)
