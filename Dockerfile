# One image for every process of Wardline; the compose file says which one a container is.

FROM python:3.13-slim AS build
WORKDIR /wardline
ENV VIRTUAL_ENV=/wardline/.venv UV_LINK_MODE=copy
COPY pyproject.toml requirements.lock ./
# uv itself by hash, then what runs (no embedded servers, no test tools) in the locked versions, by hash as well.
RUN python -m venv .venv \
    && awk '/^[^ #]/ {uv = /^uv==/} uv' requirements.lock > /tmp/uv.lock \
    && pip install --no-cache-dir --require-hashes --requirement /tmp/uv.lock \
    && uv pip install --no-cache --compile-bytecode --constraint requirements.lock \
        --requirement pyproject.toml hatchling editables
COPY . .
RUN uv pip install --no-cache --no-deps --no-build-isolation --editable . --editable libs/common \
    --editable services/beds --editable services/admissions --editable services/audit --editable gateway

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin wardline
COPY --from=build /wardline /wardline
WORKDIR /wardline
ENV PATH=/wardline/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
CMD ["wardline", "--help"]
