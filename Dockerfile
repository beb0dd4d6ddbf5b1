# docker build -t bitdial . && docker run --rm -p 8501:8501 bitdial
# Keep saved models with: -v bitdial:/app/artifacts
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    MALLOC_ARENA_MAX=2 \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    PORT=8501

WORKDIR /app
COPY requirements.lock ./
# pip compiles what it installs: the server's user cannot write into site-packages.
RUN pip install --compile --require-hashes -r requirements.lock

COPY . .
# Only artifacts/ is writable for the server's user.
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin bitdial \
    && mkdir -p artifacts && chown 10001:10001 artifacts
USER 10001

EXPOSE 8501
VOLUME ["/app/artifacts"]

# Any unknown path answers 200 with the HTML page, so the health check parses the JSON.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import json, os, urllib.request as u; r = json.load(u.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/api/health\", timeout=4)); raise SystemExit(r['status'] != 'ok')"]

# exec: the server is process 1 and gets the stop signal.
CMD ["sh", "-c", "exec streamlit run app.py --server.port \"${PORT}\" --server.address 0.0.0.0 --server.headless true"]
