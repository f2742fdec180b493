# What a person needs: make run, make test. Both set up .venv from the hashed lock first.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup run test long proof bench learn lock lint audit sbom

setup: $(READY)

$(READY): requirements.lock requirements-dev.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Cairn needs Python 3.11; install it, or name it: make setup PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --no-index --editable .
	@touch $(READY)

run: setup
	$(BIN)/cairn serve

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/cairn check
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not long" tests

# What takes longer: each place where a process may die, every card drawn, ninety days, a thousand pins.
long: setup
	$(BIN)/python -m pytest -n auto --dist loadgroup -m long tests

# All of both, whole: every distinct screen, a thousand conversations, five thousand pins.
proof: lint
	$(BIN)/cairn check
	WHOLE=1 $(BIN)/python -m pytest -n auto --dist loadgroup tests

# For whoever changes content/examples: a few minutes, on one core, without the network.
learn: setup
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m bot.learn $(CAIRN_GUIDANCE)

bench: setup
	$(BIN)/python -m tests.bench

# Known vulnerabilities in what runs. Needs the network: 1 one is known, 2 it could not be asked.
audit: setup
	$(BIN)/python -m tests.audit

# Of what it is made, with versions, hashes and licences (CycloneDX).
sbom: setup
	$(BIN)/python -m tests.sbom build/sbom.cdx.json

# For whoever changes a dependency: needs uv on the path; writes hashes and no index address.
lock:
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header -o requirements.lock pyproject.toml
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --group dev -c requirements.lock -o requirements-dev.lock
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header -c requirements.lock -o tests/bench_teams_stock.txt tests/bench_teams_stock.in
