# Everything a newcomer types. The demos and `make test` install what they need: Debian packages through this
# machine's own apt, Python packages from a hash-pinned lock through its own pip configuration.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev

.PHONY: demo demo-active-passive test test-long unit lab-image test-packages check lock clean packages golden reference bench-plan help

help:
	@echo "make demo        build a lab, apply examples/three-controllers.yaml, power off the VIP holder, report"
	@echo "make demo-active-passive   the same with examples/guide-two-node.yaml: MySQL and RabbitMQ on DRBD, fenced"
	@echo "make test        everything that CI runs, the lab tests included"
	@echo "make test-long   the lab tests that take longest: the guide's two nodes without any power, sbd, a router that moves ..."
	@echo "make check       formatting, lint, types, who may import whom"
	@echo "make golden      write what is recorded of our output anew (look at the diff before committing it)"
	@echo "make reference   write docs/reference anew from the code"
	@echo "make bench-plan  the no-op plan beside the same end state in Ansible"
	@echo "make lock        pin the Python packages anew"
	@echo "make clean       remove the virtual environment and what was built here; labs: fournines lab down"

demo: packages $(RUN_STAMP)
	@scripts/demo

demo-active-passive: packages $(RUN_STAMP)
	@scripts/demo active-passive

# Labs of containers wait more than they work, so two stand side by side. Kernels as processes need both processors.
test: test-packages $(DEV_STAMP)
	$(MAKE) --jobs 2 unit lab-image
	$(BIN)/pytest -m "lab and not (long or own_kernel)" --numprocesses 2 --dist loadfile --durations 15
	$(BIN)/pytest -m "lab and own_kernel and not long" --durations 15

test-long: test-packages $(DEV_STAMP)
	$(BIN)/pytest -m long --durations 15

unit: check
	$(BIN)/pytest -m "not lab" --numprocesses 2 --dist worksteal

# With the processor time that the tests leave. Where there can be no lab, the lab's tests say why.
lab-image: $(DEV_STAMP)
	-nice -n 19 $(BIN)/fournines lab image examples/guide-two-node.yaml

check: $(DEV_STAMP)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

golden: $(DEV_STAMP)
	$(BIN)/pytest tests/golden tests/cluster/test_timers.py tests/layers/api/test_artifacts.py --golden-update

reference: $(DEV_STAMP)
	$(BIN)/python scripts/reference

bench-plan: packages $(DEV_STAMP)
	$(BIN)/python benchmarks/plan/run.py

packages:
	@scripts/install-packages

test-packages:
	@scripts/install-packages tests

$(BIN)/python: | packages
	$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_STAMP): requirements-dev.lock $(RUN_STAMP)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

lock: $(DEV_STAMP)
	scripts/lock

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests benchmarks scripts -name __pycache__ -type d -prune -exec rm -rf {} +
