import type { TimeEstimate } from '../../spec/job-queries.js'
import type { JobResources } from '../../spec/job-resources.js'
import type { Readiness } from '../../spec/readiness.js'
import type { ServerInfo } from '../../spec/server-info.js'
import type { Worker } from '../../spec/worker.js'

/** Of the example of a dry run. */
export const timeEstimate: TimeEstimate = {
  seconds: 8,
  basis: '1 earlier job with the same model, batch size and data set',
  jobs: ['job-01k9zq4t7mhg2s8v5x3c6b1n0d'],
}

const worker: Worker = {
  id: '5f0c1d2e3a4b-4121-88123',
  host: 'train-1',
  pid: 4121,
  version: '0.1.0',
  startedAt: '2026-03-02T09:00:00.000Z',
  draining: false,
  slots: [
    {
      job: 'job-01k9zq4t7mhg2s8v5x3c6b1n0d',
      gpu: null,
      cpuSeconds: 512.4,
      residentBytes: 812_646_400,
    },
  ],
  memory: { limitBytes: 16_642_998_272, reservedBytes: 734_003_200, totalBytes: 16_642_998_272 },
  diskProblem: null,
  gpus: [],
  cpuSeconds: 3.1,
  residentBytes: 101_711_872,
  eventLoopDelaySeconds: 0.004,
  cores: 8,
  labels: ['zone=a', 'ssd'],
  features: ['resources', 'workers'],
  engineGpus: 0,
  gangProblem: null,
  node: 'v22.12.0',
  engines: { tensorflow: '2.21.0', xgboost: '3.4.1' },
  store: 's3://my-bucket/trainyard/',
  clockOffsetSeconds: -0.012,
}

const readiness: Readiness = {
  status: 'degraded',
  checks: [
    { name: 'disk', status: 'ok', detail: '120.5 GiB free' },
    { name: 'redis', status: 'ok', detail: 'answers' },
    { name: 'predictor', status: 'ok', detail: 'answers' },
    { name: 'worker', status: 'warning', detail: 'no worker is alive' },
  ],
}

const resources: JobResources = {
  columns: {
    time: ['2026-03-02T09:30:02.000Z', '2026-03-02T09:30:03.000Z'],
    seconds: [1, 1.001],
    attempt: [1, 1],
    step: [0, 40],
    cpuCores: [0.91, 3.74],
    residentBytes: [402_653_184, 812_646_400],
    gpuUtilization: [null, null],
    gpuMemoryBytes: [null, null],
    examplesPerSecond: [null, 2563.2],
    readBytesPerSecond: [8_388_608, 0],
    writeBytesPerSecond: [0, 12_288],
  },
  measurements: 2,
  damagedLines: 0,
}

const server: ServerInfo = {
  version: '0.1.0',
  node: 'v20.19.5',
  platform: 'linux-x64',
  startedAt: '2026-03-02T09:00:00.000Z',
  uptimeSeconds: 5400.2,
  checks: readiness.checks,
  engines: { kind: 'cpu', tensorflow: '2.21.0', xgboost: '3.4.1', openvino: '2026.4.1' },
  data: {
    freeBytes: 120_500_000_000,
    totalBytes: 250_000_000_000,
    usedBytes: { jobs: 412_344_320, datasets: 1_204_224_000, models: 98_304_000 },
  },
  redis: {
    version: '7.2.6',
    pingSeconds: 0.0004,
    usedBytes: 2_411_724,
    maxBytes: 0,
    clients: 9,
    evictedKeys: 0,
    appendOnly: true,
    savedLast: true,
  },
  jobs: {
    ...{ queued: 0, running: 1, paused: 0, succeeded: 41, failed: 2, cancelled: 1 },
    ...{ waiting: 0, held: 0, unplaced: 0, active: 1, oldestWaitingSeconds: 0 },
  },
  slots: { workers: 1, total: 1, busy: 1 },
  keys: [{ name: 'key-3f1c9a52', createdAt: '2026-03-01T08:00:00.000Z', current: true }],
  limits: {
    uploadFileBytes: 68_719_476_736,
    uploadFiles: 10_000,
    bodyBytes: 1_048_576,
    instanceBytes: 8_388_608,
    instances: 256,
    rows: 10_000,
    imageBytes: 33_554_432,
    imageFiles: 256,
  },
  problems: [],
}

/** Answers about the server and its workers, and what jobs use of them. */
export const serverExamples = {
  JobResources: resources,
  Worker: worker,
  WorkerList: { items: [worker] },
  Readiness: readiness,
  ServerInfo: server,
}
