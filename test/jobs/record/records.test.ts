import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { viewJob } from '../../../src/jobs/job-view.js'
import { Checkpoints } from '../../../src/jobs/record/checkpoints.js'
import {
  type AttemptRecord,
  initialRecord,
  JobRecords,
  memoryOf,
} from '../../../src/jobs/record/records.js'
import { MetricsLog } from '../../../src/jobs/telemetry/metrics-log.js'
import { planJob } from '../../../src/planning/plan.js'
import type { JobManifest } from '../../../src/spec/job.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import type { Store } from '../../../src/store/store.js'
import { digitsManifest } from '../../../testing/digits-manifest.js'
import { attemptRecord, newJobId } from '../../../testing/running-job.js'

let folder: string
let store: Store
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-jobs-'))
  store = await openFolderStore(folder)
})
after(() => rm(folder, { recursive: true, force: true }))

async function newJob() {
  const id = newJobId()
  const identity = { id, createdAt: '2026-01-01T00:00:00.000Z' }
  const manifest = planJob(
    identity,
    { model: { kind: 'resnet' }, dataset: 'digits' },
    digitsManifest(),
    null,
  )
  const records = new JobRecords(store)
  await records.create(manifest)
  return { id, records, manifest }
}

const row = (step: number, values: Record<string, number>) => ({
  step,
  time: '2026-01-01T00:00:00.000Z',
  values,
})

test('concurrent claims get different attempt numbers', async () => {
  const { id, records } = await newJob()
  const claimed = await Promise.all(Array.from({ length: 20 }, () => records.claimAttempt(id)))
  assert.equal(new Set(claimed).size, 20)
  assert.equal(await records.isCurrent(id, Math.max(...claimed)), true)
  assert.equal(await records.isCurrent(id, 1), false)
})

test('a change of workers that meets the start of trees is refused, or is what they grow with', async () => {
  const { records, manifest: network } = await newJob()
  for (let round = 0; round < 30; round++) {
    const id = newJobId()
    const model = { ...network.model, kind: 'boosting' } as never
    await records.create({ ...network, id, model } as JobManifest)
    const started = async () => {
      const record = await records.read(id)
      await records.apply(id, { event: 'start', at: '2026-01-01T00:00:00.000Z', attempt: 1 })
      return records.manifestOfStarted(record)
    }
    const changed = () =>
      records
        .edit(id, (fields, { attempt }) => {
          if (attempt > 0) throw new Error('it has begun')
          return { ...fields, placing: { resources: { workers: 2 } } }
        })
        .catch(() => false)
    const [grown] = await Promise.all([started(), changed()])
    const { resources } = await records.manifest(id)
    assert.deepEqual(grown.resources, resources, `round ${round}`)
  }
})

test('an estimate of memory is of the workers and devices that it was made for', async () => {
  const { manifest } = await newJob()
  const memory = { engineBytes: 2, stateBytes: 1, stepBytes: 1, totalBytes: 4 }
  const of = (began: object, now: object) =>
    memoryOf({
      manifest: { ...manifest, resources: now },
      attempts: [attemptRecord(1, { memory, ...began })],
    })
  assert.equal(of({ resources: { workers: 2 } }, { workers: 2, labels: ['ssd'] }), memory)
  assert.equal(of({ resources: { workers: 2 } }, {}), null)
  assert.equal(of({ resources: null }, { devices: 1 }), memory)
  assert.equal(of({ resources: null }, { devices: 2 }), null)
  // an attempt of an older version, which nobody could change
  assert.equal(of({}, { devices: 2 }), memory)
})

test('a job ends once', async () => {
  const { id, records } = await newJob()
  await records.apply(id, { event: 'start', at: '2026-01-01T00:00:00.000Z', attempt: 1 })
  const end = (status: 'succeeded' | 'failed') =>
    records.finish(id, {
      status,
      finishedAt: '2026-01-01T00:00:00.000Z',
      attempt: 1,
      failure: null,
      model: null,
      metrics: {},
    })
  assert.equal((await end('failed')).allowed, true)
  assert.equal((await end('succeeded')).allowed, false)
  assert.equal((await records.read(id)).result?.status, 'failed')
})

