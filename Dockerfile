# Targets: `server`, the default, is one image for API and worker, which share a Redis and a data folder
# (docker-compose.yml); `all-in-one` runs all processes in one container, Redis included. docs/operations.md has
# the commands. With an NVIDIA GPU: --build-arg ENGINE=cuda (9 GB instead of 1.5).
ARG NODE=22-bookworm-slim

# what is downloaded and compiled: changes of the sources do not repeat it
FROM node:${NODE} AS packages
ARG ENGINE=cpu
# REDIS_URL is set, so set-up does not install Redis
ENV TRAINYARD_ENGINE=$ENGINE XDG_CACHE_HOME=/opt REDIS_URL=redis://redis:6379
WORKDIR /srv/trainyard
COPY package.json package-lock.json .npmrc ./
COPY scripts scripts
COPY native native
RUN node scripts/setup.mjs --no-build

FROM packages AS build
COPY tsconfig.json ./
COPY src src
COPY workers workers
COPY docs docs
COPY deploy deploy
COPY clients/python clients/python
COPY README.md CONTRIBUTING.md ./
RUN node scripts/setup.mjs

FROM packages AS production
# a built server needs few packages beside its bundle
RUN node scripts/prune-packages.mjs

FROM node:${NODE} AS runtime
LABEL org.opencontainers.image.title="Trainyard" org.opencontainers.image.licenses="Apache-2.0"
# tini passes signals on, and ends the trainers that a killed worker leaves
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
# the second line is for the NVIDIA container toolkit: CUDA and nvidia-smi
ENV NODE_ENV=production TRAINYARD_HOST=0.0.0.0 TRAINYARD_DATA=/data \
  NVIDIA_DRIVER_CAPABILITIES=compute,utility
WORKDIR /srv/trainyard
# layers in the order of how seldom they change
COPY --from=packages /opt/trainyard /opt/trainyard
COPY --from=production /srv/trainyard/node_modules node_modules
COPY package.json LICENSE ./
COPY --from=build /srv/trainyard/dist dist
RUN install -d -m 700 -o 1000 -g 1000 /data
# a number, so that Kubernetes' runAsNonRoot can check it
USER 1000:1000
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["tini", "--"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD \
  ["node", "-e", "fetch(`http://127.0.0.1:${process.env.TRAINYARD_PORT || 8080}/healthz`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

FROM runtime AS all-in-one
USER 0
RUN apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/*
USER 1000:1000
CMD ["node", "dist/bundle/src/supervisor/start.js"]

FROM runtime AS server
CMD ["node", "dist/bundle/src/supervisor/start-api.js"]
