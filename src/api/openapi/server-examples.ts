import type { JobResources } from '../../spec/job-resources.js'
import type { Readiness } from '../../spec/readiness.js'
import type { Worker } from '../../spec/worker.js'

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
  memory: { limitBytes: 16_642_998_272, reservedBytes: 734_003_200 },
  diskProblem: null,
  gpus: [],
  cpuSeconds: 3.1,
  residentBytes: 101_711_872,
  eventLoopDelaySeconds: 0.004,
}

const readiness: Readiness = {
  status: 'degraded',
  checks: [
    { name: 'disk', status: 'ok', detail: '120.5 GB free' },
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

/** Answers about the server and its workers, and what jobs use of them. */
export const serverExamples = {
  JobResources: resources,
  Worker: worker,
  WorkerList: { items: [worker] },
  Readiness: readiness,
}
