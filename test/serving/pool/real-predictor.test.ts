// The pool with real predictor processes and networks.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PNG } from 'pngjs'
import { engineEnvironment } from '../../../src/engine/environment.js'
import { openSession } from '../../../src/graph/session.js'
import { PredictorPool } from '../../../src/serving/pool/pool.js'
import type { PoolOptions } from '../../../src/serving/pool/pool-options.js'
import { PredictionStatistics } from '../../../src/serving/statistics.js'
import type { ImagesInput, Probabilities } from '../../../src/spec/ipc-messages.js'
import { eventually } from '../../../testing/eventually.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { runtime } from '../../training/reference-job.js'
import { publishNetwork } from './small-network.js'

const script = fileURLToPath(new URL('../../../workers/predictor.js', import.meta.url))
const log = { debug() {}, info() {}, warn() {} }
const environment = { ...process.env, ...engineEnvironment({ cores: 1 }) }

const folder = await tempFolder({ after })
const first = await publishNetwork(folder, 'first', 1)
const second = await publishNetwork(folder, 'second', 2)
const [height, width, channels] = first.image
const size = height * width * channels

/** An image whose pixels depend on `seed`. */
const imageOf = (seed: number) =>
  Float32Array.from({ length: size }, (_, i) => (i * 37 + seed * 101) % 256)

function pngOf(pixels: Float32Array): Buffer {
  const png = new PNG({ width, height })
  for (let i = 0; i < width * height; i++) {
    png.data.set([...pixels.subarray(3 * i, 3 * i + 3), 255], 4 * i)
  }
  return PNG.sync.write(png)
}

const pixelsOf = (...seeds: number[]): ImagesInput => {
  const data = new Float32Array(seeds.length * size)
  for (const [i, seed] of seeds.entries()) data.set(imageOf(seed), i * size)
  return { kind: 'pixels', data, shape: [seeds.length, height, width, channels] }
}
const filesOf = (...seeds: number[]): ImagesInput => ({
  kind: 'images',
  files: seeds.map(seed => pngOf(imageOf(seed))),
})

function start(t: TestContext, options: Partial<PoolOptions> = {}) {
  const statistics = new PredictionStatistics()
  const environments = [environment]
  const pool = new PredictorPool({ script, environments, log, statistics, ...options })
  t.after(() => pool.close())
  return { pool, statistics }
}

/** What the network says to each image, without the pool. */
async function expectedOf({ folder }: typeof first, seeds: readonly number[]) {
  const session = await openSession(runtime, folder)
  const rows = seeds.map(seed => {
    const images = { data: imageOf(seed), shape: [1, height, width, channels] }
    return session.run('serving_default', { images }).floats('probabilities')
  })
  session.close()
  return rows
}

function assertClose(actual: Probabilities, expected: readonly Float32Array[]): void {
  assert.equal(actual.probabilities.length, expected.length * actual.classes)
  for (const [i, row] of expected.entries()) {
    for (const [j, value] of row.entries()) {
      const found = actual.probabilities[i * actual.classes + j]!
      assert.ok(Math.abs(found - value) < 1e-6, `image ${i}: ${found}, expected ${value}`)
    }
  }
}

test('files and their pixels get the same numbers, to the last digit', async t => {
  const { pool } = start(t)
  for (const seeds of [[1], [2, 3, 4], Array.from({ length: 40 }, (_, i) => i)]) {
    const byPixels = await pool.predict(first, pixelsOf(...seeds))
    const byFiles = await pool.predict(first, filesOf(...seeds))
    assert.deepEqual(byFiles, byPixels)
    assertClose(byPixels, await expectedOf(first, seeds))
  }
})

