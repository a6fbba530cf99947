# syntax=docker/dockerfile:1
# Four images of one code base: `docker build --target dashboard .`, and so on. docs/images.md says more.

# Production builds name the base by its digest: --build-arg PYTHON_IMAGE=docker.io/library/python@sha256:...
ARG PYTHON_IMAGE=docker.io/library/python:3.13-slim-trixie
ARG BUILD_IMAGE=${PYTHON_IMAGE}

FROM ${BUILD_IMAGE} AS builder
WORKDIR /build
# The first pip that takes hashes from a constraints file is newer than the one in the base image.
RUN python3 -m venv /builder && /builder/bin/pip install --no-cache-dir pip==26.3
COPY pyproject.toml requirements.lock ./
# One list an extra; the lock says the versions and hashes of what they need.
RUN python3 -c "import pathlib, tomllib; \
project = tomllib.loads(pathlib.Path('pyproject.toml').read_text())['project']; \
[pathlib.Path(f'{extra}.in').write_text('\n'.join(project['dependencies'] + needs)) \
for extra, needs in project['optional-dependencies'].items()]"
ENV PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_REQUIRE_HASHES=1 PIP_CONSTRAINT=/build/requirements.lock
# setuptools builds what has no wheel; the last step of each list removes it again.
RUN python3 -m venv --without-pip /app && /builder/bin/pip --python /app/bin/python install setuptools

FROM builder AS metrics-api-packages
RUN /builder/bin/pip --python /app/bin/python install --no-build-isolation --requirement metrics-api.in \
    && /builder/bin/pip --python /app/bin/python uninstall --yes setuptools \
    && /app/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /app/lib

FROM builder AS dashboard-packages
RUN /builder/bin/pip --python /app/bin/python install --no-build-isolation --requirement dashboard.in \
    && /builder/bin/pip --python /app/bin/python uninstall --yes setuptools \
    && /app/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /app/lib

FROM builder AS report-worker-packages
RUN /builder/bin/pip --python /app/bin/python install --no-build-isolation --requirement report-worker.in \
    && /builder/bin/pip --python /app/bin/python uninstall --yes setuptools \
    && /app/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /app/lib

FROM builder AS email-worker-packages
RUN /builder/bin/pip --python /app/bin/python install --no-build-isolation --requirement email-worker.in \
    && /builder/bin/pip --python /app/bin/python uninstall --yes setuptools \
    && /app/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /app/lib

FROM builder AS code
COPY README.md ./
COPY services services
COPY shared shared
# Each service with what is shared, and without the other services; the command line is in the API's image alone, and the
# local stack in none.
RUN PIP_REQUIRE_HASHES=0 PIP_CONSTRAINT='' /builder/bin/pip --python /app/bin/python install \
    --no-deps --no-build-isolation --prefix /code . \
    && rm -r /code/bin && mkdir /services \
    && /app/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash -s /code -p /app /code/lib \
    && for service in metrics_api dashboard report_worker email_worker; do \
        cp -r /code "/services/${service}" \
        && find "/services/${service}/lib" -maxdepth 3 -type d ! -name "${service}" \
            \( -name metrics_api -o -name dashboard -o -name report_worker -o -name email_worker \) \
            -exec rm -r {} + || exit 1; \
        find "/services/${service}/lib" -maxdepth 4 -type d -path '*/viral_cli/local' -exec rm -r {} + || exit 1; \
    done \
    && for service in dashboard report_worker email_worker; do \
        find "/services/${service}/lib" -maxdepth 3 -type d -name viral_cli -exec rm -r {} + || exit 1; \
    done

FROM ${PYTHON_IMAGE} AS runtime
ARG VERSION=1.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.vendor="Viral Guardrails" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Nothing is installed any more, so what installs goes too.
RUN rm -rf /usr/local/lib/python3*/site-packages/* /usr/local/lib/python3*/ensurepip /usr/local/bin/pip* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin viral
ENV PATH=/app/bin:$PATH \
    HOME=/tmp TMPDIR=/tmp TZ=UTC LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    LOG_FORMAT=json
WORKDIR /app
USER 10001:10001
STOPSIGNAL SIGTERM

FROM runtime AS metrics-api
LABEL org.opencontainers.image.title="Viral Guardrails: metrics API" \
      org.opencontainers.image.description="Takes in events, detects, scores, and owns the database."
COPY --from=metrics-api-packages /app /app
COPY --from=code /services/metrics_api /app
ENV BIND_HOST=0.0.0.0 METRICS_API_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["/app/bin/python", "-m", "viral_runtime.web.health_check", "METRICS_API_PORT"]
ENTRYPOINT ["/app/bin/python", "-m", "metrics_api"]
CMD ["web"]

FROM runtime AS dashboard
LABEL org.opencontainers.image.title="Viral Guardrails: dashboard" \
      org.opencontainers.image.description="The pages that people see."
COPY --from=dashboard-packages /app /app
COPY --from=code /services/dashboard /app
ENV BIND_HOST=0.0.0.0 DASHBOARD_PORT=8050
EXPOSE 8050
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["/app/bin/python", "-m", "viral_runtime.web.health_check", "DASHBOARD_PORT"]
ENTRYPOINT ["/app/bin/python", "-m", "dashboard"]

FROM runtime AS report-worker
LABEL org.opencontainers.image.title="Viral Guardrails: report worker" \
      org.opencontainers.image.description="Writes reports, does batches, and ticks the schedule."
COPY --from=report-worker-packages /app /app
COPY --from=code /services/report_worker /app
ENV HEARTBEAT_FILE=/tmp/heartbeat
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["/app/bin/python", "-m", "viral_runtime.web.health_check", "HEARTBEAT_FILE"]
ENTRYPOINT ["/app/bin/python", "-m", "report_worker"]
CMD ["work", "performance_reports"]

FROM runtime AS email-worker
LABEL org.opencontainers.image.title="Viral Guardrails: email worker" \
      org.opencontainers.image.description="Sends reports by email and notifications of alerts."
COPY --from=email-worker-packages /app /app
COPY --from=code /services/email_worker /app
ENV HEARTBEAT_FILE=/tmp/heartbeat
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["/app/bin/python", "-m", "viral_runtime.web.health_check", "HEARTBEAT_FILE"]
ENTRYPOINT ["/app/bin/python", "-m", "email_worker"]
CMD ["work", "email_delivery"]
