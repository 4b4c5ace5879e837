import { ulid } from 'ulid'
import { JobRecords } from '../../src/jobs/record/records.js'
import { planJob } from '../../src/planning/plan.js'
import type { Store } from '../../src/store/store.js'
import { digitsManifest } from '../../testing/digits-manifest.js'
import { startAttempt } from '../../testing/running-job.js'

/** Records a job in its first attempt, as a worker would, so that metrics can be written without training. */
export async function createRunningJob(store: Store): Promise<string> {
  const now = new Date().toISOString()
  const id = `job-${ulid().toLowerCase()}`
  const request = { model: { kind: 'resnet' as const }, dataset: 'digits' }
  const dataset = digitsManifest({ records: 60_000 })
  await new JobRecords(store).create(planJob({ id, createdAt: now }, request, dataset, null))
  await startAttempt(store, id)
  return id
}
