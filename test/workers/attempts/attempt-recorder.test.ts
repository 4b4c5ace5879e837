import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { JobRecords } from '../../../src/jobs/record/records.js'
import { MetricsLog } from '../../../src/jobs/telemetry/metrics-log.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import type { Store } from '../../../src/store/store.js'
import { effectiveRows } from '../../../workers/attempts/attempt-recorder.js'

let folder: string
let store: Store
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-surroundings-'))
  store = await openFolderStore(folder)
})
after(() => rm(folder, { recursive: true, force: true }))

const id = `job-${'0'.repeat(26)}`
const at = '2026-01-01T00:00:00.000Z'

async function writeAttempt(attempt: number, resumedFrom: number, last: number): Promise<void> {
  const begun = { attempt, startedAt: at, resumedFrom, phase: 'training' as const }
  await new JobRecords(store).claimAttempt(id)
  await new JobRecords(store).writeAttempt(id, {
    ...begun,
    endedAt: null,
    end: null,
    outputTail: null,
  })
  const log = new MetricsLog(store)
  for (let step = resumedFrom + 1; step <= last; step++) {
    await log.append(id, attempt, { step, time: at, values: { loss: 1 / step } })
  }
}

test('an attempt that was overtaken unawares ends with its own rows, not with those of the newer one', async () => {
  await writeAttempt(1, 0, 20)
  await writeAttempt(2, 10, 12)
  const steps = async (attempt: number) =>
    (await effectiveRows(store, { job: { id }, attempt })).map(({ step }) => step)
  const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)
  assert.deepEqual(await steps(1), upTo(20))
  assert.deepEqual(await steps(2), upTo(12))
})
