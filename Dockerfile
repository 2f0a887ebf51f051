# One static binary on an empty file system. In a checkout with its .git directory
# the program takes its version from there:
#
#   docker build -t tallystick .
#   docker run -v tally:/data -e TALLY_NODE=north -p 127.0.0.1:9077:9077 tallystick

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
# What the image is for; a default here would win over it.
ARG TARGETOS TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -pgo cmd/tally/tally.pgo $(git rev-parse HEAD >/dev/null 2>&1 || echo -buildvcs=false) -ldflags '-s -w' -o /out/tally ./cmd/tally
RUN mkdir -p /out/data /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/tally /tally
# SQLite sorts large results in files under /tmp.
COPY --from=build --chown=65532:65532 /out/tmp /tmp
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
# The name of the node comes from TALLY_NODE, or from --hostname: it is written
# into /data at the first start, and must not change with the container.
# Without TLS, for a port that is published on the host alone, or a proxy in front; for
# more, TALLY_TLS_CERT and TALLY_TLS_KEY.
ENV TALLY_DATA=/data TALLY_LISTEN=0.0.0.0:9077 TALLY_INSECURE_LISTEN=true TALLY_LOG_FORMAT=json
VOLUME /data
EXPOSE 9077
STOPSIGNAL SIGTERM
# Asks the node in this container, with TALLY_API_KEY if there is one.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/tally", "status"]
ENTRYPOINT ["/tally"]
CMD ["serve"]
