import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TrainingKernels } from '../../../src/spec/training-kernels.js'
import { resolveTrainingKernels } from '../../../workers/attempts/training-kernels.js'

const first = { setting: 'auto', engine: 'cpu', precision: 'fp32', resumes: false } as const

/** What is agreed on before: null for nothing. */
function agreement(before: TrainingKernels | null) {
  const proposals: TrainingKernels[] = []
  const agree = async (proposed: TrainingKernels) => {
    proposals.push(proposed)
    return before ?? proposed
  }
  return { proposals, agree }
}

test('a job begins with our kernels where they run', async () => {
  const { agree } = agreement(null)
  const resolve = (situation: object, loads = true) =>
    resolveTrainingKernels({ ...first, ...situation, agree }, () => loads)
  assert.deepEqual(await resolve({}), { kernels: 'own', warning: null })
  const stock = { kernels: 'stock', warning: null }
  assert.deepEqual(await resolve({}, false), stock)
  assert.deepEqual(await resolve({ setting: 'stock' }), stock)
  assert.deepEqual(await resolve({ engine: 'cuda' }), stock)
  assert.deepEqual(await resolve({ precision: 'fp16' }), stock)
})

test('a job that began before there were kernels of our own resumes without them', async () => {
  const { agree, proposals } = agreement(null)
  const resumed = await resolveTrainingKernels({ ...first, resumes: true, agree }, () => true)
  assert.deepEqual(resumed, { kernels: 'stock', warning: null })
  assert.deepEqual(proposals, ['stock'])
})

test('a job keeps its kernels, and an attempt that cannot run them says so', async () => {
  const resumes = { ...first, resumes: true }
  const own = agreement('own')
  const resolve = (situation: object, loads = true) =>
    resolveTrainingKernels({ ...resumes, ...situation, agree: own.agree }, () => loads)
  assert.deepEqual(await resolve({}), { kernels: 'own', warning: null })
  for (const [situation, loads, reason] of [
    [{}, false, /npm run setup/],
    [{ setting: 'stock' }, true, /TRAINYARD_TRAINING_KERNELS is stock/],
    [{ engine: 'cuda' }, true, /do not run on a GPU/],
    [{ precision: 'fp16' }, true, /do not run in fp16/],
  ] as const) {
    const { kernels, warning } = await resolve(situation, loads)
    assert.equal(kernels, 'stock')
    assert.match(warning ?? '', reason)
  }
  const stock = agreement('stock')
  assert.deepEqual(await resolveTrainingKernels({ ...resumes, agree: stock.agree }, () => true), {
    kernels: 'stock',
    warning: null,
  })
})
