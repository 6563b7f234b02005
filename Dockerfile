# The command `mnist-cnn serve` as an image.
#
#   docker build --tag mnist-cnn .
#   docker run --rm --read-only --publish 8000:8000 mnist-cnn      then open http://127.0.0.1:8000/
#
# With --env MNIST_CNN_TOKEN=... the reader requires that bearer token.

FROM python:3.11-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY benchmarks/results/accuracy-*.json benchmarks/results/
COPY src src
RUN python -m venv /opt/mnist-cnn
RUN /opt/mnist-cnn/bin/pip install --no-cache-dir --constraint constraints.txt '.[web]'

FROM python:3.11-slim
COPY --from=build /opt/mnist-cnn /opt/mnist-cnn
# ONNX Runtime sends usage data to its vendor and stores an identifier in the home directory, unless this is set.
ENV ORT_DISABLE_TELEMETRY=1
# Uploads of more than 1 MB are stored in /tmp while they are received. A volume is writable with --read-only, too.
VOLUME ["/tmp"]
USER 65534:65534
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["/opt/mnist-cnn/bin/python", "-c", "from http.client import HTTPConnection as H; c = H('127.0.0.1', 8000, timeout=4); c.request('GET', '/healthz'); exit(c.getresponse().status != 200)"]
CMD ["/opt/mnist-cnn/bin/mnist-cnn", "serve", "--host", "0.0.0.0", "--port", "8000"]
