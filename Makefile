# make demo    a real Envoy, the sidecar and a tour of requests      (ONCE=1: end after the tour)
# make test    install, then run all tests                           (PYTEST_ARGS="-k path": some of them)
# make coverage  the same tests, twice as long, and what they do not reach
# make docs    docs/configuration.md and docs/schemas from the settings, docs/cli.md from the commands
# make site    the documentation as a site, in build/site
# make protos  sidecar/protos: the messages that we use of Envoy's interface and of CEL's, and their types
# make crds    tests/plugins/schemas: what k8s/plugins is held against, of others' Go modules (needs Go)
# make monitoring  k8s/monitoring from its data (DOCS=https://…/docs: where links to the documentation lead)
# make dashboards-pictures  docs/images: the dashboards, drawn from a real Prometheus' data (needs prometheus, redis-server)
# make lint    ruff, mypy --strict, import contracts
# make status-pictures  docs/images: the status page of a real sidecar, in Chromium (Debian: chromium, chromium-driver)
# make h2spec  the native transport against h2spec (needs Go)        (docs/h2spec.md)
# make k8s-envoy  k8s: Envoy's configurations, from the example's authz.yaml
# make compose-envoy  the same for envoy/compose
# make test-k8s  k8s: every kustomization and the Helm chart are built, and held against the schemas of Kubernetes 1.34 to 1.37 (needs Go)
# make test-apiserver  the same, and what a real kube-apiserver does with it (needs Go; KUBE="v1.37 v1.36": each built once, minutes)
# make test-node  the pinned pod, on a real node with that API server: kubelet, containerd (root, Docker, Go; docs/node.md)
# make fuzz    the same against random bytes, for SECONDS=60; what it finds goes into build/fuzz
# make fuzz-merge  of what is there, take into tests/fuzz/corpus what reaches something new; to be committed
# make torture  the shared memory, for long: READS=2000000 reads while writers are killed
# make test-wheel  dist/: the wheel, built, and installed by itself, by pip and by pipx
# make release-prepare  every file names VERSION=1.2.3 that has to, and the changelog has its section (docs/releasing.md)
# make release-check  refuses unless changelog, upgrade notes, manifests, chart and git agree on TAG=v1.2.3
# make release  the same, and then dist/release: wheel, source, components, licences, digests, signed with KEY=file
# make test-release  a release of a copy of what is here, with a new key, and what verifies it
# make bench-plugins  what is lost while servers are killed, with Envoy as each plug-in configures it; minutes
# make image   the container image, IMAGE=name:tag, on BASE=an image with Python (docs/image.md); PLATFORM=linux/arm64: for that
# make base-image  such a base, where no registry of images can be reached (Debian, root, debootstrap, Docker)
# make test-containers  that image beside a real Envoy, Redis and Prometheus, each in a container, and envoy/compose (Debian:
#                   docker-compose, prometheus)
# make test-emulated  an image of another PLATFORM, emulated, beside this machine's Envoy: IMAGE=…, PEERS=… (docs/image.md)
# make image-reproducible  the image made once more comes to the same files
# make lock    requirements/: what the image installs, pinned by version and hash
# make sbom    build/sbom.cdx.json and build/licences.txt: what is in the image
# make bench   one suite, one table: build/bench, ten minutes        (QUICK=1: two; DOCS=1: into docs/benchmarks.md;
#                   ARGS="verify sign": these groups alone)
# make bench-check  a cached check takes no more instructions than it did (valgrind; ARGS=--record: it may, now)
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
KUBE ?= v1.37 v1.36
ENVOY := $(BIN)/authz-sidecar envoy config --listener 0.0.0.0:8080 --config build/k8s
AGENT := shop-orders.authz-agent.svc.cluster.local
CERTIFICATES := /etc/envoy-certificates
# What Envoy gives a check on that node: its own 0.2 where nothing else runs.
CHECK_SECONDS ?= 1
NODE_KUBE := v1.37 kube-apiserver etcd kubelet kube-controller-manager kube-scheduler kubectl
# Where Debian's containernetworking-plugins are.
CNI ?= /usr/lib/cni
# Of which `make protos` takes descriptors.
XDS_PROTOS ?= 1.85.0

