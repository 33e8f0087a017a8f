# make demo    a real Envoy, the sidecar and a tour of requests      (ONCE=1: end after the tour)
# make test    install, then run all tests                           (PYTEST_ARGS="-k path": some of them)
# make coverage  the same tests, twice as long, and what they do not reach
# make docs    docs/configuration.md and docs/schemas from the settings
# make protos  sidecar/protos: the messages that we use of Envoy's interface and of CEL's, and their types
# make monitoring  k8s/monitoring from its data (DOCS=https://…/docs: where links to the documentation lead)
# make dashboards-pictures  docs/images: the dashboards, drawn from a real Prometheus' data (needs prometheus, redis-server)
# make lint    ruff, mypy --strict, import contracts
# make status-pictures  docs/images: the status page of a real sidecar, in Chromium (Debian: chromium, chromium-driver)
# make kustomize  every kustomization of k8s, built with kustomize (needs Go)
# make h2spec  the native transport against h2spec (needs Go)        (docs/h2spec.md)
# make fuzz    the same against random bytes, for SECONDS=60; what it finds goes into build/fuzz
# make fuzz-merge  of what is there, take into tests/fuzz/corpus what reaches something new; to be committed
# make torture  the shared memory, for long: READS=2000000 reads while writers are killed
# make bench-peers  the sidecar beside its peers: docs/benchmarks-peers.md, an hour (QUICK=1: minutes, into build/;
#                   OPA=PATH: OPA with its Envoy plugin; TOOLS=DIR: where wrk and vegeta are; ARGS="--rounds 3")
VENV ?= .venv
BIN := $(VENV)/bin
# The newest Python that is supported, of those that there are.
PYTHON ?= $(shell for python in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null \
	&& echo $$python && break; done)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

SECONDS ?= 60
FUZZ := PYTHONPATH=tests $(BIN)/python tests/fuzz/fuzz_connection.py
READS ?= 2000000
# Of which `make protos` takes descriptors.
XDS_PROTOS ?= 1.85.0

.PHONY: demo test coverage lint docs protos monitoring dashboards-pictures status-pictures kustomize h2spec fuzz fuzz-merge torture bench-peers clean python-check
.DELETE_ON_ERROR:

demo: $(VENV)/.demo
	@$(BIN)/authz-sidecar demo $(if $(ONCE),--once)

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(PYTEST_ARGS)

# Not in "make test": measured, every sidecar that a test starts takes twice as long.
coverage: $(VENV)/.dev
	$(BIN)/python -m pytest --cov=sidecar --cov-report=term:skip-covered $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: $(VENV)/.dev
	$(BIN)/python -c 'from sidecar.loading.reference import reference; print(reference(), end="")' >docs/configuration.md
	@mkdir -p docs/schemas
	for name in configuration policies cases; do \
	  $(BIN)/authz-sidecar schema $$name >docs/schemas/$$name.schema.json || exit 1; done

# Apart from everything else: it has old modules of opentelemetry.proto in it, and 3649 files.
protos: $(VENV)/.dev
	$(INSTALL) --no-deps --upgrade --target build/xds-protos xds-protos==$(XDS_PROTOS)
	PYTHONPATH=build/xds-protos:tools $(BIN)/python -m protos
	$(BIN)/ruff check --quiet --fix --select F401,I001 sidecar/protos
	$(BIN)/ruff format sidecar/protos

monitoring: $(VENV)/.dev
	PYTHONPATH=k8s/monitoring $(BIN)/python -m authz_monitoring $(if $(DOCS),--docs $(DOCS))

dashboards-pictures: $(VENV)/.dev $(VENV)/.bench
	PYTHONPATH=k8s/monitoring:tests $(BIN)/python -m monitoring.pictures docs/images

# Three minutes, so that the curves have a shape. In "make test" the same goes into build/screenshots, at once.
status-pictures: $(VENV)/.dev
	AUTHZ_SCREENSHOTS=docs/images AUTHZ_SCREENSHOTS_AFTER=180 $(BIN)/python -m pytest --numprocesses=0 --timeout=600 \
	tests/status/test_browser.py

h2spec: $(VENV)/.dev $(BIN)/h2spec
	$(BIN)/python tests/gates/h2spec.py $(BIN)/h2spec

kustomize: $(VENV)/.dev $(BIN)/kustomize
	$(BIN)/python tests/gates/kustomize.py $(BIN)/kustomize

# The last one that Debian 12's Go (1.19) builds.
$(BIN)/kustomize: | $(BIN)/python
	GOBIN=$(abspath $(BIN)) go install sigs.k8s.io/kustomize/kustomize/v5@v5.0.3

$(BIN)/h2spec: | $(BIN)/python
	GOBIN=$(abspath $(BIN)) go install github.com/summerwind/h2spec/cmd/h2spec@latest

fuzz: $(VENV)/.fuzz
	@mkdir -p build/fuzz
	$(FUZZ) -max_total_time=$(SECONDS) build/fuzz tests/fuzz/corpus

fuzz-merge: $(VENV)/.fuzz
	@mkdir -p build/fuzz
	$(FUZZ) -merge=1 -use_counters=0 tests/fuzz/corpus build/fuzz

# In "make test" it is the same with fewer of each.
torture: $(VENV)/.dev
	AUTHZ_TORTURE_READS=$(READS) AUTHZ_TORTURE_KILLS=20000 $(BIN)/python -m pytest --timeout=3600 \
	tests/memory/test_torture.py tests/memory/test_denylist_torture.py tests/memory/test_ring_torture.py

$(VENV)/.fuzz: $(VENV)/.dev
	$(INSTALL) --editable '.[dev,fuzz]'
	@touch $@

bench-peers: $(VENV)/.bench
	PYTHONPATH=benchmarks $(BIN)/python -m peers $(if $(QUICK),--quick) $(if $(OPA),--opa $(OPA)) \
	$(if $(TOOLS),--tools $(TOOLS)) $(ARGS)

$(VENV)/.bench: $(VENV)/.demo
	$(INSTALL) matplotlib
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[dev]'
	@touch $@ $(VENV)/.demo

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[demo]'
	@touch $@

$(BIN)/python: | python-check
	$(PYTHON) -m venv $(VENV)

python-check:
	@test -n "$(PYTHON)" || { \
	echo "Python 3.11 to 3.14 is needed; on Debian or Ubuntu: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "$(PYTHON) lacks venv; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
