# Every target sets up its own virtual environment in .venv; nothing else on the machine is touched.
# Another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DOCS_STAMP := $(VENV)/.docs-installed
DOCS_OUT ?= docs/_build
# Git refs that `make docs-versions` builds side by side.
VERSIONS ?= HEAD
DEMO_OUT ?= demo-out
BASE ?= main
GPU_OUT ?= gpu-training.md
WORKERS ?= 2
GROUP ?= readers
SAMPLE ?= 200
SEED ?= 1

# One process, one thread: numerical libraries that start a thread per core slow each other down.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1
export NUMEXPR_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export MPLBACKEND ?= Agg

# Tests whose subject is compiled: `make coverage` runs them in the interpreter, or their lines would not be seen.
UNCOMPILED := tests/rare/rules/test_hand_cases.py tests/rare/clocks/test_clock_from_outside.py tests/rare/env/test_features.py
COVERED := tests/traces tests/energy tests/rare tests/experiments

.PHONY: help venv demo test slow slurm coverage mutation fuzz kills soak bytes lint types imports check format
.PHONY: bench gpu compare-speed wheel smoke clean docs linkcheck docs-versions

help:
	@echo "make demo    compare schedulers on the embedded data; result in $(DEMO_OUT)/"
	@echo "make test    the fast tests"
	@echo "make slow    the long tests (whole traces, many random scenarios)"
	@echo "make slurm   the tests of runs on Slurm; installs Slurm where it is missing and apt-get may, starts and stops it"
	@echo "make coverage  which lines the tests run, compiled rules included"
	@echo "make docs    the site in $(DOCS_OUT)/html, tutorials run, every warning an error"
	@echo "make linkcheck  asks the network for every external link of the pages"
	@echo "make docs-versions VERSIONS='v0.1 HEAD'  the site of several git refs side by side, with a switcher"
	@echo "make mutation GROUP=readers SAMPLE=200 SEED=1  which small wrong changes the tests notice (rules, energy or readers)"
	@echo "make fuzz    reads EXECUTIONS damaged files and command lines, table in build/fuzz.csv; also make kills, make bytes, make soak"
	@echo "make check   lint, format, types, import direction and the fast tests"
	@echo "make format  put all files into the project's format"
	@echo "make bench   the speed table, beside a plain SimPy replay"
	@echo "make gpu     training on a CUDA device beside the CPU, table in $(GPU_OUT); says so where there is none"
	@echo "make compare-speed BASE=main  costs relative to plain SimPy at BASE and at HEAD (asv)"
	@echo "make wheel   a wheel and a source distribution in dist/"
	@echo "make smoke PYTHON=python3.12  installs both in clean environments and uses them; LEARN=1 trains too"
	@echo "make clean   remove what the targets above made, .venv included"

# torch first and by itself, so that its exact version is taken. pybatsim in an environment of its own: it brings a package `schedulers`, as RARE does. Installed again only when the requirements change. Editable: edits count at once.
$(STAMP): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test,learn,cluster,size,batsim]'
	$(PYTHON) -m venv --clear $(VENV)/pybatsim
	$(VENV)/pybatsim/bin/python -m pip install --quiet -c constraints.txt pyzmq procset sortedcontainers docopt
	$(VENV)/pybatsim/bin/python -m pip install --quiet --no-deps pybatsim==3.2.1
	touch $@

venv: $(STAMP)

demo: $(STAMP)
	$(BIN)/rare demo --out $(DEMO_OUT)

test: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) -q

slow: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) -q -m slow

# One process: there is one Slurm. -rs says why tests are skipped where there can be none.
slurm: $(STAMP)
	$(BIN)/python -m tests.slurm.slurm_packages
	$(BIN)/python -m pytest -q -rs -m slurm tests/slurm

coverage: $(STAMP)
	$(BIN)/coverage erase
	NUMBA_DISABLE_JIT=1 $(BIN)/coverage run -m pytest -q $(UNCOMPILED)
	$(BIN)/coverage run --append -m pytest -q $(COVERED)
	$(BIN)/coverage report

# The campaigns of docs/reliability.md. Each writes a table and ends with exit code 1 where it finds a fault.
EXECUTIONS ?= 1000000
KILLS ?= 500
CASES ?= 2000
EVENTS ?= 100

fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz.campaign --executions $(EXECUTIONS) --workers $(WORKERS) --seed $(SEED) --out build/fuzz.csv

kills: $(STAMP)
	$(BIN)/python -m tests.reliability.kill_campaign --kills $(KILLS) --seed $(SEED) --out build/kills.csv

# With the archive traces: make bytes TRACES=--traces RARE_SHARED=FOLDER
bytes: $(STAMP)
	$(BIN)/python -m tests.reliability.byte_campaign --cases $(CASES) $(TRACES) --out build/bytes.csv

# EVENTS is in millions.
soak: $(STAMP)
	$(BIN)/python -m tests.reliability.soak_campaign --events $(EVENTS) --out build/soak.csv

# An hour and more for each group on two free cores; verdicts go to tests/mutation/results/.
mutation: $(STAMP)
	$(BIN)/python -m pip install --quiet 'cosmic-ray ==8.7.0'
	$(BIN)/python -m tests.mutation draw $(GROUP) --sample $(SAMPLE) --seed $(SEED)
	$(BIN)/python -m tests.mutation judge $(GROUP) --workers $(WORKERS)
	$(BIN)/python -m tests.mutation fresh $(GROUP) --workers $(WORKERS)
	$(BIN)/python -m tests.mutation.mutation_scores $(GROUP)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports

check: lint types imports test

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)
	$(BIN)/rare bench

gpu: $(STAMP)
	$(BIN)/python -m experiments.benchmarks.gpu_training --out $(GPU_OUT)

# Costs relative to plain SimPy at two commits; a rise of more than a tenth is reported and ends with exit code 1.
compare-speed: $(STAMP)
	$(BIN)/python -m pip install --quiet 'asv >=0.6, <0.7'
	$(BIN)/asv --config tests/benchmarks/asv.conf.json machine --yes
	$(BIN)/asv --config tests/benchmarks/asv.conf.json continuous --factor 1.1 --show-stderr $(BASE) HEAD

# What the site needs is installed by itself: the tests do without.
$(DOCS_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[docs]'
	touch $@

docs: $(DOCS_STAMP)
	$(BIN)/python -m docs.scripts.build_site $(DOCS_OUT)

linkcheck: $(DOCS_STAMP)
	$(BIN)/python -m docs.scripts.build_site $(DOCS_OUT) --links

docs-versions: $(DOCS_STAMP)
	$(BIN)/python -m docs.scripts.site_versions $(DOCS_OUT)/versions $(VERSIONS)

# A wheel and a source distribution in dist/, from nothing that an earlier build left.
wheel: $(STAMP)
	rm -rf build dist *.egg-info
	$(BIN)/python -m pip install --quiet 'build >=1.2'
	$(BIN)/python -m build --outdir dist .

# Both installed in clean environments, for PYTHON, without torch; with LEARN=1 the wheel with the extra `learn`.
smoke: wheel
	$(BIN)/python -m tests.packaging.smoke dist/*.whl dist/*.tar.gz --python $(PYTHON)
	$(if $(LEARN),$(BIN)/python -m tests.packaging.smoke dist/*.whl --python $(PYTHON) --learn)

clean:
	rm -rf $(VENV) build dist $(DEMO_OUT) $(DOCS_OUT) *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
