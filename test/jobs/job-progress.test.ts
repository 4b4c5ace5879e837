import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readProgress } from '../../src/jobs/job-progress.js'
import { viewJob } from '../../src/jobs/job-view.js'
import { jobPaths } from '../../src/jobs/record/job-paths.js'
import { type AttemptRecord, initialRecord } from '../../src/jobs/record/records.js'
import { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import { planJob } from '../../src/planning/plan.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import type { Store } from '../../src/store/store.js'
import { digitsManifest } from '../../testing/digits-manifest.js'
import { attemptRecord, newJobId } from '../../testing/running-job.js'
import { progressAt } from '../../workers/supervision/resumed-progress.js'

const time = '2026-01-01T00:00:00.000Z'

let folder: string
let store: Store
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-progress-'))
  store = await openFolderStore(folder)
})
after(() => rm(folder, { recursive: true, force: true }))

/** A job whose attempt 1 has logged the steps 1 to `rows`. */
async function jobWithRows(rows: number, ...attempts: AttemptRecord[]) {
  const id = newJobId()
  const request = { model: { kind: 'resnet' as const }, dataset: 'digits' }
  const manifest = planJob({ id, createdAt: time }, request, digitsManifest(), null)
  const log = new MetricsLog(store)
  for (let step = 1; step <= rows; step++) {
    await log.append(id, 1, { step, time, values: { loss: 1 / step } })
  }
  return { id, progress: () => readProgress({ manifest, attempts }, log), manifest, log }
}

const known = {
  step: 2,
  metrics: { loss: 0.5, validationLoss: 3 },
  best: { loss: { value: 0.5, step: 2 }, validationLoss: { value: 3, step: 2 } },
}

/** The loss falls with each step, so the last step is the best. */
const bestAt = (step: number) => ({ loss: { value: 1 / step, step } })

test('a job without attempts is at step 0', async () => {
  const { progress } = await jobWithRows(0)
  assert.deepEqual(await progress(), { step: 0, metrics: {}, best: {} })
})

test('the recorded end of an attempt counts, whatever its log has', async () => {
  const ended = attemptRecord(1, { endedAt: time, end: 'finished', progress: known })
  const { progress } = await jobWithRows(5, ended)
  assert.deepEqual(await progress(), known)
})

test('rows after the last record of an attempt count, and other metrics stay', async () => {
  const { progress } = await jobWithRows(500, attemptRecord(1, { progress: known }))
  assert.deepEqual(await progress(), {
    step: 500,
    metrics: { loss: 1 / 500, validationLoss: 3 },
    best: { ...known.best, ...bestAt(500) },
  })
})

test('a record without rows counts alone', async () => {
  const { progress } = await jobWithRows(0, attemptRecord(1, { progress: known }))
  assert.deepEqual(await progress(), known)
})

test('a checkpoint after the last row counts', async () => {
  const { progress } = await jobWithRows(3, attemptRecord(1, { progress: { ...known, step: 4 } }))
  assert.equal((await progress()).step, 4)
})

for (const damage of [
  '{"step":4,"time":"',
  '{"step":4,"values"\n',
  '\0\0\0\n',
  'null\n5\n"step"\n\n{"step":"4","values":{}}\n{"step":4}\n',
]) {
  test(`a row that is ${JSON.stringify(damage)} is left out`, async () => {
    const { id, progress } = await jobWithRows(3, attemptRecord(1))
    await store.append(jobPaths(id).metrics(1), damage)
    assert.deepEqual(await progress(), { step: 3, metrics: { loss: 1 / 3 }, best: bestAt(3) })
  })
}

test('a log of garbage leaves what the record has', async () => {
  const { id, progress } = await jobWithRows(0, attemptRecord(1, { progress: known }))
  await store.append(jobPaths(id).metrics(1), Buffer.alloc(100_000, 0xff))
  assert.deepEqual(await progress(), known)
})

test('an attempt of an older version, whose record has no progress, is read from its log', async () => {
  const ended = attemptRecord(1, { endedAt: time, end: 'drained' })
  const { progress } = await jobWithRows(7, ended)
  assert.deepEqual(await progress(), { step: 7, metrics: { loss: 1 / 7 }, best: bestAt(7) })
})

test('the best value counts and not the last, the first of equal ones, and no NaN or Infinity', async () => {
  const { id, progress, log } = await jobWithRows(0, attemptRecord(1))
  const rows: Record<string, number>[] = [
    { loss: 3, accuracy: 0.5, learningRate: 1 },
    { loss: 1, accuracy: 0.9, learningRate: 2 },
    { loss: 1, accuracy: 0.9, learningRate: 3 },
    { loss: Number.NaN, accuracy: Number.POSITIVE_INFINITY, learningRate: 4 },
    { loss: 2, accuracy: 0.7, learningRate: 5 },
  ]
  for (const [i, values] of rows.entries()) await log.append(id, 1, { step: i + 1, time, values })
  assert.deepEqual((await progress()).best, {
    loss: { value: 1, step: 2 },
    accuracy: { value: 0.9, step: 2 },
  })
})

test('the best value of an attempt of an older version is found in its log, however long it is', async () => {
  const ended = attemptRecord(1, {
    endedAt: time,
    end: 'finished',
    progress: { step: 3000, metrics: { loss: 5 } },
  })
  const { id, progress, log } = await jobWithRows(0, ended)
  for (let step = 1; step <= 3000; step++) {
    await log.append(id, 1, { step, time, values: { loss: step === 1234 ? 0.25 : 5 } })
  }
  assert.deepEqual((await progress()).best, { loss: { value: 0.25, step: 1234 } })
})

test('steps that a later attempt trains again do not count for the best value', async () => {
  const { manifest, log, id } = await jobWithRows(9)
  const attempts = [attemptRecord(1), attemptRecord(2, { resumedFrom: 6 })]
  const resumed = await progressAt(manifest, attempts.slice(0, 1), 6, log)
  assert.deepEqual(resumed.best, bestAt(6))
  await log.append(id, 2, { step: 7, time, values: { loss: 70 } })
  assert.deepEqual((await readProgress({ manifest, attempts }, log)).best, bestAt(6))
})

test('an attempt that has just resumed is at the step of its checkpoint, not at later rows', async () => {
  const resumed = attemptRecord(2, { resumedFrom: 2, progress: known })
  const { progress } = await jobWithRows(5, attemptRecord(1, { endedAt: time }), resumed)
  assert.deepEqual(await progress(), known)
})

test('the metrics at a checkpoint are the latest ones up to its step, of all attempts in effect', async () => {
  const { id, log } = await jobWithRows(9)
  await log.append(id, 1, { step: 9, time, values: { validationLoss: 3 } })
  const attempts = [attemptRecord(1), attemptRecord(2, { resumedFrom: 6 })]
  await log.append(id, 2, { step: 7, time, values: { loss: 70 } })
  assert.deepEqual(await log.latestValues(id, attempts, { fromStep: 0, toStep: 7 }), { loss: 70 })
  assert.deepEqual(await log.latestValues(id, attempts, { fromStep: 0, toStep: 6 }), {
    loss: 1 / 6,
  })
})

test('the fraction is a number from 0 to 1, also if a record has more steps than planned', async () => {
  const { manifest } = await jobWithRows(0)
  const { steps } = manifest.training
  for (const [step, fraction] of [
    [0, 0],
    [steps / 2, 0.5],
    [steps + 1, 1],
  ] as const) {
    const view = viewJob(initialRecord(manifest), { progress: { step, metrics: {} } })
    assert.equal(view.progress.fraction, fraction)
  }
})
