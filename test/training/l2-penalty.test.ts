import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NetworkOptions } from '../../src/spec/model-options.js'
import { buildTrainingProgram } from '../../src/training/program.js'
import { plan } from './reference-job.js'

const vgg = { kind: 'vgg', depth: 11, batchNorm: false, dense: 'gap', dropout: 0.5 } as const
const resnet = {
  kind: 'resnet',
  block: 'plain',
  blocks: 1,
  filters: 4,
  kernel: 3,
  ratio: 4,
} as const

/** The number of filters with an L2 penalty. */
function penalizedFilters(model: NetworkOptions, l2?: number, freeze: string[] = []): number {
  const { graph } = buildTrainingProgram({
    model,
    images: {
      height: 32,
      width: 32,
      channels: 1,
      encoding: 'raw',
      mean: [120],
      std: [70],
    },
    classes: 3,
    plan: { ...plan, ...(l2 !== undefined && { l2 }) },
    freeze,
  })
  return graph.nodes.filter(({ op }) => op.type === 'L2Loss').length
}

test('the filters of a network that are trained have an L2 penalty', () => {
  const cases: [what: string, found: number, expected: number][] = [
    // VGG-11 without its two dense layers: eight convolutions and the last one
    ['VGG in jobs that are older than the option', penalizedFilters(vgg), 9],
    ['VGG', penalizedFilters(vgg, 5e-4), 9],
    ['VGG with l2 0', penalizedFilters(vgg, 0), 0],
    ['frozen filters', penalizedFilters(vgg, 5e-4, ['vgg_11/conv1/*', 'vgg_11/conv2/*']), 7],
    ['a ResNet in old jobs', penalizedFilters(resnet), 0],
    ['a ResNet with l2', penalizedFilters(resnet, 0.1), 4],
  ]
  for (const [what, found, expected] of cases) assert.equal(found, expected, what)
})
