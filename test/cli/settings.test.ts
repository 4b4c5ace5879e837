import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandError } from '../../src/cli/failure.js'
import { applySetting, type JsonObject } from '../../src/cli/jobs/settings.js'

function withSettings(request: JsonObject, ...settings: string[]): JsonObject {
  for (const setting of settings) applySetting(request, setting)
  return request
}

test('values are numbers, booleans, null, JSON or texts', () => {
  const set = withSettings(
    {},
    'training.steps=300',
    'training.learningRate=.001',
    'training.l2=1e-4',
    'training.augment={"flip": true}',
    'training.exportBest=false',
    'training.earlyStopping=null',
    'training.precision=bf16',
    'name="7"',
    'note=a=b',
    'empty=',
  )
  assert.deepEqual(set, {
    training: {
      ...{ steps: 300, learningRate: 0.001, l2: 1e-4, augment: { flip: true }, exportBest: false },
      ...{ earlyStopping: null, precision: 'bf16' },
    },
    name: '7',
    note: 'a=b',
    empty: '',
  })
})

test('a path leads into objects and lists that are there, and makes those that are not', () => {
  const request = { training: { steps: 1 }, freeze: ['a', 'b'] }
  const set = withSettings(
    request,
    'training.learningRate.peak=0.1',
    'freeze[1]=c',
    'freeze.2=d',
    'model.stages.0.width=4',
  )
  assert.deepEqual(set, {
    training: { steps: 1, learningRate: { peak: 0.1 } },
    freeze: ['a', 'c', 'd'],
    model: { stages: [{ width: 4 }] },
  })
})

test('labels are texts, and their names may have dots', () => {
  const set = withSettings({}, 'labels.run=1', 'labels.example\\.org/team=true')
  assert.deepEqual(set, { labels: { run: '1', 'example.org/team': 'true' } })
})

for (const [setting, message] of [
  ['training.steps', /expected a path and a value/],
  ['=3', /expected a path and a value/],
  ['training..steps=3', /a part of the path is empty/],
  ['training.steps.x=3', /training\.steps is 1, which has no fields/],
  ['freeze.x=3', /freeze is a list; name a place of it/],
  ['freeze.5=3', /freeze has 2 entries, so the next is freeze\.2/],
  ['__proto__.polluted=1', /no job has such a field/],
] as const) {
  test(`--set ${setting} is refused with its cure`, () => {
    const request = { training: { steps: 1 }, freeze: ['a', 'b'] }
    assert.throws(() => applySetting(request, setting), { name: CommandError.name, message })
    assert.deepEqual(request, { training: { steps: 1 }, freeze: ['a', 'b'] })
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
  })
}
