import { ulid } from 'ulid'
import { JobRecords } from '../../src/jobs/record/records.js'
import { planJob } from '../../src/planning/plan.js'
import type { DatasetManifest } from '../../src/spec/dataset.js'
import type { Store } from '../../src/store/store.js'

const dataset: DatasetManifest = {
  id: 'ds-00000000000000aa',
  name: 'digits',
  createdAt: '2026-01-01T00:00:00.000Z',
  kind: 'images',
  height: 28,
  width: 28,
  channels: 1,
  encoding: 'raw',
  records: 60_000,
  labels: ['even', 'odd'],
  classCounts: [30_000, 30_000],
  mean: [33],
  std: [78],
  shards: [],
}

/** Records a job in its first attempt, as a worker would, so that metrics can be written without training. */
export async function createRunningJob(store: Store): Promise<string> {
  const now = new Date().toISOString()
  const id = `job-${ulid().toLowerCase()}`
  const request = { model: { kind: 'resnet' as const }, dataset: 'digits' }
  const records = new JobRecords(store)
  await records.create(planJob({ id, createdAt: now }, request, dataset, null))
  const attempt = await records.claimAttempt(id)
  await records.apply(id, { event: 'start', at: now, attempt })
  await records.writeAttempt(id, {
    attempt,
    startedAt: now,
    resumedFrom: 0,
    phase: 'training',
    endedAt: null,
    end: null,
    outputTail: null,
  })
  return id
}