DOCKER ?= docker
IMAGE ?= ext-authz-sidecar:dev
PEERS ?= $(IMAGE)-peers
BASE ?= python:3.13-slim-bookworm
# The machine's own, unless it is said; another one is emulated (docs/image.md).
PLATFORM ?=
BUILD = $(DOCKER) build --quiet $(if $(PLATFORM),--platform $(PLATFORM)) $(BUILD_OPTIONS)
# When what is here was committed: so that the same sources come to the same files.
COMMITTED = $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
# What git makes the version.
IMAGE_VERSION ?= $(shell SOURCE_DATE_EPOCH=$(COMMITTED) $(BIN)/hatchling version)
RELEASE ?= dist/release
# Of which components are listed.
WHEEL ?= .

.PHONY: demo test coverage lint docs site protos monitoring dashboards-pictures status-pictures h2spec k8s-envoy k8s-tools compose-envoy test-k8s test-apiserver kube test-node node-images fuzz fuzz-merge torture bench bench-check bench-peers test-wheel release-prepare release-check release test-release image base-image peers-image test-containers test-emulated crds bench-plugins \
	image-reproducible lock sbom clean python-check
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
	$(BIN)/hadolint Dockerfile tests/containers/Dockerfile.peers tests/node/Dockerfile

docs: $(VENV)/.dev
	$(BIN)/python -c 'from sidecar.loading.reference import reference; print(reference(), end="")' >docs/configuration.md
	PYTHONPATH=tools $(BIN)/python -m pages.commands >docs/cli.md
	@mkdir -p docs/schemas
	for name in configuration policies cases; do \
	  $(BIN)/authz-sidecar schema $$name >docs/schemas/$$name.schema.json || exit 1; done

# Apart from everything else: it has old modules of opentelemetry.proto in it, and 3649 files.
# A link that leads nowhere fails it.
site: $(VENV)/.site
	PYTHONPATH=tools $(BIN)/python -m pages . build/pages
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

protos: $(VENV)/.dev
	$(INSTALL) --no-deps --upgrade --target build/xds-protos xds-protos==$(XDS_PROTOS)
	PYTHONPATH=build/xds-protos:tools $(BIN)/python -m protos
	$(BIN)/ruff check --quiet --fix --select F401,I001 sidecar/protos
	$(BIN)/ruff format sidecar/protos

# Apart from everything else: its protobuf is not ours.
crds: $(VENV)/.dev
	$(PYTHON) -m venv build/crds-venv
	build/crds-venv/bin/pip install --quiet --disable-pip-version-check grpcio-tools ruamel.yaml
	PYTHONPATH=tools build/crds-venv/bin/python -m crds

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

# The last one that Debian 12's Go (1.19) builds.
$(BIN)/kustomize: | $(BIN)/python
	GOBIN=$(abspath $(BIN)) go install sigs.k8s.io/kustomize/kustomize/v5@v5.0.3

# The last one for that Go.
$(BIN)/helm: | $(BIN)/python
	GOBIN=$(abspath $(BIN)) go install helm.sh/helm/v3/cmd/helm@v3.12.3

$(BIN)/h2spec: | $(BIN)/python
	GOBIN=$(abspath $(BIN)) go install github.com/summerwind/h2spec/cmd/h2spec@latest

k8s-envoy: $(VENV)/.dev
	@mkdir -p build/k8s
	cp k8s/components/example/authz.yaml build/k8s
	$(BIN)/authz-sidecar keys generate --keep --out build/k8s/signing.jwk --jwks build/k8s/jwks.json
	$(ENVOY)/authz.yaml --upstream 127.0.0.1:8081 >k8s/components/example-envoy/envoy.yaml
	$(ENVOY)/authz.yaml --upstream orders.shop.svc.cluster.local:80 >k8s/overlays/gateway/envoy.yaml
	$(ENVOY)/authz.yaml --upstream 127.0.0.1:8081 --xds k8s/plugins/envoy-xds --xds-as /etc/envoy
	cp k8s/components/example-tenant/authz.yaml build/k8s/tenant.yaml
	$(ENVOY)/tenant.yaml --upstream 127.0.0.1:8081 --sidecar-address $(AGENT) --sidecar-name $(AGENT) --secrets /etc/envoy \
	>k8s/overlays/agent/envoy.yaml
	$(BIN)/authz-sidecar envoy secrets --config build/k8s/tenant.yaml --sidecar-ca $(CERTIFICATES)/ca.crt \
	--client-certificate $(CERTIFICATES)/tls.crt --client-key $(CERTIFICATES)/tls.key k8s/overlays/agent

