# One command from nothing: `make run` serves Bitdial on port 8501, `make test` checks everything.
# Needs Python 3.11 or newer and make; all else goes into .venv.

PYTHON  ?= python3
PORT    ?= 8501
ADDRESS ?= 0.0.0.0
WORKERS ?= 2
IMAGE   ?= bitdial
TIMES   ?= 10
VENV    := .venv
BIN     := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEV     := $(VENV)/.dev
MLFLOW  := $(VENV)/.mlflow
# What is never imported need not be compiled; Python does that for the rest when it is, and keeps it, or each of many
# processes would compile it all again: seconds of every start.
unexport PYTHONDONTWRITEBYTECODE
PIP     := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile --require-hashes
CODE    := app.py core pages tests tools deploy
MODELS  := build/models

.PHONY: setup run test check lint format types unit mlflow bench soak models container container-smoke rehearse drawing lock clean
.DEFAULT_GOAL := run

# The stamps are newer than the lock they were installed from; a changed lock installs again.
# The version check comes first: an old Python fails far less readably inside pip.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Bitdial needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; name another with PYTHON=…") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.lock | $(VENV)/bin/python
	$(PIP) -r requirements.lock
	@touch $@

$(DEV): requirements-dev.lock | $(RUNTIME)
	$(PIP) -r requirements-dev.lock
	@touch $@

# MLflow's own server, for the tests that speak to one: an environment of its own, because it wants an older pyarrow.
$(MLFLOW): requirements-mlflow.lock | $(VENV)/bin/python
	$(PYTHON) -m venv $(VENV)/mlflow
	$(VENV)/mlflow/bin/python -m pip --disable-pip-version-check install --quiet --no-compile --require-hashes -r requirements-mlflow.lock
	@touch $@

setup: $(RUNTIME)

mlflow: $(MLFLOW)

run: $(RUNTIME)
	$(BIN)/streamlit run app.py --server.port $(PORT) --server.address $(ADDRESS) --server.headless true

# Side by side: types take a minute of one process, and so does installing MLflow's server.
test:
	$(MAKE) --jobs=4 lint types unit

check: test

lint: $(DEV)
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

types: $(DEV)
	$(BIN)/mypy

# A file's tests stay in one process: session fixtures (the server, trained models) are made once there.
unit: $(DEV) $(MLFLOW)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -p no:benchmark --ignore=tests/bench

bench: $(DEV)
	$(BIN)/python -m pytest tests/bench --benchmark-only

# The default model and its twin of 8 bits, as files; `inspect` checks them.
models: $(RUNTIME)
	mkdir -p $(MODELS)
	$(BIN)/python -m core train --out $(MODELS)/original.safetensors
	$(BIN)/python -m core quantize $(MODELS)/original.safetensors --bits 8 --out $(MODELS)/default.safetensors
	$(BIN)/python -m core inspect $(MODELS)/default.safetensors

container:
	docker build --tag $(IMAGE) .

# On the image and on models that are there: `make container models container-smoke` makes both first.
container-smoke:
	bash deploy/smoke.sh $(IMAGE) $(MODELS)

# What the Dockerfile says, done without an engine; as root, because it becomes another user.
rehearse: $(DEV)
	$(BIN)/python -m tools.rehearse_container

drawing: $(DEV)
	$(BIN)/python -m tools.draw_architecture

# Long use of a real server: memory, threads and descriptors, as a table. TIMES=10 takes about ten minutes.
soak: $(DEV)
	$(BIN)/python -m tests.soak $(TIMES)

format: $(DEV)
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

# For maintainers, after a change of requirements*.txt; needs uv.
lock:
	uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --custom-compile-command "make lock" requirements.txt -o requirements.lock
	uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --custom-compile-command "make lock" -c requirements.lock requirements-dev.txt -o requirements-dev.lock
	uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --custom-compile-command "make lock" requirements-mlflow.txt -o requirements-mlflow.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
