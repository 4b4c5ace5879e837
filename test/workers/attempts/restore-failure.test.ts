import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { TrainingFailure } from '../../../src/errors.js'
import { jobPaths } from '../../../src/jobs/record/job-paths.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { rethrowIfWeightsIntact } from '../../../workers/attempts/network-attempt.js'

const id = `job-${'0'.repeat(26)}`
const failure = new TrainingFailure('invalid', 'the checkpoint of step 50 cannot be restored')

async function attemptWithCheckpoint(t: TestContext) {
  const store = await openFolderStore(await tempFolder(t))
  const staged = await store.stage()
  await writeFile(join(staged, 'model.ckpt-50.index'), 'index')
  const key = jobPaths(id).checkpoint(50)
  await store.commit(staged, key, { step: 50 })
  const deps = { store, task: { job: { id }, resumeFrom: 50 } }
  const rethrow = (error: unknown) =>
    rethrowIfWeightsIntact(error, deps as Parameters<typeof rethrowIfWeightsIntact>[1], null)
  return { rethrow, store, key }
}

test('an intact checkpoint that cannot be restored fails the job', async t => {
  const { rethrow } = await attemptWithCheckpoint(t)
  await assert.rejects(rethrow(failure), failure)
})

test('a checkpoint that was pruned before its restore fails only the attempt', async t => {
  const { rethrow, store, key } = await attemptWithCheckpoint(t)
  await store.remove(key)
  await assert.rejects(rethrow(failure), (error: Error) => {
    assert.ok(!(error instanceof TrainingFailure))
    assert.match(error.message, /checkpoint of step 50 is gone or damaged/)
    return true
  })
})

test('a checkpoint that lost a file fails only the attempt, and other errors stay as they are', async t => {
  const { rethrow, store, key } = await attemptWithCheckpoint(t)
  await rm(join(await store.folder(key), 'model.ckpt-50.index'))
  await assert.rejects(rethrow(failure), /is gone or damaged/)
  const other = new TrainingFailure('nan_loss', 'the loss is NaN')
  await assert.rejects(rethrow(other), other)
})
