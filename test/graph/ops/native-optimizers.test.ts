// test/training/one-pass-update.test.ts compares our own optimizer steps with the stock ops; here are the parts that
// large tensors are divided into, and what the ops refuse.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { loadNativeOps } from '../../../src/engine/native-ops.js'
import { effectOutputs } from '../../../src/graph/effect-outputs.js'
import { Graph } from '../../../src/graph/graph.js'
import { GraphError } from '../../../src/graph/graph-error.js'
import { fill, scalar } from '../../../src/graph/ops/constant.js'
import {
  assignOwned,
  type UpdateOptions,
  updateInPlace,
} from '../../../src/graph/ops/native-optimizers.js'
import { applyAdam } from '../../../src/graph/ops/optimizers.js'
import { assign, variable } from '../../../src/graph/ops/state.js'
import { SessionError } from '../../../src/graph/values.js'
import { assertClose } from '../../../testing/assert-close.js'
import { openGraphSession } from '../tensorflow.js'
import { openUpdates } from './native-updates.js'

const skip = loadNativeOps() ? false : 'set-up could not compile the ops'

test('1, 2 and 4 threads, and processors with and without AVX2 and AVX-512, give the same bytes', {
  skip,
}, async () => {
  const script = fileURLToPath(new URL('native-update-bytes.js', import.meta.url))
  const hashOf = async (env: Record<string, string>) => {
    const options = { env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2', ...env } }
    return (await promisify(execFile)(process.execPath, [script], options)).stdout
  }
  const expected = await hashOf({ TF_NUM_INTRAOP_THREADS: '1' })
  assert.match(expected, /^[0-9a-f]{64}$/m)
  for (const env of [
    { TF_NUM_INTRAOP_THREADS: '2' },
    { TF_NUM_INTRAOP_THREADS: '4' },
    { ONEDNN_MAX_CPU_ISA: 'AVX2' },
    { ONEDNN_MAX_CPU_ISA: 'SSE41' },
  ] as Record<string, string>[]) {
    assert.equal(await hashOf(env), expected, JSON.stringify(env))
  }
})

test('squares are added up over all gradients', { skip }, async () => {
  const { session, feeds } = await openUpdates({ after })
  const gradients = feeds()
  const all = Object.values(gradients).flatMap(({ data }) => [...data])
  const expected = all.reduce((sum, value) => sum + value ** 2, 0)
  // half of the gradients are rounded to bfloat16, of eight binary digits
  const squares = session.run('squares', gradients).number('squares')
  assertClose(squares / expected, 1, 1e-4, `${squares} and ${expected}`)
})

/** Two sets of weights and slots of Adam, one for the stock op and one for ours, and a step of both. */
async function openAdam(size: number, assignOwn = assignOwned) {
  const graph = new Graph()
  const [stock, own] = ['stock', 'own'].map(name =>
    ['w', 'm', 'v'].map(part => variable(graph, `${name}/${part}`, [size])),
  )
  const [w, firstMoment, secondMoment] = stock!
  const gradient = fill(graph, [size], 0.3)
  const betaPowers = [scalar(graph, 0.9), scalar(graph, 0.999)] as const
  const [numbers, learningRate] = [{ beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }, scalar(graph, 0.1)]
  const [beta1Power, beta2Power] = betaPowers
  const powers = { beta1Power, beta2Power, learningRate, ...numbers }
  const moments = { firstMoment: firstMoment!, secondMoment: secondMoment! }
  const effects = [
    applyAdam(w!, gradient, { ...moments, ...powers }),
    updateInPlace(
      {
        weights: [own![0]!],
        gradients: [gradient],
        slots: own!.slice(1),
        ...{ l2: [0], batches: 1, sums: [], weightDecay: [0], decoupled: false },
        ...{ averages: [], copies: [], learningRate, betaPowers },
        rule: { rule: 'adam', ...numbers },
      },
      {},
    ),
  ]
  const initial = [...stock!, ...own!].map(target =>
    assignOwn(target, fill(graph, target.shape, 0.5)),
  )
  const values = Object.fromEntries([...stock!, ...own!].map(({ name, value }) => [name, value]))
  return openGraphSession({ after }, graph, {
    init: { inputs: {}, outputs: effectOutputs(graph, 'initialized', initial) },
    step: { inputs: {}, outputs: effectOutputs(graph, 'updated', effects) },
    values: { inputs: {}, outputs: values },
  })
}

for (const size of [1, 16_384, 16_385, 100_003]) {
  test(`${size} weights that start from one constant change each by itself`, { skip }, async () => {
    const session = await openAdam(size)
    session.run('init')
    for (let step = 0; step < 2; step++) session.run('step')
    const values = session.run('values')
    for (const part of ['w', 'm', 'v']) {
      assert.deepEqual(values.floats(`own/${part}`), values.floats(`stock/${part}`), part)
    }
    session.run('init')
    assert.equal(session.run('values').floats('own/w')[0], 0.5)
  })
}

test('memory that others may read is not changed', { skip }, async () => {
  const session = await openAdam(4, assign)
  session.run('init')
  assert.throws(
    () => session.run('step'),
    (error: Error) =>
      error instanceof SessionError && /input 0 may have other readers/.test(error.message),
  )
})

test('a gradient of another shape than its weight is refused', () => {
  const graph = new Graph()
  const weight = variable(graph, 'w', [2, 3])
  const options = {
    weights: [weight],
    gradients: [fill(graph, [3], 0)],
  } as unknown as UpdateOptions
  assert.throws(
    () => updateInPlace({ ...options, learningRate: scalar(graph, 1) }, {}),
    (error: Error) =>
      error instanceof GraphError &&
      error.message === 'updateInPlace: w is [2, 3], its gradient [3]',
  )
})
