import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { releaseLibraryPages } from '../../src/engine/library-pages.js'
import { readOpenVino } from '../../src/engine/openvino.js'
import { cpuFlags, supportsBfloat16 } from '../../src/engine/processor.js'
import { Graph } from '../../src/graph/graph.js'
import { placeholder } from '../../src/graph/ops/constant.js'
import { add } from '../../src/graph/ops/math.js'
import { randomUniform } from '../../src/graph/ops/random.js'
import { reduceMean } from '../../src/graph/ops/reduce.js'
import { softmax } from '../../src/graph/ops/softmax.js'
import { writeSavedModel } from '../../src/graph/saved-model.js'
import type { NetworkOutput, NetworkOptions as OpenOptions } from '../../src/runtimes/network.js'
import { openNetwork } from '../../src/runtimes/open-network.js'
import {
  compileNetwork,
  compileStreams,
  predict,
  predictInStreams,
} from '../../src/runtimes/openvino-network.js'
import type { NetworkOptions } from '../../src/spec/model-options.js'
import { classes, randomImages, tf, writeRandomModel } from './random-model.js'

const plain = { kind: 'resnet', blocks: 2, filters: 8, kernel: 3, ratio: 4 } as const
const networks: { model: NetworkOptions; side: number }[] = [
  { model: { ...plain, block: 'plain' }, side: 16 },
  { model: { ...plain, block: 'bottleneck' }, side: 16 },
  { model: { kind: 'resnet', depth: 20, version: 1, stem: 'cifar' }, side: 32 },
  { model: { kind: 'resnet', depth: 29, version: 2, stem: 'cifar' }, side: 32 },
  {
    model: { kind: 'resnet', depth: 18, version: 1, stem: 'imagenet', layout: 'torchvision' },
    side: 64,
  },
  {
    model: { kind: 'resnet', depth: 50, version: 1, stem: 'imagenet', layout: 'tf-slim' },
    side: 64,
  },
  { model: { kind: 'resnet', depth: 50, version: 2, stem: 'imagenet' }, side: 64 },
  { model: { kind: 'vgg', depth: 11, batchNorm: true, dense: 'gap', dropout: 0.5 }, side: 32 },
  { model: { kind: 'vgg', depth: 16, batchNorm: false, dense: 'gap', dropout: 0.5 }, side: 32 },
]

/** Of the largest logit: what rounding to bfloat16, which has 8 bits of precision, may change. */
const bfloat16Loss = 0.03

const hasBfloat16 = supportsBfloat16(cpuFlags())

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-runtimes-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function open(t: TestContext, folder: string, options: Partial<OpenOptions>) {
  const defaults = { threads: 2, runtime: 'auto', precision: 'auto' } as const
  const network = await openNetwork(tf, folder, { ...defaults, ...options })
  t.after(() => network.close())
  return network
}

const distance = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0)
const scale = ({ logits }: NetworkOutput) => Math.max(...logits.map(Math.abs))

for (const { model, side } of networks) {
  test(`both runtimes answer alike: ${JSON.stringify(model)}`, async t => {
    const folder = await writeRandomModel(await temporaryFolder(t), model, side)
    const tensorflow = await open(t, folder, { runtime: 'tensorflow' })
    const openvino = await open(t, folder, { runtime: 'openvino' })
    assert.equal(tensorflow.runtime, 'tensorflow')
    assert.deepEqual([openvino.runtime, openvino.precision], ['openvino', 'fp32'])
    const bf16 = await open(t, folder, { runtime: 'openvino', precision: 'bf16' })
    const forRequests = await open(t, folder, { runtime: 'openvino', image: [side, side, 3] })
    // sizes that change and come back: neither keeps what belongs to another batch
    for (const n of [1, 5, 2, 1]) {
      const batch = randomImages(n, side)
      const expected = await tensorflow.run(batch)
      const actual = await openvino.run(batch)
      for (const output of [actual, await forRequests.run(batch)]) {
        assert.equal(output.classes, classes)
        assert.equal(output.probabilities.length, n * classes)
        assert.ok(distance(output.probabilities, expected.probabilities) < 1e-4)
        assert.ok(distance(output.logits, expected.logits) < 1e-4 * scale(expected))
      }
      if (!hasBfloat16) continue
      const rounded = await bf16.run(batch)
      assert.equal(bf16.precision, 'bf16')
      const loss = distance(rounded.logits, expected.logits) / scale(expected)
      assert.ok(loss > 0 && loss < bfloat16Loss, `bf16 changes a logit by ${loss}`)
    }
  })
}

