# docker build -t bitdial . && docker run --rm -p 8501:8501 -v bitdial:/app/artifacts bitdial
# Locked down: add --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges; any --user does.
#
# The base goes by its tag, so that a new build takes in its security fixes. Who must have the same bytes twice pins a
# digest: docker build --build-arg PYTHON=python:3.11-slim@sha256:… .
ARG PYTHON=python:3.11-slim

# hadolint ignore=DL3006
FROM ${PYTHON} AS build
WORKDIR /app
COPY requirements.lock ./
# The environment has what the server imports and no pip; compiled here, because nobody may write into it later.
RUN python -m venv --without-pip /opt/venv \
    && python -m pip --disable-pip-version-check --python /opt/venv/bin/python install \
        --no-cache-dir --compile --require-hashes -r requirements.lock
ENV PATH=/opt/venv/bin:$PATH \
    OMP_NUM_THREADS=1
COPY . .
RUN python -m compileall -q --invalidation-mode unchecked-hash app.py core pages
# The default model with its twin of 8 bits, as a file to look at; `inspect` checks its checksum and its probe rows.
# The server does not wait for it: it trains this model within milliseconds. The log of all this belongs in no image.
RUN mkdir models \
    && python -m core train --out models/original.safetensors \
    && python -m core quantize models/original.safetensors --bits 8 --out models/default.safetensors \
    && python -m core inspect models/default.safetensors \
    && rm -r artifacts

# hadolint ignore=DL3006
FROM ${PYTHON}
LABEL org.opencontainers.image.title="Bitdial" \
      org.opencontainers.image.description="Turn the bit width down and see what your model loses." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"
# HOME is where anybody may write: an arbitrary user has no folder of its own.
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    PORT=8501 \
    BASE_PATH=
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# Group 0 may write here and nowhere else: every user that has no entry in the image belongs to it.
RUN mkdir artifacts && chmod 775 artifacts
USER 10001:0

EXPOSE 8501
VOLUME ["/app/artifacts"]

HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["python", "deploy/health.py"]

# exec: the server is process 1 and gets the signal.
STOPSIGNAL SIGTERM
CMD ["sh", "-c", "exec python -m streamlit run app.py --server.port \"${PORT}\" --server.baseUrlPath \"${BASE_PATH}\" --server.address 0.0.0.0 --server.headless true"]
