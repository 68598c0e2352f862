# The one interface for people. `make` alone prints the commands.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# Several makes may run at once from one checkout: whoever gets the lock (on this file) builds, the others find it done.
LOCKED := $(PYTHON) -c 'import fcntl, subprocess, sys; lock = open("Makefile"); \
	fcntl.flock(lock, fcntl.LOCK_EX); sys.exit(subprocess.call(sys.argv[1:]))' $(MAKE) --silent --no-print-directory

WORKBENCH := src/longshore/workbench/index.html

# Where it is set, each of the hundreds of processes that tests start would compile the whole project anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help build start debug test bench lint docs stack sbom advisories workbench pictures clean python

help: ## Print this
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 15

build: python ## Make the environment and the browser application (done once, and again when they change)
	@$(LOCKED) $(VENV)/.longshore
	@$(LOCKED) $(WORKBENCH) || echo "The browser application could not be built; everything else works. Try: make workbench" >&2

workbench: python ## Build the browser application and run its own checks and tests
	@$(LOCKED) $(VENV)/.longshore
	@$(LOCKED) $(WORKBENCH)
	@frontend/build.sh $(BIN)/python test

start: build ## Start the server, on http://127.0.0.1:5000 unless PORT says otherwise
	@$(BIN)/longshore serve

debug: build ## Start it for development: more log, restarts when source files change
	@LOG_LEVEL=$${LOG_LEVEL:-INFO} $(BIN)/longshore serve --reload

test: build ## Run the tests; ARGS="tests/supervision -k start" chooses some
	@$(LOCKED) $(VENV)/.test
	@$(BIN)/python -m pytest $(or $(ARGS),-n 2 --dist loadfile --durations=25)

bench: build ## Measure it beside its floors, which takes long; ARGS=--quick takes a minute, ARGS="spine 10000000" chooses one
	@$(LOCKED) $(VENV)/.bench
	@$(BIN)/python benchmarks $(ARGS)

lint: build ## Check style, types and the rules about who may import whom
	@$(LOCKED) $(VENV)/.lint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

docs: build ## Build the documentation site in docs/_build/html
	@$(LOCKED) $(VENV)/.docs
	@$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "The documentation is in docs/_build/html/index.html"

advisories: build ## Compare the pinned versions with published advisories (needs the internet)
	@$(LOCKED) $(VENV)/.advisories
	@$(BIN)/pip-audit --progress-spinner off --disable-pip --no-deps --requirement constraints.txt
	@frontend/build.sh $(BIN)/python advisories

sbom: build ## Write what Longshore is made of to dist/longshore.cdx.json (CycloneDX)
	@$(LOCKED) $(VENV)/.sbom
	@$(BIN)/python deploy/sbom.py $(ARGS)

stack: build ## Bring the containers of deploy/ up for real and try them; takes minutes, needs podman and root
	@$(LOCKED) $(VENV)/.test
	@$(BIN)/python deploy/stack/stack.py $(ARGS)

pictures: build ## Take the documentation's pictures of the workbench anew (needs Chromium)
	@$(LOCKED) $(VENV)/.test
	@$(BIN)/python frontend/pictures.py $(ARGS)

clean: ## Remove the environment and everything built; the storage folder stays
	@rm -rf $(VENV) frontend/node_modules src/longshore/workbench docs/_build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

python:
	@command -v $(PYTHON) > /dev/null || { echo "Longshore needs Python 3.11 or newer, and there is no $(PYTHON)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Longshore needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Name another with PYTHON=..." >&2; exit 1; }

# The environment appears under its name only when pip works in it. Debian without python3-venv has no ensurepip:
# then virtualenv does it, or the system's own pip.
$(BIN)/python:
	@echo "Making the environment in $(VENV) ..."
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) > /dev/null 2>&1 \
		|| { rm -rf $(VENV); $(PYTHON) -m virtualenv --quiet $(VENV) 2> /dev/null; } \
		|| { rm -rf $(VENV); $(PYTHON) -m venv --without-pip $(VENV) \
			&& $(PYTHON) -m pip --quiet --python $(BIN)/python install pip 2> /dev/null; } || true
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || { rm -rf $(VENV); \
		echo "Python cannot make an environment with pip here. On Debian: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.longshore: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Longshore into $(VENV) ..."
	@$(PIP) install --upgrade "pip>=25.1"
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(WORKBENCH): frontend/package-lock.json frontend/index.html frontend/vite.config.ts frontend/vite.compat.config.ts \
		frontend/notices.ts frontend/tsconfig.json \
		$(shell find frontend/src -type f) | $(VENV)/.longshore
	@echo "Building the browser application ..."
	@frontend/build.sh $(BIN)/python

$(VENV)/.test $(VENV)/.bench $(VENV)/.lint $(VENV)/.docs $(VENV)/.sbom $(VENV)/.advisories: $(VENV)/.%: $(VENV)/.longshore
	@echo "Installing what $* needs ..."
	@$(PIP) install --constraint constraints.txt --group $*
	@touch $@