test('a few images of a small network run on one thread, with the same digits', async t => {
  const { model, side } = networks[0]!
  const folder = await writeRandomModel(await temporaryFolder(t), model, side)
  using network = readOpenVino(folder)
  const onAllThreads = compileNetwork(network, 2, 'fp32')
  t.after(() => onAllThreads.close())
  const image = [side, side, 3] as const
  const compile = (threads: number) =>
    compileStreams(network, 'fp32', { model: onAllThreads, threads }, image)
  const shortRuns = (await compile(2))!
  t.after(() => shortRuns.model.close())
  assert.ok(shortRuns.maxShort > 0)
  for (const n of [1, 3]) {
    const batch = randomImages(n, side)
    assert.deepEqual(await predict(shortRuns.model, batch), await predict(onAllThreads, batch))
  }
  assert.equal(await compile(1), null)
})

test('a batch that is divided among streams has the digits of its parts, in order', async t => {
  const { model, side } = networks[2]!
  const folder = await writeRandomModel(await temporaryFolder(t), model, side)
  using network = readOpenVino(folder)
  const onAllThreads = compileNetwork(network, 2, 'fp32')
  const inStreams = compileNetwork(network, 2, 'fp32', 2)
  t.after(() => onAllThreads.close())
  t.after(() => inStreams.close())
  const streams = { model: inStreams, count: 2, maxShort: 0 }
  const partsOf = { 1: [1], 3: [2, 1], 8: [4, 4] }
  // batches that run at the same time, more than there are streams
  const batches = Object.keys(partsOf).map(size => randomImages(Number(size), side))
  const answers = await Promise.all(batches.map(batch => predictInStreams(streams, batch)))
  for (const [i, parts] of Object.values(partsOf).entries()) {
    const { data } = batches[i]!
    let image = 0
    for (const size of parts) {
      const at = (images: number) => images * 3 * side ** 2
      const pixels = data.slice(at(image), at(image + size))
      const expected = await predict(onAllThreads, { data: pixels, shape: [size, side, side, 3] })
      const ofPart = (values: Float32Array) =>
        values.slice(image * classes, (image + size) * classes)
      assert.deepEqual(ofPart(answers[i]!.logits), expected.logits)
      assert.deepEqual(ofPart(answers[i]!.probabilities), expected.probabilities)
      image += size
    }
  }
})

test('a network has the same digits after the pages of its files have left memory', async t => {
  const { model, side } = networks[2]!
  const folder = await writeRandomModel(await temporaryFolder(t), model, side)
  const network = await open(t, folder, { runtime: 'openvino', image: [side, side, 3] })
  const batch = randomImages(4, side)
  const before = await network.run(batch)
  const released = releaseLibraryPages(folder)
  if (process.platform === 'linux') {
    const variables = join(folder, 'variables', 'variables.data-00000-of-00001')
    assert.equal(residentBytesOf(variables), 0)
    assert.ok(released > 0)
  }
  assert.deepEqual(await network.run(batch), before)
})

/** Bytes of a file in this process's memory. */
function residentBytesOf(path: string): number {
  const mappings = readFileSync('/proc/self/smaps', 'utf8').split(/\n(?=[0-9a-f]+-)/)
  const ofFile = mappings.filter(mapping => mapping.split('\n')[0]!.endsWith(path))
  const kilobytes = ofFile.map(mapping => Number(/^Rss: +(\d+) kB$/m.exec(mapping)![1]))
  return 1024 * kilobytes.reduce((sum, each) => sum + each, 0)
}

test('requests at the same time have the digits of requests alone', async t => {
  const { model, side } = networks[4]!
  const folder = await writeRandomModel(await temporaryFolder(t), model, side)
  const network = await open(t, folder, { runtime: 'openvino', image: [side, side, 3] })
  const batches = [1, 1, 4, 3].map(size => randomImages(size, side))
  const alone = []
  for (const batch of batches) alone.push(await network.run(batch))
  assert.deepEqual(await Promise.all(batches.map(batch => network.run(batch))), alone)
})

test('bytes are pixels as floats are', async t => {
  const { model, side } = networks[0]!
  const folder = await writeRandomModel(await temporaryFolder(t), model, side)
  const { data, shape } = randomImages(2, side)
  for (const runtime of ['tensorflow', 'openvino'] as const) {
    const network = await open(t, folder, { runtime })
    const bytes = await network.run({ data: Uint8Array.from(data), shape })
    assert.deepEqual(bytes, await network.run({ data, shape }))
  }
})

