import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Checkpoints } from '../src/jobs/record/checkpoints.js'
import type { JournalEntry } from '../src/jobs/record/lifecycle.js'
import { JobRecords } from '../src/jobs/record/records.js'
import { planJob } from '../src/planning/plan.js'
import type { CheckpointFormat } from '../src/spec/checkpoint.js'
import type { JobManifest } from '../src/spec/job.js'
import type { Store } from '../src/store/store.js'
import { digitsManifest } from './digits-manifest.js'
import { newJobId, startAttempt } from './running-job.js'

/** Records a running job with checkpoints of the steps 10, 20 (the best) and 30; returns its id. */
export async function createJobWithCheckpoints(
  store: Store,
  createdAt: string,
  initFrom?: { job: string; step: number },
): Promise<string> {
  const id = newJobId()
  const request = { model: { kind: 'resnet' as const }, dataset: 'digits' }
  const manifest = planJob({ id, createdAt }, request, digitsManifest(), null)
  return createWithCheckpoints(store, { ...manifest, ...(initFrom && { initFrom }) })
}

/** Records a running job with such checkpoints; returns its id. */
export async function createWithCheckpoints(
  store: Store,
  manifest: JobManifest,
  format?: CheckpointFormat,
): Promise<string> {
  const { id, createdAt } = manifest
  await new JobRecords(store).create(manifest)
  const attempt = await startAttempt(store, id, { startedAt: createdAt })
  for (const step of [10, 20, 30]) {
    const staged = await store.stage()
    await writeFile(join(staged, 'model.ckpt'), `weights of step ${step}`)
    const checkpoint = { step, attempt, createdAt, best: step === 20, ...(format && { format }) }
    await new Checkpoints(store).commit(id, staged, checkpoint)
  }
  return id
}

/** Records the end of such a job. */
export async function endJob(
  store: Store,
  id: string,
  event: 'succeed' | 'fail' | 'cancel',
  at: string,
): Promise<void> {
  const [attempt, status] = [1, event === 'fail' ? 'failed' : 'succeeded'] as const
  const result = { status, attempt, finishedAt: at, failure: null, model: null, metrics: {} }
  const entries: JournalEntry[] =
    event === 'cancel'
      ? [
          { event, at },
          { event: 'stop', at, attempt },
        ]
      : [{ event, at, attempt, result }]
  for (const entry of entries) {
    assert.ok((await new JobRecords(store).apply(id, entry)).allowed)
  }
}
