# CPU by default; for NVIDIA GPUs: docker build --build-arg TORCH_BACKEND=cu128 .
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
ARG TORCH_BACKEND=cpu
WORKDIR /build
COPY requirements.txt .
# The tools stay in this stage. uv knows where PyTorch keeps its builds; without an answer from there pip takes its own.
RUN python3 -m venv /opt/tools \
    && /opt/tools/bin/pip install --no-cache-dir --disable-pip-version-check uv==0.13.9 \
    && python3 -m venv --without-pip /opt/venv
RUN if [ -n "$TORCH_BACKEND" ] && ! UV_HTTP_TIMEOUT=20 UV_HTTP_CONNECT_TIMEOUT=5 UV_HTTP_RETRIES=1 \
    /opt/tools/bin/uv pip install --no-cache --python /opt/venv/bin/python --torch-backend "$TORCH_BACKEND" \
    -c requirements.txt torch torchvision; \
    then echo "PyTorch's own index gave no build for $TORCH_BACKEND: pip takes its default one, on Linux up to 2.7 GB."; fi \
    && /opt/tools/bin/pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check \
    -r requirements.txt

# The images of MNIST and Fashion-MNIST. Where the network does not allow it the build goes on without them.
FROM build AS images
COPY core core
RUN mkdir -p /opt/images \
    && for dataset in mnist fashion; do \
    LT_DATA=/opt/images /opt/venv/bin/python -m core download --dataset "$dataset" \
    || echo "$dataset is not in this image: python -m core download --dataset $dataset fetches it into the volume."; \
    done \
    && find /opt/images -type f \( -name '*.gz*' -o -name '*.lock' \) -delete

FROM ${BASE}
LABEL org.opencontainers.image.title="Latent Trajectories" \
      org.opencontainers.image.description="Repeated inference of variational autoencoders as trajectories in latent space" \
      org.opencontainers.image.authors="The Latent Trajectories authors" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="0.1.0"
COPY --from=build /opt/venv /opt/venv
COPY --from=images /opt/images /opt/images
WORKDIR /app
COPY . .
# Everything that is written goes to /data, so that the root can be read-only. To serve under a prefix:
# docker run -e DASH_URL_BASE_PATHNAME=/latent/ (with both slashes). REDIS_URL and LT_DEVICE are passed the same way.
ENV PATH=/opt/venv/bin:$PATH \
    HOST=0.0.0.0 PORT=8050 DASH_URL_BASE_PATHNAME=/ \
    HOME=/data TMPDIR=/data/tmp LT_DATA=/data/images LT_MODELS=/data/models LT_CACHE=/data/cache
RUN python -m compileall -q /app && mkdir /data && chown 10001:10001 /data
USER 10001:10001
VOLUME /data
EXPOSE 8050
# http.client and not urllib, which would ask the proxy that Docker may put into the environment.
HEALTHCHECK --interval=30s --timeout=6s --start-period=60s --retries=3 CMD ["python", "-c", "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=5); c.request('GET', os.environ['DASH_URL_BASE_PATHNAME'] + 'health'); raise SystemExit(c.getresponse().status != 200)"]
# A mounted /data hides what the image has there. So the images live beside it, and links to them are laid into the
# volume at every start: a file that is already there stays.
ENTRYPOINT ["/bin/sh", "-c", "mkdir -p \"$TMPDIR\" \"$LT_DATA\" && cp -rs /opt/images/. \"$LT_DATA\" 2>/dev/null; exec \"$@\"", "sh"]
CMD ["python", "serve.py"]