test('a choice is measured once, and says so', async t => {
  const { model, side } = networks[0]!
  const parent = await temporaryFolder(t)
  const folder = await writeRandomModel(parent, model, side)
  const cacheFolder = join(parent, 'cache')
  const first = await open(t, folder, { cacheFolder })
  assert.match(first.reason, /^measured on this machine: batches of 1 and 8 take [\d.]+ and /)
  assert.equal(first.isFallback, false)
  const [name] = await readdir(cacheFolder)
  const path = join(cacheFolder, name!)

  const times = (ms: number) => ({ 1: ms, 8: 8 * ms })
  for (const [openvino, runtime] of [
    [1, 'openvino'],
    [3, 'tensorflow'],
  ] as const) {
    await writeFile(path, JSON.stringify({ tensorflow: times(2), openvino: times(openvino) }))
    const again = await open(t, folder, { cacheFolder })
    assert.equal(again.runtime, runtime)
    assert.match(again.reason, /16\.0 ms in TensorFlow$/)
  }
  for (const damaged of ['{"tensorflow":', '[]', '{"tensorflow":{"1":2},"openvino":null}']) {
    await writeFile(path, damaged)
    const measured = await open(t, folder, { cacheFolder })
    assert.match(measured.reason, /^measured/)
  }
  assert.deepEqual(await readdir(cacheFolder), [name])
})

test('a folder for choices that cannot be written costs only a measurement', async t => {
  const { model, side } = networks[0]!
  const parent = await temporaryFolder(t)
  const folder = await writeRandomModel(parent, model, side)
  await writeFile(join(parent, 'file'), '')
  const network = await open(t, folder, { cacheFolder: join(parent, 'file') })
  assert.match(network.reason, /^measured/)
})

test('TensorFlow does not compute bf16, and says so', async t => {
  const { model, side } = networks[0]!
  const folder = await writeRandomModel(await temporaryFolder(t), model, side)
  const network = await open(t, folder, { runtime: 'tensorflow', precision: 'bf16' })
  assert.equal(network.precision, 'fp32')
  assert.equal(network.isFallback, true)
  assert.match(network.reason, /bf16 needs OpenVINO/)
})

test('a network that OpenVINO cannot read runs in TensorFlow, with its reason', async t => {
  const folder = await temporaryFolder(t)
  const graph = new Graph()
  const images = placeholder(graph, 'images', 'float32', [-1, 4, 4, 3])
  const noise = randomUniform(graph, [3], { seed: 1, index: 2 })
  const logits = add(reduceMean(images, [1, 2]), noise)
  const outputs = { logits, probabilities: softmax(logits) }
  const signatures = { serving_default: { inputs: { images }, outputs } }
  await writeSavedModel(folder, graph, { signatures })
  for (const runtime of ['auto', 'openvino'] as const) {
    const network = await open(t, folder, { runtime })
    assert.deepEqual([network.runtime, network.isFallback], ['tensorflow', true])
    assert.match(network.reason, /^OpenVINO \(ov_core_\w+\): .*StatelessRandomUniform/)
    assert.equal((await network.run(randomImages(2, 4))).classes, 3)
  }
})

test('after two processes that ended while they loaded it, a network runs in TensorFlow', async t => {
  const { model, side } = networks[0]!
  const parent = await temporaryFolder(t)
  const folder = await writeRandomModel(parent, model, side)
  const cacheFolder = join(parent, 'cache')
  await open(t, folder, { cacheFolder })
  const [measured] = await readdir(cacheFolder)
  const key = measured!.replace(/\.json$/, '')
  await rm(join(cacheFolder, measured!))
  const marks = []
  for (const crashes of [1, 2]) {
    const { pid, status } = spawnSync(process.execPath, ['-e', ''])
    assert.equal(status, 0)
    marks.push(join(cacheFolder, `${key}.${pid}.loading`))
    await writeFile(marks.at(-1)!, '')
    const network = await open(t, folder, { cacheFolder })
    assert.equal(network.isFallback, crashes === 2)
    if (crashes === 1) await rm(join(cacheFolder, measured!))
    else assert.match(network.reason, /ended while they loaded it into OpenVINO/)
  }
  // a day later
  for (const mark of marks) await utimes(mark, 0, 0)
  assert.match((await open(t, folder, { cacheFolder })).reason, /^measured/)
  assert.deepEqual(await readdir(cacheFolder), [measured])
})