test('requests for two models run in batches, and each gets the numbers of its image and model', async t => {
  const { pool, statistics } = start(t)
  const seeds = Array.from({ length: 200 }, (_, i) => i)
  const expected = new Map(
    await Promise.all(
      [first, second].map(async model => [model, await expectedOf(model, seeds)] as const),
    ),
  )
  await Promise.all(
    seeds.map(async seed => {
      const model = seed % 2 ? first : second
      const input = seed % 3 ? pixelsOf(seed) : filesOf(seed)
      assertClose(await pool.predict(model, input), [expected.get(model)![seed]!])
    }),
  )
  for (const { name } of [first, second]) {
    const { inferences, executions, queue, batches } = statistics.of(name, 1)!
    assert.equal(inferences, 100)
    assert.ok(executions < 60, `${executions} batches of ${name}`)
    assert.equal(queue.count, 100)
    const counted = [...batches].reduce(
      (sum, [images, { computeInfer }]) => sum + images * computeInfer.count,
      0,
    )
    assert.equal(counted, 100)
  }
})

test('a damaged file fails its own request alone, and says which image it is', async t => {
  const { pool } = start(t)
  await pool.predict(first, pixelsOf(0))
  const damaged = pngOf(imageOf(5)).subarray(0, 60)
  const good = Array.from({ length: 20 }, (_, i) => pool.predict(first, filesOf(i)))
  const bad = pool.predict(first, { kind: 'images', files: [pngOf(imageOf(1)), damaged] })
  const alone = pool.predict(first, { kind: 'images', files: [damaged] })
  await assert.rejects(bad, { code: 'UNDECODABLE_IMAGE', message: /^image 1 cannot be decoded/ })
  await assert.rejects(alone, { code: 'UNDECODABLE_IMAGE', message: /^image 0 cannot be decoded/ })
  const expected = await expectedOf(first, [...good.keys()])
  for (const [i, answer] of (await Promise.all(good)).entries()) assertClose(answer, [expected[i]!])
})

test('a process that is killed under load costs no request', async t => {
  const { pool } = start(t, { environments: [environment, environment] })
  await eventually('both processes to be ready', () => pool.pids.length === 2)
  const [victim] = pool.pids
  const seeds = Array.from({ length: 30 }, (_, i) => i)
  const expected = await expectedOf(first, seeds)
  let killed = false
  const clients = seeds.map(async seed => {
    for (let n = 0; n < 20; n++) {
      assertClose(await pool.predict(first, pixelsOf(seed)), [expected[seed]!])
      if (seed === 0 && n === 5) {
        killed = true
        process.kill(victim!, 'SIGKILL')
      }
    }
  })
  await Promise.all(clients)
  assert.ok(killed)
  await eventually(
    'the process to be replaced',
    () => pool.restarts === 1 && pool.pids.length === 2,
  )
  assert.ok(!pool.pids.includes(victim!))
})

test('a model that cannot be loaded fails its requests, and the others go on', async t => {
  const { pool } = start(t)
  const lost = { ...(await publishNetwork(folder, 'lost', 3)), name: 'lost' }
  await rm(join(lost.folder, 'saved_model.pb'))
  await assert.rejects(pool.predict(lost, pixelsOf(1)), /saved_model\.pb/)
  assertClose(await pool.predict(first, pixelsOf(1)), await expectedOf(first, [1]))
})

test('what a model takes counts against the memory for models, and the next one takes its place', async t => {
  const { pool } = start(t, { memoryBytes: 1 })
  await pool.predict(first, pixelsOf(1))
  const { modelBytes } = pool.state
  assert.ok(modelBytes > 100_000, `${modelBytes} bytes`)
  await pool.predict(second, pixelsOf(1))
  assert.deepEqual(
    pool.loadedModels.map(({ name }) => name),
    ['second'],
  )
})

test('thousands of damaged files leave nothing behind in the process', async t => {
  const { pool } = start(t)
  const damaged = pngOf(imageOf(5)).subarray(0, 60)
  const refuse = async (count: number) => {
    for (let done = 0; done < count; done += 50) {
      const input: ImagesInput = { kind: 'images', files: [damaged] }
      const requests = Array.from({ length: 50 }, () =>
        assert.rejects(pool.predict(first, input), { code: 'UNDECODABLE_IMAGE' }),
      )
      await Promise.all(requests)
    }
    await pool.predict(first, pixelsOf(1))
    return pool.state.rssBytes
  }
  const before = await refuse(1000)
  const after = await refuse(4000)
  t.diagnostic(`${Math.round((after - before) / 1024)} KiB more`)
  assert.ok(after - before < 20 * 2 ** 20, `${after - before} bytes more`)
})