k8s-tools: $(VENV)/.k8s $(BIN)/kustomize $(BIN)/helm

compose-envoy: $(VENV)/.dev
	@mkdir -p build/compose
	sed 's#file: /run/keys/#file: #' envoy/compose/authz.yaml >build/compose/authz.yaml
	$(BIN)/authz-sidecar keys generate --keep --out build/compose/signing.jwk --jwks build/compose/jwks.json
	$(BIN)/authz-sidecar envoy config --config build/compose/authz.yaml --listener 0.0.0.0:8080 --upstream app:8081 >envoy/compose/envoy.yaml

test-k8s: k8s-tools
	$(BIN)/python -m pytest --numprocesses=0 tests/k8s

# One process, and so one server for all tests.
test-apiserver: k8s-tools kube
	for version in $(KUBE); do \
	  AUTHZ_KUBE=$$(tests/k8s/kube/build.sh $$version) $(BIN)/python -m pytest --numprocesses=0 tests/k8s || exit 1; done

# One process here as well. What it measured is in build/node/report.txt, and on docs/node.md what it once was.
test-node: $(VENV)/.k8s $(BIN)/kustomize node-images
	@command -v containerd >/dev/null && command -v runc >/dev/null && test -x $(CNI)/ptp || { \
	echo "a node takes, on Debian: apt-get install containerd runc containernetworking-plugins (CNI=… where else these are)"; exit 1; }
	tests/k8s/kube/build.sh $(NODE_KUBE) >/dev/null
	AUTHZ_KUBE=$$(tests/k8s/kube/build.sh $(NODE_KUBE)) AUTHZ_CNI=$(CNI) \
	AUTHZ_NODE_IMAGES=$(abspath build/node/images.tar) AUTHZ_NODE_REPORT=$(abspath build/node/report.txt) \
	AUTHZ_IMAGE=$(IMAGE) AUTHZ_PEERS_IMAGE=$(IMAGE)-peers AUTHZ_NODE_CHECK_SECONDS=$(CHECK_SECONDS) \
	tests/node/alone.sh $(BIN)/python -m pytest -p no:randomly --numprocesses=0 tests/node
	@cat build/node/report.txt

# The sidecar's image, and what stands in for Envoy's and the application's. No daemon of Docker's has a part in the node.
node-images: image peers-image
	@mkdir -p build/node
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o build/node/echo tests/node/echo.go
	$(BUILD) --file tests/node/Dockerfile --tag authz-node-echo:dev build/node
	$(DOCKER) save --output build/node/images.tar $(IMAGE) $(IMAGE)-peers authz-node-echo:dev

kube:
	for version in $(KUBE); do tests/k8s/kube/build.sh $$version || exit 1; done

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

test-wheel: $(VENV)/.release
	$(BIN)/python tests/gates/wheel.py dist

release-prepare: $(VENV)/.dev
	PYTHONPATH=tools $(BIN)/python -m releasing prepare $(VERSION)

release-check: $(VENV)/.release
	PYTHONPATH=tools $(BIN)/python -m releasing check $(TAG)

