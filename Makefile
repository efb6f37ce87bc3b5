# The front door. `make run` starts Atelier, `make test` tests it; both install what they need.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix frontend
# Without an NVIDIA card on Linux, PyTorch's own index has the build that leaves out 3 GB of CUDA.
TORCH_INDEX ?= $(shell [ "$$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null && echo https://download.pytorch.org/whl/cpu)

.PHONY: help run build test test-apart test-faults storm lint types schemas soak load bench bench-room bench-engine bench-workers e2e browsers eval-bundled requirements clean

help: ## list these commands
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.run build ## start everything and print the address
	@exec $(BIN)/python -m webapp.embedded.supervisor

build: frontend/dist/.stamp frontend/render/dist/fonts/index.json ## build the front end when its sources are newer

test: $(VENV)/.dev build ## install what tests need, then run all of them
	@bash tests/browser.sh
	$(NPM) run test
	@$(MAKE) --no-print-directory test-apart
	$(BIN)/python -m pytest tests/e2e tests/attacks tests/browsers
	@$(MAKE) --no-print-directory test-faults

# In two lanes side by side, as each waits for its own servers most of the time. What measures time runs alone, above.
test-apart: $(VENV)/.dev build
	@mkdir -p tests/out; \
	$(BIN)/python -m pytest tests/boards tests/accounts > tests/out/boards.log 2>&1 & boards=$$!; \
	$(BIN)/python -m pytest $(addprefix --ignore=tests/,boards accounts e2e attacks browsers faults); rest=$$?; \
	wait $$boards; boards=$$?; cat tests/out/boards.log; exit $$((boards + rest))

test-faults: $(VENV)/.dev ## kill servers and workers while people draw and jobs run; nothing may be lost
	$(BIN)/python -m pytest tests/faults

storm: $(VENV)/.dev ## twenty simulated boards of 30,000 operations each; about half an hour
	PYTHONHASHSEED=0 $(BIN)/python -m tests.boards.storm --seeds 0-19 --operations 30000

e2e: $(VENV)/.dev build ## the two-browser test alone
	@bash tests/browser.sh
	$(BIN)/python -m pytest tests/e2e

browsers: $(VENV)/.dev build ## the main path in Firefox and WebKit, which it installs where apt is there and may be used
	@bash tests/browser.sh
	@bash tests/browsers/install.sh
	OTHER_BROWSERS=1 $(BIN)/python -m pytest tests/browsers

lint: $(VENV)/.dev frontend/node_modules/.stamp ## ruff, import rules, eslint, whether generated files are fresh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/python manage.py schemas --check
	$(NPM) run lint

types: $(VENV)/.dev frontend/node_modules/.stamp ## mypy and tsc
	$(BIN)/mypy
	$(NPM) run types

schemas: $(VENV)/.dev frontend/node_modules/.stamp ## write docs/openapi.json and docs/asyncapi.json, then the front end's types made of them
	$(BIN)/python manage.py schemas
	$(NPM) run schemas

soak: $(VENV)/.dev ## what CI runs briefly, for long: jobs under fire, attacks, 200,000 odd files
	FAULTS_JOBS=2000 FAULTS_POISON=50 $(BIN)/python -m pytest tests/faults/test_jobs.py -s
	ATTACKS_LONG=10 $(BIN)/python -m pytest tests/attacks -s
	RESTORE_MIXTURES=200000 $(BIN)/python -m pytest tests/boards/test_restore_beside_excalidraw.py

load: $(VENV)/.dev ## sixty workers and twenty requests a second for a minute: nothing lost, nothing doubled
	LOAD_WORKERS=60 LOAD_SECONDS=60 $(BIN)/python -m pytest tests/faults/test_load.py

bench: $(VENV)/.dev build ## measure, print tables, write bench/out/*.json
	@bash tests/browser.sh
	$(BIN)/python -m bench

bench-room: $(VENV)/.dev ## measure the room and judge it; PEERS=file puts other products beside it
	$(BIN)/python -m bench.room $(if $(PEERS),--peers $(PEERS)) $(if $(PRIORITY),--priority $(PRIORITY))

bench-engine: $(VENV)/.dev ## the engine beside stock diffusers; on a GPU also kept under bench/results
	$(BIN)/python -m bench.engine

bench-workers: $(VENV)/.dev ## ten equal jobs with one to four workers, beside shared steps; draws docs/engine-workers.svg
	$(BIN)/python -m bench.engine.workers

eval-bundled: $(VENV)/.dev ## judge the built-in model: twenty sketches, held-out names among 500, sixty sketches more
	$(BIN)/python -m bench.bundled
	for stage in dataset rasterise evaluate; do PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m generation.bundled.training $$stage \
	  --recipe cpu --work bench/out/bundled --out bench/out --checkpoint generation/bundled --count 96 || exit 1; done
	$(BIN)/python -m bench.bundled.sixty --judge bench/out/bundled

requirements: ## pin requirements*.txt anew from the .in files
	rm -rf $(VENV)-pins && $(PYTHON) -m venv $(VENV)-pins
	$(VENV)-pins/bin/pip install -q $(addprefix --extra-index-url ,$(TORCH_INDEX)) -r requirements.in
	{ head -n 1 requirements.txt; $(VENV)-pins/bin/pip freeze | sed 's/+cpu$$//'; } > requirements.new
	$(VENV)-pins/bin/pip install -q -r requirements-dev.in
	{ head -n 1 requirements-dev.txt; $(VENV)-pins/bin/pip freeze | sed 's/+cpu$$//' | grep -vxFf requirements.new; } > requirements-dev.new
	mv requirements.new requirements.txt && mv requirements-dev.new requirements-dev.txt && rm -rf $(VENV)-pins

clean: ## forget everything built; your data in .atelier stays
	rm -rf $(VENV) frontend/node_modules frontend/dist frontend/render/dist

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "atelier: Python 3.11 or newer is needed, $(PYTHON) is older: install it, or run make PYTHON=/path/to/python3.11."; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "atelier: $(PYTHON) cannot make a virtual environment: on Debian or Ubuntu, apt-get install python3-venv."; exit 1; }
	@touch $@

$(VENV)/.run: requirements.txt $(VENV)/.python
	@echo "Installing Python packages (about 1 GB, once) …"
	@$(BIN)/pip install -q --disable-pip-version-check --retries 1 $(addprefix --extra-index-url ,$(TORCH_INDEX)) "$$(grep '^torch==' requirements.txt)" 2> $(VENV)/pip.log \
	  && $(BIN)/pip install -q --disable-pip-version-check -r requirements.txt 2>> $(VENV)/pip.log \
	  || { tail -n 5 $(VENV)/pip.log; echo "atelier: the packages could not be installed (all of it: $(VENV)/pip.log). No network? Try again later. A missing compiler? apt-get install build-essential, or use Python 3.11 or 3.12, for which every package comes built."; exit 1; }
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	@$(BIN)/pip install -q --disable-pip-version-check -r requirements-dev.txt 2> $(VENV)/pip.log || { cat $(VENV)/pip.log; exit 1; }
	@touch $@

frontend/node_modules/.stamp: frontend/package.json frontend/package-lock.json $(VENV)/.run
	@echo "Installing front-end packages (once) …"
	@$(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

frontend/dist/.stamp: frontend/node_modules/.stamp webapp/static/atelier/tokens.css $(shell find frontend/src frontend/render/*.ts frontend/*.ts frontend/*.json frontend/build -type f 2>/dev/null)
	@echo "Building the front end …"
	@$(NPM) run build --silent
	@touch $@

frontend/render/dist/fonts/index.json: boards/rendering/fonts.py frontend/node_modules/.stamp
	@$(BIN)/python boards/rendering/fonts.py frontend/node_modules $(@D)
