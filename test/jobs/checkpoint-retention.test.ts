import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CheckpointRetention } from '../../src/jobs/checkpoint-retention.js'
import { Checkpoints } from '../../src/jobs/record/checkpoints.js'
import { JobRecords } from '../../src/jobs/record/records.js'
import { planJob } from '../../src/planning/plan.js'
import type { PredictionPlan } from '../../src/spec/batch-prediction.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { digitsManifest } from '../../testing/digits-manifest.js'
import {
  createJobWithCheckpoints,
  createWithCheckpoints,
  endJob,
} from '../../testing/job-with-checkpoints.js'
import { newJobId } from '../../testing/running-job.js'
import { tempFolder } from '../../testing/temp-folder.js'

const now = Date.parse('2026-03-01T00:00:00.000Z')
const daysAgo = (days: number) => new Date(now - days * 24 * 3600_000).toISOString()

async function setUp(t: TestContext, keepDays: number) {
  const store = await openFolderStore(await tempFolder(t))
  const records = new JobRecords(store)
  const checkpoints = new Checkpoints(store)
  const lines: object[] = []
  const log = { info: (details: object) => lines.push(details), warn: assert.fail }
  const retention = new CheckpointRetention({ store, keepDays, log })

  /** A job that ended in this way some days ago, or has not ended. */
  const createJob = async (
    end: 'succeed' | 'fail' | 'cancel' | null,
    days: number,
    initFrom?: { job: string; step: number },
  ): Promise<string> => {
    const id = await createJobWithCheckpoints(store, daysAgo(days + 1), initFrom)
    if (end !== null) await endJob(store, id, end, daysAgo(days))
    return id
  }
  const damage = async (id: string, step: number) =>
    writeFile(join(await store.folder(`jobs/${id}/checkpoints/${step}`), 'model.ckpt'), 'x')
  return { store, records, checkpoints, retention, lines, createJob, damage }
}

test('a job that predicts keeps all checkpoints for a retry, and none after success', async t => {
  const { store, checkpoints, retention } = await setUp(t, 30)
  const request = { model: { kind: 'resnet' as const }, dataset: 'digits' }
  const createPrediction = async (end: 'succeed' | 'fail' | 'cancel') => {
    const identity = { id: newJobId(), createdAt: daysAgo(32) }
    const { training, ...common } = planJob(identity, request, digitsManifest(), null)
    const predict: PredictionPlan = {
      ...{ model: 'reader', version: 1, split: null, outputs: ['label'], topK: null },
      ...{ keepColumns: true, checkpointEvery: 10, datasetName: 'read', steps: 40, columns: [] },
    }
    const id = await createWithCheckpoints(store, { ...common, predict }, 'predictions')
    await endJob(store, id, end, daysAgo(31))
    return id
  }
  const left = { fail: [10, 20, 30], cancel: [10, 20, 30], succeed: [] }
  const ids = new Map<string, number[]>()
  for (const end of ['fail', 'cancel', 'succeed'] as const)
    ids.set(await createPrediction(end), left[end])
  await retention.sweep(now)
  for (const [id, steps] of ids) assert.deepEqual(await checkpoints.steps(id), steps)
})

test('ended jobs lose the checkpoints that nothing can need after the days, and others lose none', async t => {
  const { store, records, checkpoints, retention, lines, createJob, damage } = await setUp(t, 30)
  const source = await createJob('succeed', 31)
  const cases: [what: string, id: string, left: number[]][] = [
    ['it succeeded', await createJob('succeed', 31), []],
    ['it succeeded not long ago', await createJob('succeed', 29), [10, 20, 30]],
    ['a retry needs the newest and the best', await createJob('fail', 31), [20, 30]],
    ['the same', await createJob('cancel', 31), [20, 30]],
    ['it has not ended', await createJob(null, 31, { job: source, step: 20 }), [10, 20, 30]],
    ['a job that has not ended starts from one', source, [20]],
  ]
  const damagedNewest = await createJob('fail', 31)
  await damage(damagedNewest, 30)
  await damage(damagedNewest, 20)
  cases.push(['a retry resumes from one that is intact', damagedNewest, [10, 20, 30]])
  const damagedAll = await createJob('fail', 31)
  for (const step of [10, 20, 30]) await damage(damagedAll, step)
  cases.push(['none is intact', damagedAll, [10, 20, 30]])
  const damagedRecord = await createJob('succeed', 31)
  await writeFile(await store.folder(`jobs/${damagedRecord}/manifest.json`), '{')

  await retention.sweep(now)

  const at = new Date(now).toISOString()
  for (const [what, id, left] of cases) {
    assert.deepEqual(await checkpoints.steps(id), left, what)
    const gone = [10, 20, 30].filter(step => !left.includes(step))
    const { removedCheckpoints } = await records.read(id)
    assert.deepEqual(removedCheckpoints, gone.length > 0 ? { at, steps: gone } : null, what)
  }
  assert.deepEqual(await checkpoints.steps(damagedRecord), [10, 20, 30])
  assert.equal(retention.removed.checkpoints, 3 + 1 + 1 + 2)
  assert.ok(retention.removed.bytes > 7 * 15, `${retention.removed.bytes}`)
  assert.equal(lines.length, 4)
})

test('what was removed is told with the reason, and later sweeps add to it', async t => {
  const { store, records, checkpoints, retention, createJob } = await setUp(t, 0)
  const source = await createJob('succeed', 2)
  const user = await createJob(null, 2, { job: source, step: 10 })
  await retention.sweep(now)
  await assert.rejects(checkpoints.get(await records.read(source), 20), {
    code: 'CHECKPOINT_NOT_FOUND',
    message: `job '${source}' has checkpoint 20 no more: it was removed at 2026-03-01T00:00:00.000Z, some days after the job had ended (TRAINYARD_CHECKPOINT_DAYS)`,
  })
  await assert.rejects(checkpoints.get(await records.read(source), 40), /has no checkpoint 40/)
  assert.equal((await checkpoints.get(await records.read(source), 10)).checkpoint.step, 10)

  await endJob(store, user, 'cancel', daysAgo(1))
  const later = now + 1000
  await retention.sweep(later)
  assert.deepEqual((await records.read(source)).removedCheckpoints, {
    at: new Date(later).toISOString(),
    steps: [10, 20, 30],
  })
  assert.deepEqual(await checkpoints.steps(user), [20, 30])
})
