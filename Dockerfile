# One image for all processes. It starts the API by default, and a worker with `node dist/workers/worker.js`.
# With an NVIDIA GPU: docker build --build-arg ENGINE=cuda (8 GB instead of 1.5).
FROM node:22-bookworm-slim AS build
ARG ENGINE=cpu
# REDIS_URL is set, so set-up does not install Redis, which runs in another container
ENV TRAINYARD_ENGINE=$ENGINE XDG_CACHE_HOME=/opt REDIS_URL=redis://redis:6379
WORKDIR /srv/trainyard
COPY package.json package-lock.json .npmrc tsconfig.json ./
COPY scripts scripts
RUN node scripts/setup.mjs --no-build
COPY src src
COPY workers workers
RUN node scripts/setup.mjs && npm prune --omit=dev

FROM node:22-bookworm-slim
ENV NODE_ENV=production TRAINYARD_HOST=0.0.0.0 TRAINYARD_DATA=/data
WORKDIR /srv/trainyard
COPY --from=build /opt/trainyard /opt/trainyard
COPY --from=build /srv/trainyard ./
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD \
  ["node", "-e", "fetch(`http://127.0.0.1:${process.env.TRAINYARD_PORT || 8080}/healthz`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/supervisor/start-api.js"]