test('rows after the step that a newer attempt resumed from are superseded', async () => {
  const { id } = await newJob()
  const log = new MetricsLog(store)
  for (let step = 1; step <= 7; step++) await log.append(id, 1, row(step, { loss: 100 + step }))
  for (let step = 6; step <= 9; step++) await log.append(id, 2, row(step, { loss: 200 + step }))
  await log.append(id, 2, row(9, { validationLoss: 5 }))
  const attempts = [attemptRecord(1, { end: 'killed' }), attemptRecord(2, { resumedFrom: 5 })]
  const { points } = await log.page(id, attempts, { limit: 100 })
  assert.deepEqual(
    points.loss!.map(({ value }) => value),
    [101, 102, 103, 104, 105, 206, 207, 208, 209],
  )
  assert.deepEqual(
    points.validationLoss!.map(({ step, value }) => [step, value]),
    [[9, 5]],
  )
})

test('a row that a crash interrupted is ignored', async () => {
  const { id } = await newJob()
  const log = new MetricsLog(store)
  await log.append(id, 1, row(1, { loss: 1 }))
  await store.append(`jobs/${id}/attempts/1/metrics.ndjson`, '{"step":2,"time":"20')
  assert.equal((await log.rows(id, [attemptRecord(1)])).length, 1)
})