# The wheel is built from the source distribution, as whoever has that alone would.
release: release-check
	@test -n "$(KEY)" || { echo "KEY=file: what it is signed with; KEY=none: not here (docs/releasing.md)"; exit 1; }
	rm -rf $(RELEASE) build/release && mkdir -p $(RELEASE) build/release
	SOURCE_DATE_EPOCH=$(COMMITTED) $(BIN)/hatchling build --target sdist --directory $(abspath $(RELEASE))
	tar --extract --gzip --strip-components 1 --directory build/release --file $(RELEASE)/*.tar.gz
	cd build/release && SOURCE_DATE_EPOCH=$(COMMITTED) $(abspath $(BIN))/hatchling build --target wheel --directory $(abspath $(RELEASE))
	$(MAKE) sbom WHEEL="$$(ls $(RELEASE)/*.whl)"
	cp build/sbom.cdx.json $(RELEASE)/ext_authz_sidecar-$(TAG:v%=%).cdx.json
	cp build/licences.txt $(RELEASE)/ext_authz_sidecar-$(TAG:v%=%).licences.txt
	PYTHONPATH=tools $(BIN)/python -m releasing $(if $(filter none,$(KEY)),sums $(RELEASE),sign $(RELEASE) $(KEY))

test-release: $(VENV)/.release
	$(BIN)/python tests/gates/release.py

image: $(VENV)/.build
	$(BUILD) --build-arg BUILD_BASE=$(BASE) --build-arg RUN_BASE=$(BASE) --build-arg SOURCE_DATE_EPOCH=$(COMMITTED) \
	--build-arg REVISION=$$(git rev-parse HEAD 2>/dev/null || echo unknown) --build-arg VERSION=$(IMAGE_VERSION) --tag $(IMAGE) .

base-image:
	DOCKER=$(DOCKER) tests/containers/base_image.sh $(BASE) $(PLATFORM)

peers-image: $(VENV)/.dev
	@mkdir -p build/containers
	cp "$$($(BIN)/python -c 'import envoy; print(envoy.__path__[0])')/_bin/envoy" build/containers/
	cp "$$(command -v prometheus)" build/containers/
	$(BUILD) --build-arg BASE=$(BASE) --file tests/containers/Dockerfile.peers --tag $(IMAGE)-peers build/containers

test-containers: image peers-image
	AUTHZ_IMAGE=$(IMAGE) AUTHZ_PEERS_IMAGE=$(IMAGE)-peers $(BIN)/python -m pytest tests/containers

# But for Docker's own health check, which has five seconds.
test-emulated: $(VENV)/.dev
	AUTHZ_IMAGE=$(IMAGE) AUTHZ_PEERS_IMAGE=$(PEERS) AUTHZ_START_SECONDS=300 $(BIN)/python -m pytest --numprocesses=0 --timeout=900 \
	tests/containers/test_tour.py -k "not healthy"

image-reproducible: image
	$(MAKE) image IMAGE=$(IMAGE)-again BUILD_OPTIONS="--no-cache $(BUILD_OPTIONS)"
	DOCKER=$(DOCKER) tests/containers/same_files.sh $(IMAGE) $(IMAGE)-again

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --constraint constraints.txt

lock: $(VENV)/.image
	$(LOCK) --extra otel pyproject.toml --output-file requirements/run.lock
	$(LOCK) requirements/build.in --output-file requirements/build.lock

# Of a virtual environment made as the image's is.
sbom: $(VENV)/.image
	rm -rf build/image-venv && $(PYTHON) -m venv build/image-venv
	build/image-venv/bin/pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps --requirement requirements/run.lock
	build/image-venv/bin/pip install --quiet --disable-pip-version-check --no-compile --no-deps $(WHEEL)
	build/image-venv/bin/pip uninstall --quiet --yes pip setuptools 2>/dev/null
	$(BIN)/cyclonedx-py environment --output-reproducible --validate --pyproject pyproject.toml --output-file build/sbom.cdx.json \
	build/image-venv
	PYTHONPATH=tools $(BIN)/python -m releasing component build/sbom.cdx.json \
	"$$(build/image-venv/bin/python -c 'from importlib.metadata import version; print(version("ext-authz-sidecar"))')"
	$(BIN)/pip-licenses --python build/image-venv/bin/python --format plain --order license --with-system >build/licences.txt

$(VENV)/.image: $(VENV)/.dev
	$(INSTALL) --editable '.[dev,image]'
	@touch $@

$(VENV)/.release: $(VENV)/.dev $(VENV)/.build
	$(INSTALL) --editable '.[dev,release]'
	@touch $@ $(VENV)/.image

# What builds the wheel, as in the image.
$(VENV)/.build: requirements/build.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements/build.lock
	@touch $@

$(VENV)/.site: $(VENV)/.dev
	$(INSTALL) --editable '.[dev,site]'
	@touch $@

$(VENV)/.k8s: $(VENV)/.dev
	$(INSTALL) --editable '.[dev,k8s]'
	@touch $@

# Noise does not disturb it: instructions are counted.
bench-check: $(VENV)/.dev
	$(BIN)/python benchmarks/instructions.py $(ARGS)

# To be taken on a machine that does nothing else: it says so where it is not.
bench: $(VENV)/.dev
	PYTHONPATH=benchmarks $(BIN)/python -m suite $(if $(QUICK),--size quick) $(if $(DOCS),--docs) $(ARGS)

bench-peers: $(VENV)/.bench
	PYTHONPATH=benchmarks $(BIN)/python -m peers $(if $(QUICK),--quick) $(if $(OPA),--opa $(OPA)) \
	$(if $(TOOLS),--tools $(TOOLS)) $(ARGS)

bench-plugins: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python benchmarks/plugin_kills.py $(ARGS)

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
