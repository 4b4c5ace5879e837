import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Session } from '../../src/graph/session.js'
import { type LoopHooks, type LoopInput, runTraining } from '../../src/training/loop.js'

// A stand-in for the session: real files that match their checksums cannot be made to fail a restore.

function restoring(message: string, start: Pick<LoopInput, 'resume' | 'initFrom'>) {
  const session = {
    run(signature: string) {
      if (signature === 'initialize' || signature === 'restore') throw new Error(message)
    },
  }
  const records = { files: ['/data/shard'], first: 0, count: 8 }
  const plan = { seed: 1, steps: 4, batchSize: 2, shuffleBuffer: 4 }
  const input = { session: session as unknown as Session, plan, training: records, ...start }
  const validation = { ...records, count: 0 }
  return runTraining({ ...input, validation } as unknown as LoopInput, {} as LoopHooks)
}

const resume = { step: 3, model: '/data/model', input: '/data/input' }

test('weights that cannot be restored fail the job as invalid, and are named', async () => {
  const reason = 'Data loss: Unable to parse BundleEntryProto'
  await assert.rejects(restoring(reason, { resume: null, initFrom: '/data/weights' }), {
    code: 'invalid',
    message: `the weights of initFrom cannot be restored: ${reason}; submit the job again with others`,
  })
  await assert.rejects(restoring(reason, { resume }), {
    code: 'invalid',
    message: `the checkpoint of step 3 cannot be restored: ${reason}; submit the job again`,
  })
})

test('a lack of memory during a restore stays one', async () => {
  const message = 'OOM when allocating tensor with shape[1024]'
  await assert.rejects(restoring(message, { resume }), { message })
})
