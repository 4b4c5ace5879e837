import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Checkpoints } from '../../../src/jobs/record/checkpoints.js'
import { JobRecords } from '../../../src/jobs/record/records.js'
import { planNetworkJob } from '../../../src/planning/plan.js'
import type { FromTrainer } from '../../../src/spec/ipc-messages.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import type { Store } from '../../../src/store/store.js'
import { digitsManifest } from '../../../testing/digits-manifest.js'
import { attemptRecord } from '../../../testing/running-job.js'
import { AttemptRecorder, AttemptSuperseded } from '../../../workers/attempts/attempt-recorder.js'

let folder: string
let store: Store
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-attempt-recorder-'))
  store = await openFolderStore(folder)
})
after(() => rm(folder, { recursive: true, force: true }))

const at = '2026-01-01T00:00:00.000Z'

/** Claims the next attempt of a job; `sent` collects what it reports to the worker. */
async function openAttempt(id: string, resumedFrom: number) {
  const dataset = digitsManifest()
  const request = { model: { kind: 'resnet' as const }, dataset: 'digits' }
  const job = planNetworkJob({ id, createdAt: at }, request, dataset, null)
  const records = new JobRecords(store)
  const attempt = await records.claimAttempt(id)
  await records.writeAttempt(id, attemptRecord(attempt, { resumedFrom }))
  const sent: FromTrainer[] = []
  const recorder = await AttemptRecorder.open<string>(
    {
      store,
      task: {
        job,
        dataset,
        validation: null,
        attempt,
        resumeFrom: resumedFrom || null,
        threads: null,
      },
      send: async message => void sent.push(message),
      stopRequested: async () => null,
    },
    {
      format: 'tensorflow',
      write: (folder, step, content) => writeFile(join(folder, `model.ckpt-${step}`), content),
    },
  )
  return { recorder, records, sent }
}

async function writeRows(recorder: AttemptRecorder<string>, first: number, last: number) {
  for (let step = first; step <= last; step++) {
    await recorder.row({ step, time: at, values: { loss: 1 / step } })
  }
}

const stepsOf = (rows: readonly { step: number }[]) => rows.map(({ step }) => step)
const range = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

test('a superseded attempt that has not noticed it ends with its own rows, not with the newer ones', async () => {
  const id = `job-${'0'.repeat(26)}`
  const older = await openAttempt(id, 0)
  await writeRows(older.recorder, 1, 20)
  const newer = await openAttempt(id, 10)
  await writeRows(newer.recorder, 11, 12)
  assert.deepEqual(stepsOf(await older.recorder.rows()), range(20))
  assert.deepEqual(stepsOf(await newer.recorder.rows()), range(12))
  assert.deepEqual(stepsOf(await newer.recorder.rowsUpToResume()), range(10))
})

test('a superseded attempt throws instead of committing a checkpoint', async () => {
  const id = `job-${'1'.repeat(26)}`
  const older = await openAttempt(id, 0)
  await older.recorder.checkpoint(5, 'five', true)
  assert.deepEqual(await older.recorder.best(), { step: 5, intact: true })
  const newer = await openAttempt(id, 5)
  await assert.rejects(older.recorder.checkpoint(6, 'six', true), AttemptSuperseded)
  const checkpoints = await new Checkpoints(store).list(id, await older.records.attempts(id))
  assert.deepEqual(stepsOf(checkpoints), [5])
  assert.deepEqual(older.sent, [{ type: 'checkpoint', step: 5 }])
  await newer.recorder.checkpoint(6, 'six', false)
  assert.deepEqual(newer.sent, [{ type: 'checkpoint', step: 6 }])
})

test('a phase never reports a step before the one that the attempt resumes from', async () => {
  const { recorder, sent } = await openAttempt(`job-${'2'.repeat(26)}`, 7)
  await recorder.phase('preparing', 0)
  await recorder.phase('training', 9)
  assert.deepEqual(sent, [
    { type: 'phase', phase: 'preparing', step: 7 },
    { type: 'phase', phase: 'training', step: 9 },
  ])
})
