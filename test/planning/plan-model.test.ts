import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FieldErrors } from '../../src/errors.js'
import { planModel } from '../../src/planning/plan-model.js'
import type { NetworkRequest } from '../../src/spec/model-options.js'
import { resNetTable } from '../../src/spec/resnet-table.js'

const square = (side: number) => ({ name: 'photos', height: side, width: side })

function plan(request: NetworkRequest, side = 224) {
  const errors = new FieldErrors()
  const model = planModel(request, square(side), errors)
  return { model, fieldErrors: errors.all }
}

const refused = (
  model: NetworkRequest,
  side: number,
  expected: [path: string, message: RegExp][],
) => {
  const { fieldErrors } = plan(model, side)
  assert.deepEqual(
    fieldErrors.map(({ path }) => path),
    expected.map(([path]) => path),
  )
  for (const [i, [, message]] of expected.entries()) assert.match(fieldErrors[i]!.message, message)
}

test('a kind is enough for a model', () => {
  const plain = { block: 'plain', blocks: 5, filters: 64, kernel: 3, ratio: 4 }
  assert.deepEqual(plan({ kind: 'resnet' }), {
    model: { kind: 'resnet', ...plain },
    fieldErrors: [],
  })
  assert.deepEqual(plan({ kind: 'vgg' }), {
    model: { kind: 'vgg', depth: 16, batchNorm: false, dense: 'full', dropout: 0.5 },
    fieldErrors: [],
  })
})

test('a depth selects a published net, with the stem that fits the images', () => {
  const stem = (depth: number, side: number) => {
    const { model, fieldErrors } = plan({ kind: 'resnet', depth }, side)
    assert.deepEqual(fieldErrors, [])
    return 'stem' in model ? model.stem : undefined
  }
  assert.equal(stem(50, 64), 'imagenet')
  assert.equal(stem(50, 32), 'cifar')
  assert.equal(stem(110, 224), 'cifar')
})

test('depths 6n+2 have basic units up to 110 layers, depths 9n+2 have bottlenecks from 164 on', () => {
  const units = (depth: number) => {
    const table = resNetTable(depth)
    return table && `${table.unit} ${table.units.join(' ')}`
  }
  assert.equal(units(18), 'basic 2 2 2 2')
  assert.equal(units(20), 'basic 3 3 3')
  assert.equal(units(110), 'basic 18 18 18')
  assert.equal(units(29), 'bottleneck 3 3 3')
  assert.equal(units(164), 'bottleneck 18 18 18')
  assert.equal(units(1001), 'bottleneck 111 111 111')
  assert.equal(units(998), 'basic 166 166 166')
  assert.equal(units(51), undefined)
  assert.equal(units(2), undefined)
})

test('a depth contradicts the options that it determines', () => {
  refused({ kind: 'resnet', depth: 50, blocks: 3, filters: 16 }, 224, [
    ['/model/blocks', /give depth or blocks, not both/],
    ['/model/filters', /give depth or filters, not both/],
  ])
  refused({ kind: 'resnet', version: 1, stem: 'cifar' }, 32, [
    ['/model/version', /version needs a depth/],
    ['/model/stem', /stem needs a depth/],
  ])
  refused({ kind: 'resnet', depth: 110, stem: 'imagenet' }, 224, [
    ['/model/stem', /'imagenet' goes with 18, 34, 50, 101, 152, 200/],
  ])
})

test('the layout of version 1 is that of the weights unless the request says so; version 2 has one', () => {
  const layout = (request: object, defaultLayout?: 'torchvision' | 'tf-slim') => {
    const errors = new FieldErrors()
    const model = { kind: 'resnet', depth: 50, ...request } as const
    const planned = planModel(model, square(224), errors, defaultLayout)
    assert.deepEqual(errors.all, [])
    return 'layout' in planned ? planned.layout : undefined
  }
  assert.equal(layout({ version: 1 }), 'torchvision')
  assert.equal(layout({ version: 1 }, 'tf-slim'), 'tf-slim')
  assert.equal(layout({ version: 1, layout: 'torchvision' }, 'tf-slim'), 'torchvision')
  assert.equal(layout({ version: 1, layout: 'tf-slim' }), 'tf-slim')
  assert.equal(layout({ version: 2, layout: 'tf-slim' }), undefined)
  refused({ kind: 'resnet', depth: 50, layout: 'torchvision' }, 224, [
    ['/model/layout', /version 2 is always laid out as in TF-Slim/],
  ])
  refused({ kind: 'resnet', layout: 'tf-slim' }, 32, [['/model/layout', /layout needs a depth/]])
})

test('the error for an unknown depth names the nearest known depths', () => {
  refused({ kind: 'resnet', depth: 51 }, 224, [['/model/depth', /such as 50 and 56/]])
  refused({ kind: 'resnet', depth: 1000 }, 32, [['/model/depth', /such as 998 and 1001/]])
  refused({ kind: 'resnet', depth: 9 }, 32, [['/model/depth', /such as 8 and 11/]])
})

test('a net that halves images too often for their size is refused with a remedy', () => {
  refused({ kind: 'resnet', depth: 18, stem: 'imagenet' }, 28, [
    ['/model/depth', /needs 32 pixels a side; those of 'photos' have 28x28: take the stem 'cifar'/],
  ])
  refused({ kind: 'resnet', depth: 20 }, 3, [['/model/depth', /take larger images/]])
  refused({ kind: 'vgg', dense: 'gap' }, 28, [['/model/depth', /needs 32 pixels a side/]])
  refused({ kind: 'vgg' }, 64, [['/model/dense', /have 64x64: give "dense": "gap"/]])
  assert.deepEqual(plan({ kind: 'vgg', dense: 'gap' }, 32).fieldErrors, [])
})
