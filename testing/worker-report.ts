import { ownProcessId } from '../src/processes.js'
import type { Worker } from '../src/spec/worker.js'

/** What a worker with a busy and a free slot reports, except for `overrides`. */
export const workerReport = (overrides: Partial<Worker> = {}): Worker => ({
  id: ownProcessId,
  host: 'box',
  pid: 42,
  version: '0.0.0',
  startedAt: '2026-01-01T00:00:00.000Z',
  draining: false,
  slots: [
    {
      job: 'job-01jdzzzzzzzzzzzzzzzzzzzzzz',
      gpu: 0,
      cpuSeconds: 12.5,
      residentBytes: 2 ** 30,
    },
    { job: null, gpu: null, cpuSeconds: 0, residentBytes: 0 },
  ],
  memory: { limitBytes: 2 ** 34, reservedBytes: 2 ** 31, totalBytes: 2 ** 35 },
  diskProblem: null,
  gpus: [{ index: 0, name: 'H100', utilization: 0.75, usedBytes: 2 ** 33, totalBytes: 2 ** 36 }],
  cpuSeconds: 1.5,
  residentBytes: 2 ** 27,
  eventLoopDelaySeconds: 0.01,
  cores: 8,
  labels: ['zone=a', 'ssd'],
  features: ['resources'],
  engineGpus: 0,
  gangProblem: null,
  node: 'v22.0.0',
  engines: { tensorflow: '2.21.0', xgboost: '3.4.1' },
  store: 'data folder',
  clockOffsetSeconds: 0.001,
  ...overrides,
})