test('pages of metrics have no gap between them', async () => {
  const { id } = await newJob()
  const log = new MetricsLog(store)
  for (let step = 1; step <= 25; step++) {
    await log.append(id, 1, row(step, { loss: step, accuracy: 0 }))
  }
  const attempts = [attemptRecord(1)]
  const steps: number[] = []
  let cursor: string | undefined
  do {
    const query = { limit: 10, names: ['loss'], fromStep: 3, ...(cursor && { cursor }) }
    const page = await log.page(id, attempts, query)
    assert.deepEqual(Object.keys(page.points), ['loss'])
    steps.push(...page.points.loss!.map(({ step }) => step))
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  assert.deepEqual(
    steps,
    Array.from({ length: 23 }, (_, i) => i + 3),
  )
})

test('a tail returns each row once, whichever attempt wrote it', async () => {
  const { id } = await newJob()
  const log = new MetricsLog(store)
  const tail = { attempt: 0, offset: 0, position: 0, damagedLines: 0 }
  const seen: number[] = []
  const poll = async (...attempts: AttemptRecord[]) => {
    for (const { step } of await log.rowsAfter(id, attempts, tail)) seen.push(step)
  }
  for (const step of [1, 2, 3]) await log.append(id, 1, row(step, { loss: step }))
  await poll(attemptRecord(1))
  await log.append(id, 1, row(4, { loss: 4 }))
  await poll(attemptRecord(1))
  for (const step of [3, 4, 5]) await log.append(id, 2, row(step, { loss: step }))
  await poll(attemptRecord(1), attemptRecord(2, { resumedFrom: 2 }))
  assert.deepEqual(seen, [1, 2, 3, 4, 5])
})

async function commit(id: string, attempt: number, step: number, best = false) {
  const staged = await store.stage()
  await writeFile(join(staged, `model.ckpt-${step}.index`), `${attempt}`)
  const createdAt = '2026-01-01T00:00:00.000Z'
  await new Checkpoints(store).commit(id, staged, { step, attempt, createdAt, best })
}

test('a damaged checkpoint is skipped', async () => {
  const { id, manifest } = await newJob()
  const checkpoints = new Checkpoints(store)
  const attempts = [attemptRecord(1)]
  assert.equal((await checkpoints.newestVerified(id, attempts)).step, 0)
  await commit(id, 1, 100)
  await commit(id, 1, 200)
  assert.equal((await checkpoints.newestVerified(id, attempts)).step, 200)
  const { folder } = await checkpoints.get({ ...initialRecord(manifest), attempts }, 200)
  await writeFile(join(folder, 'model.ckpt-200.index'), 'x')
  assert.equal((await checkpoints.newestVerified(id, attempts)).step, 100)
})

test('a checkpoint of a superseded attempt is hidden, and a newer attempt replaces it', async () => {
  const { id } = await newJob()
  const checkpoints = new Checkpoints(store)
  await commit(id, 1, 100)
  await commit(id, 1, 200)
  const attempts = [attemptRecord(1), attemptRecord(2, { resumedFrom: 100 })]
  const steps = async () => (await checkpoints.list(id, attempts)).map(({ step }) => step)
  assert.deepEqual(await steps(), [100])
  await commit(id, 2, 200)
  assert.deepEqual(await steps(), [100, 200])
  assert.equal((await checkpoints.list(id, attempts))[1]!.attempt, 2)
})

test('pruning keeps the best checkpoint in effect', async () => {
  const { id, manifest } = await newJob()
  const checkpoints = new Checkpoints(store)
  await commit(id, 1, 100, true)
  for (const step of [200, 300]) await commit(id, 1, step)
  await commit(id, 1, 400, true)
  const best = async (attempts: ReturnType<typeof attemptRecord>[]) =>
    (await checkpoints.list(id, attempts)).filter(one => one.best).map(({ step }) => step)
  assert.deepEqual(await best([attemptRecord(1)]), [400])
  const resumed = [attemptRecord(1), attemptRecord(2, { resumedFrom: 300 })]
  assert.deepEqual(await best(resumed), [100])
  await checkpoints.prune(id, 2, resumed)
  const steps = (await checkpoints.list(id, resumed)).map(({ step }) => step)
  assert.deepEqual(steps, [100, 200, 300])
  assert.deepEqual(await checkpoints.best(id, resumed), { step: 100, intact: true })
  const { folder } = await checkpoints.get({ ...initialRecord(manifest), attempts: resumed }, 100)
  await writeFile(join(folder, 'model.ckpt-100.index'), 'x')
  assert.deepEqual(await checkpoints.best(id, resumed), { step: 100, intact: false })
})

test('superseded checkpoints do not count towards keepCheckpoints', async () => {
  const { id } = await newJob()
  const checkpoints = new Checkpoints(store)
  await commit(id, 1, 100)
  // by an attempt that is superseded but does not know it yet
  await commit(id, 1, 200)
  const attempts = [attemptRecord(1), attemptRecord(2, { resumedFrom: 100 })]
  await commit(id, 2, 150)
  await checkpoints.prune(id, 1, attempts)
  assert.equal((await checkpoints.newestVerified(id, attempts)).step, 150)
  assert.deepEqual(await store.list(`jobs/${id}/checkpoints`), ['150', 'checkpoint'])
})

test('a commit fails if a superseded attempt stores the same step first', async () => {
  const { id } = await newJob()
  const racing: Store = Object.create(store, {
    list: {
      async value(key: string) {
        const there = await store.list(key)
        await commit(id, 1, 100)
        return there
      },
    },
  })
  const staged = await store.stage()
  await writeFile(join(staged, 'model.ckpt-100.index'), '2')
  const manifest = { step: 100, attempt: 2, createdAt: '2026-01-01T00:00:00.000Z', best: false }
  await assert.rejects(new Checkpoints(racing).commit(id, staged, manifest), /attempt 1.*step 100/)
})

test("pruning keeps the newest checkpoints and lists them in TensorFlow's checkpoint file", async () => {
  const { id } = await newJob()
  const checkpoints = new Checkpoints(store)
  for (const step of [100, 200, 300, 400]) await commit(id, 1, step)
  await checkpoints.prune(id, 2, [attemptRecord(1)])
  assert.deepEqual(
    (await checkpoints.list(id, [attemptRecord(1)])).map(({ step, latest }) => [step, latest]),
    [
      [300, false],
      [400, true],
    ],
  )
  const state = (await store.readFrom(`jobs/${id}/checkpoints/checkpoint`, 0)).toString()
  assert.equal(
    state,
    [
      'model_checkpoint_path: "400/model.ckpt-400"',
      'all_model_checkpoint_paths: "300/model.ckpt-300"',
      'all_model_checkpoint_paths: "400/model.ckpt-400"',
      '',
    ].join('\n'),
  )
})

test("a job's view follows from its journal, its attempts and its live state", async () => {
  const { id, manifest, records } = await newJob()
  const attempts = [attemptRecord(1), attemptRecord(2, { resumedFrom: 70 })]
  const at = '2026-01-01T00:01:00.000Z'
  await records.apply(id, { event: 'start', at, attempt: 1 })
  await records.apply(id, { event: 'stop', at, attempt: 1 })
  const { lifecycle } = await records.apply(id, { event: 'start', at, attempt: 2 })
  const record = { ...initialRecord(manifest), attempts, lifecycle }
  const live = {
    attempt: 2,
    phase: 'training' as const,
    step: 77,
    endsAt: Date.now() + 63_000,
  }
  const job = viewJob(record, { live, progress: { step: 70, metrics: {} } })
  assert.equal(job.status, 'running')
  assert.deepEqual(job.progress, {
    step: 77,
    steps: 140,
    fraction: 0.55,
    etaSeconds: 63,
    resumedFrom: 70,
  })
  assert.deepEqual(
    job.transitions.map(({ status, attempt }) => [status, attempt]),
    [
      ['queued', 0],
      ['running', 1],
      ['queued', 1],
      ['running', 2],
    ],
  )
  const stale = viewJob(record, {
    live: { ...live, attempt: 1, step: 99 },
    progress: { step: 70, metrics: {} },
  })
  assert.equal(stale.progress.step, 70, 'live state of an older attempt is ignored')
})
