import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  type ExplainedNetwork,
  gradCam,
  integratedGradients,
  normalizeMap,
  predictImage,
} from '../../src/explanations/explain.js'
import type { NetworkOptions } from '../../src/spec/model-options.js'
import { openExplained, wavePixels } from './explained.js'

const reference = JSON.parse(readFileSync('test/explanations/reference/explanations.json', 'utf8'))
const { side, classes, filters, steps, mean, std } = reference
const images = { height: side, width: side, channels: 3 as const, mean, std }
const plain = {
  ...{ kind: 'resnet', block: 'plain', blocks: 1 },
  ...{ filters, kernel: 3, ratio: 4 },
} as NetworkOptions

function assertClose(actual: Float32Array, expected: readonly number[], what: string) {
  assert.equal(actual.length, expected.length, what)
  const largest = Math.max(...expected.map(Math.abs))
  for (const [i, value] of expected.entries()) {
    const distance = Math.abs(actual[i]! - value)
    const message = `${what} at ${i} is ${actual[i]}, Python TensorFlow says ${value}`
    assert.ok(distance <= 1e-4 * largest, message)
  }
}

test('maps of all layers and attributions agree with Python TensorFlow', async t => {
  const { explained } = await openExplained(t, { model: plain, images, classes })
  const pixels = wavePixels(side * side * 3)
  const black = new Float32Array(pixels.length)
  for (const [target, expected] of reference.targets.entries()) {
    const { logits } = predictImage(explained, pixels)
    assert.ok(Math.abs(logits[target]! - expected.logit) < 1e-4)
    for (const [layer, map] of Object.entries<number[]>(expected.gradCam)) {
      assertClose(gradCam(explained, pixels, target, layer), map, `${layer} for ${target}`)
    }
    const { map, completeness } = integratedGradients(explained, pixels, black, target, steps)
    assertClose(map, expected.integratedGradients, `attributions of ${target}`)
    assert.ok(Math.abs(completeness.sum - expected.sum) < 1e-3)
    assert.ok(Math.abs(completeness.difference - expected.difference) < 1e-3)
  }
  const positive = Object.values<number[]>(reference.targets[0].gradCam).map(map =>
    Math.max(...map),
  )
  assert.ok(Math.min(...positive) > 0, 'maps of zeros would agree too')
})

/** The gradient of a logit with respect to the pixels, by the graph. */
function gradientOf(
  { session, shape, classes }: ExplainedNetwork,
  pixels: Float32Array,
  target: number,
) {
  const targets = {
    data: Float32Array.from({ length: classes }, (_, i) => Number(i === target)),
    shape: [1, classes],
  }
  return session
    .run('gradient', { images: { data: pixels, shape: [1, ...shape] }, targets })
    .floats('gradient')
}

const networks: { model: NetworkOptions; side: number; layer: string }[] = [
  { model: { ...plain, block: 'bottleneck' } as NetworkOptions, side: 6, layer: 'resnet/conv_top' },
  {
    model: { kind: 'resnet', depth: 20, version: 1, stem: 'cifar' },
    side: 16,
    layer: 'resnet_v1_20/block3/unit_3/basic_v1',
  },
  {
    model: { kind: 'resnet', depth: 18, version: 2, stem: 'imagenet' },
    side: 33,
    layer: 'resnet_v2_18/postnorm',
  },
  {
    model: { kind: 'vgg', depth: 11, batchNorm: true, dense: 'gap', dropout: 0.5 },
    side: 32,
    layer: 'vgg_11/conv5/conv5_2',
  },
]

for (const { model, side, layer } of networks) {
  test(`${JSON.stringify(model)} has the gradients that differences have`, async t => {
    const format = { ...images, height: side, width: side }
    const { explained, program } = await openExplained(t, { model, images: format, classes })
    assert.equal(program.featureMaps.at(-1)?.name, layer)
    const pixels = wavePixels(side * side * 3)
    const gradient = gradientOf(explained, pixels, 1)
    const norm = Math.hypot(...gradient)
    assert.ok(norm > 0)
    const logit = (sign: number, length: number) => {
      const moved = pixels.map((value, i) => value + (sign * length * gradient[i]!) / norm)
      return predictImage(explained, moved).logits[1]!
    }
    // the step is as small as the digits of float32 allow, so that few ReLUs change
    const differences = [4, 1, 0.25].map(
      length => (logit(1, length) - logit(-1, length)) / (2 * length),
    )
    const nearest = Math.min(...differences.map(difference => Math.abs(difference / norm - 1)))
    assert.ok(nearest < 0.02, `${differences} are not near ${norm}`)
  })
}

test('more steps of integrated gradients come nearer to completeness, in runs of any size', async t => {
  const { explained } = await openExplained(t, { model: plain, images, classes })
  const pixels = wavePixels(side * side * 3)
  const white = new Float32Array(pixels.length).fill(255)
  const gaps = [2, 16, 256].map(count => {
    const { map, completeness } = integratedGradients(explained, pixels, white, 2, count)
    assert.ok(Math.abs(completeness.sum - map.reduce((sum, value) => sum + value)) < 1e-3)
    assert.ok(Math.abs(completeness.gap - (completeness.sum - completeness.difference)) < 1e-9)
    return Math.abs(completeness.gap)
  })
  assert.ok(gaps[0]! > gaps[1]! && gaps[1]! > gaps[2]!, `${gaps}`)
  const small = { ...explained, program: { bytesPerImage: 2 ** 40 } }
  const [oneByOne, together] = [small, explained].map(
    network => integratedGradients(network, pixels, white, 2, 5).map,
  )
  assertClose(oneByOne!, [...together!], 'attributions of runs of one image')
})

test('the same image as baseline has no attributions, and no relative gap', async t => {
  const { explained } = await openExplained(t, { model: plain, images, classes })
  const pixels = wavePixels(side * side * 3)
  const { map, completeness } = integratedGradients(explained, pixels, pixels, 0, 3)
  assert.ok(map.every(value => value === 0))
  assert.deepEqual(completeness, { sum: 0, difference: 0, gap: 0, relativeGap: null })
})

test('maps are divided by their largest absolute value, and maps of zeros stay', () => {
  const { values, scale } = normalizeMap(Float32Array.of(1, -4, 2))
  assert.deepEqual([[...values], scale], [[0.25, -1, 0.5], 4])
  const zeros = normalizeMap(new Float32Array(3))
  assert.deepEqual([[...zeros.values], zeros.scale], [[0, 0, 0], 0])
})

test('a map that is not finite is refused, in place of numbers that are none', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => normalizeMap(Float32Array.of(0, value, 1)), { code: 'NOT_EXPLAINABLE' })
  }
})
