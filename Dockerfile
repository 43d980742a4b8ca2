# The image: podis, the libraries it is linked to, their licences, and nothing else. No shell, no
# package manager, a numeric user (a named one defeats runAsNonRoot), files of one fixed time so that
# the same sources give the same layer.
#
#     docker build --build-arg REVISION=$(git rev-parse HEAD) -t podis .
#
# In a pod, `podis health` does for probes that must be a command.
ARG BASE=debian:trixie-slim

FROM ${BASE} AS build
WORKDIR /src
COPY cmake/setup.sh cmake/setup.sh
RUN cmake/setup.sh build
COPY . .
RUN make build
RUN set -eu; \
    mkdir -p /image/licenses /image/run/podis; \
    strip -o /image/podis build/podis; \
    cp LICENSE /image/licenses/podis; \
    for package in libev-dev libc-ares-dev libpcre2-dev libjemalloc-dev libxxhash-dev \
            libmd-dev liblzf-dev libmicrohttpd-dev liblua5.1-0-dev libssl-dev libhiredis-dev; do \
        cp "/usr/share/doc/$package/copyright" "/image/licenses/$package"; \
    done; \
    # OpenSSL is loaded by name when it is needed (cmake/lazy_ssl.cmake): ldd does not know of it. \
    ssl="$(find /usr/lib -name libssl.so.3 | head -n 1)"; \
    { echo "$ssl"; ldd build/podis; ldd "$ssl"; } | grep -o '/[^ ]*' | sort -u | \
    while read -r library; do \
        cp -L --parents "$library" /image; \
        package="$(dpkg -S "$(realpath "$library")" | head -n 1 | cut -d: -f1)"; \
        cp "/usr/share/doc/$package/copyright" "/image/licenses/$package"; \
    done; \
    chown 65532:65532 /image/run/podis; \
    find /image -exec touch -h -d @0 {} +; \
    ldd build/podis; \
    chroot /image /podis --version

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG BASE
LABEL org.opencontainers.image.title="podis" \
      org.opencontainers.image.description="A Redis for every pod: near reads, writes to the owner" \
      org.opencontainers.image.licenses="BSD-3-Clause" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/${BASE}"
COPY --from=build /image /
USER 65532:65532
EXPOSE 6379 6380 9121
STOPSIGNAL SIGTERM
ENTRYPOINT ["/podis"]
