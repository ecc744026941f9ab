# Each target makes what it needs in .venv, once; pip runs again only after pyproject.toml has changed,
# so the second time everything works without a network.

PYTHON ?= python3
ARGS   ?=
WORKERS ?= 2
VENV   := .venv
RUN    := $(VENV)/bin/python

# One BLAS thread: the matrices are small, and two workers with two threads each are slower than with one.
OMP_NUM_THREADS ?= 1
OPENBLAS_NUM_THREADS ?= 1
MKL_NUM_THREADS ?= 1
export OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help test test-peers test-clients test-cluster mutants vectors-check replicate replicate-full report walkthrough replicate-rivals docs bench lint clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-16s %s\n' "$$name" "$$text"; done
	@echo '  Variables: PYTHON=python3.12 (any Python from 3.11 on), ARGS="..." (handed to the command), WORKERS=2 (of the tests)'

# A file's tests run in one worker, in its order, so that what they share is made once; files marked long come first (tests/conftest.py). The benchmark plugin warns beside workers.
test: $(VENV)/with-test  ## the test suite in two processes (WORKERS=0: in one, with --pdb), warnings are errors
	$(RUN) -m pytest -p no:benchmark -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

# The frameworks' warnings are their own.
test-peers: $(VENV)/with-peers  ## the verdicts on real clients: SciPy, scikit-learn, JAX, autograd; torch, tensorflow if installed
	$(RUN) -m pytest tests/peers -W default $(ARGS)

# One environment a package, as it was installed when its verdicts were recorded, removed again unless KEEP=1; not in CI.
CLIENT ?=
KEEP   ?=
CLIENT_VENV = $(VENV)/clients/$(CLIENT)
test-clients:  ## the verdicts on a package that brings such losses: CLIENT=sbi, one of tests/peers/packages/*.txt; KEEP=1 keeps its environment
	@test -f 'tests/peers/packages/$(CLIENT).txt' || { echo "CLIENT=NAME, one of: $$(cd tests/peers/packages && echo *.txt | sed 's/\.txt//g')"; exit 1; }
	@test -x '$(CLIENT_VENV)/bin/python' || '$(PYTHON)' -m venv '$(CLIENT_VENV)'
	'$(CLIENT_VENV)/bin/python' -m pip install --quiet --no-deps -r 'tests/peers/packages/$(CLIENT).txt'
	NCE_REF_CLIENT=$(CLIENT) '$(CLIENT_VENV)/bin/python' -m pytest tests/peers/test_verdicts.py -k recorded_one -p no:cacheprovider -W default $(ARGS)
	@test -n '$(KEEP)' || rm -rf '$(CLIENT_VENV)'

test-cluster: $(VENV)/with-test $(VENV)/with-cluster  ## the replication's runner on real Dask clusters of this machine
	$(RUN) -m pytest tests/cluster -W default $(ARGS)

# What was recorded and run stays in tests/mutants/results; delete it, or record again, after a change of tests or sources.
mutants: $(VENV)/with-mutants  ## small changes to the numerical files: does the suite notice each? Half an hour; resumes
	test -e tests/mutants/results/map.json || $(RUN) -m tests.mutants record
	$(RUN) -m tests.mutants run $(ARGS)

vectors-check: $(VENV)/with-test  ## recompute every expected number of the oracle's vectors
	$(RUN) -m nce_ref emit --check $(ARGS)

replicate: $(VENV)/with-replicate  ## the paper's main claims again, in two minutes on 2 cores
	$(RUN) -m paper_replication run --profile quick $(ARGS)

replicate-full: $(VENV)/with-replicate  ## the same with 500 matrices and T up to 32000, twenty minutes on 2 cores; resumes
	$(RUN) -m paper_replication run --profile full $(ARGS)

report: $(VENV)/with-replicate  ## rebuild the committed report from the committed runs
	$(RUN) -m paper_replication report $(ARGS)

walkthrough: $(VENV)/with-walkthrough  ## a network as log-density: a walkthrough's faults and the right way, three minutes on 2 cores; resumes
	$(RUN) -m paper_replication walkthrough $(ARGS)

replicate-rivals: $(VENV)/with-replicate  ## the rivals of Figure 1 (a), (b) and the sweep over nu, five minutes on 2 cores; ARGS="--profile full" for all; resumes
	$(RUN) -m paper_replication rivals --profile quick $(ARGS)

docs: $(VENV)/with-docs  ## the reference of the public names as HTML in build/docs, and the guide's pictures
	$(RUN) -m tests.docs.pictures
	$(RUN) -m pdoc --docformat numpy --output-directory build/docs nce_ref $(ARGS)

bench: $(VENV)/with-test $(VENV)/with-peers $(VENV)/with-replicate  ## time kernels and fits beside their peers, write benchmarks/REPORT.md (20 minutes)
	$(RUN) -m pytest benchmarks -W default --benchmark-only --benchmark-columns=min,median,iqr,rounds $(ARGS)
	$(RUN) -m benchmarks.report

lint: $(VENV)/with-lint  ## ruff on everything, mypy on nce_ref, the vectors against their JSON Schema
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(RUN) -m pytest -q tests/schema

clean:  ## remove the environment and every cache; results of runs stay
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What is wrong with $(PYTHON): one line with the remedy, empty if nothing. $(error) prints it and stops before any pip.
other   = name another: make PYTHON=python3.12 $(MAKECMDGOALS)
problem = $(shell command -v '$(PYTHON)' >/dev/null 2>&1 || { echo 'no command "$(PYTHON)" here; install Python 3.11 or newer, or $(other)'; exit; }; \
  '$(PYTHON)' -c 'import sys; v = sys.version_info; \
  v < (3, 11) and sys.exit("nce_ref needs Python 3.11 or newer and $(PYTHON) is %d.%d; $(other)" % (v[0], v[1])); \
  from importlib.util import find_spec; \
  missing = [m for m in ("venv", "ensurepip") if find_spec(m) is None]; \
  missing and sys.exit("$(PYTHON) has no module %s; install it (Debian, Ubuntu: apt-get install python3-venv) or $(other)" % missing[0])' 2>&1)

$(VENV)/bin/python:
	$(if $(problem),$(error $(problem)))
	@'$(PYTHON)' -m venv $(VENV)

# One stamp an extra; the package itself is installed in place, so the code that runs is the code you edit.
$(VENV)/with-%: pyproject.toml | $(VENV)/bin/python
	@echo "installing what $* needs into $(VENV) (once)"
	@$(RUN) -m pip install --quiet --editable '.[$*]'
	@touch $@
