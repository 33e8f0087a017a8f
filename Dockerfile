# The sidecar's image:  docker build -t ext-authz-sidecar .        (make image: the same from here, docs/image.md)
#
# Both bases must have the same Python at the same place. The one that runs needs Python alone: no pip, no shell.
ARG BUILD_BASE=python:3.13-slim-bookworm
ARG RUN_BASE=python:3.13-slim-bookworm

FROM ${BUILD_BASE} AS build
# Seconds since the epoch: with it the same sources come to the same files, times of change included.
ARG SOURCE_DATE_EPOCH=0
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ONLY_BINARY=:all: PIP_REQUIRE_HASHES=1 PYTHONDONTWRITEBYTECODE=1
COPY requirements /requirements
RUN python3 -m venv /build \
    && /build/bin/pip install --quiet --no-deps --requirement /requirements/build.lock \
    && python3 -m venv --without-pip /opt/authz \
    && /build/bin/pip --python /opt/authz/bin/python install --quiet --no-compile --no-deps --requirement /requirements/run.lock
COPY LICENSE README.md pyproject.toml /source/
COPY sidecar /source/sidecar
# Here is no git to ask for it; make image does (docs/releasing.md).
ARG VERSION=0.0.0
# Compiled by content, not by time: a file system that cannot be written to keeps what is compiled here.
RUN export PIP_REQUIRE_HASHES=0 SOURCE_DATE_EPOCH SETUPTOOLS_SCM_PRETEND_VERSION="$VERSION" \
    && /build/bin/pip wheel --quiet --no-build-isolation --no-deps --wheel-dir /wheel /source \
    && /build/bin/pip --python /opt/authz/bin/python install --quiet --no-compile --no-deps --no-index /wheel/*.whl \
    && /opt/authz/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/authz/lib \
    && find /opt/authz -exec touch --no-dereference --date=@"$SOURCE_DATE_EPOCH" {} +

FROM ${RUN_BASE}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ext-authz-sidecar" \
      org.opencontainers.image.description="External authorization server (ext_authz) for Envoy" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/authz /opt/authz
# So that `docker exec` and `kubectl exec` find the commands.
ENV PYTHONUNBUFFERED=1 PATH=/opt/authz/bin:$PATH
USER 65532:65532
EXPOSE 9190
STOPSIGNAL SIGTERM
# Where probes are elsewhere: AUTHZ_PROBE_LISTEN, which the configuration goes by as well.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["/opt/authz/bin/authz-sidecar", "health"]
ENTRYPOINT ["/opt/authz/bin/authz-sidecar"]
CMD ["serve", "--config", "/etc/authz/authz.yaml"]
